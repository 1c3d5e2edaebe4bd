import DferImage

/// Whether a face stands upside down. The detector finds such faces too, though less surely, and then puts the eyes on the
/// mouth: so it is asked again with the face turned by half a turn, and the surer answer counts.
package enum UprightCheck {
  /// Side of the square that is looked at, over the longer side of the face box, and in pixels.
  private static let (room, side) = (2.0, 96)
  /// How much surer the detector must be of the turned face.
  private static let margin = 0.05
  /// Seconds between two checks of one face.
  package static let every = 2.0

  /// The square around `box` that a check looks at, and its side in pixels.
  package static func view(of box: Rect) -> (square: Rect, side: Int) { (box.square(factor: room), side) }

  /// - Parameter crop: what the square of `view(of:)` shows.
  package static func isUpsideDown(_ crop: Image, detector: any FaceDetecting) -> Bool {
    score(crop.turned(.upsideDown), detector) > score(crop, detector) + margin
  }

  /// Score of the face in the middle, 0 when there is none.
  private static func score(_ crop: Image, _ detector: any FaceDetecting) -> Double {
    let face = Double(side) / room
    let middle = Rect(x: (Double(side) - face) / 2, y: (Double(side) - face) / 2, width: face, height: face)
    return detector.detect(crop, threshold: 0.2).filter { $0.box.overlap(middle) > 0.3 }.map(\.score).max() ?? 0
  }
}
