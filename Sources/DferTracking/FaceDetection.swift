import DferImage

/// A face that the detector found in one image, in pixels of that image.
package struct FaceDetection: Sendable, Hashable {
  /// From the hair line or the middle of the forehead to the chin. May reach over the edge of the image.
  package var box: Rect
  /// 0...1; an estimate of how well the box fits.
  package var score: Double
  /// Subject's right eye, left eye, nose tip, right mouth corner, left mouth corner; empty when not known. The subject's
  /// right is the image's left on an upright face that is not mirrored.
  package var points: [Point]
  /// 0...1: a mask covers mouth and nose.
  package var maskWorn: Double
  /// How the face stands in the image, as far as the image was turned for the detector.
  package var turn = QuarterTurn.upright

  package init(box: Rect, score: Double, points: [Point] = [], maskWorn: Double = 0) {
    self.box = box
    self.score = score
    self.points = points
    self.maskWorn = maskWorn
  }

  /// The same face in an image whose pixels are `x` times as many across and `y` times as many down.
  package func scaled(by x: Double, _ y: Double) -> FaceDetection {
    FaceDetection(
      box: Rect(x: box.x * x, y: box.y * y, width: box.width * x, height: box.height * y), score: score,
      points: points.map { Point(x: $0.x * x, y: $0.y * y) }, maskWorn: maskWorn)
  }

  /// The points as they lie when the box is moved and scaled to `other`.
  package func points(movedTo other: Rect) -> [Point] {
    guard box.width > 0, box.height > 0 else { return [] }
    let (sx, sy) = (other.width / box.width, other.height / box.height)
    return points.map { Point(x: other.x + ($0.x - box.x) * sx, y: other.y + ($0.y - box.y) * sy) }
  }
}

extension [FaceDetection] {
  /// Keeps the best of each group of overlapping faces. Of equal scores the earlier one wins.
  /// - Parameter limit: two boxes above this intersection over union are one face.
  package func withoutOverlaps(above limit: Double) -> [FaceDetection] {
    let ordered = enumerated().sorted { ($1.element.score, $0.offset) < ($0.element.score, $1.offset) }
    var kept: [FaceDetection] = []
    for (_, face) in ordered where !kept.contains(where: { $0.box.overlap(face.box) > limit }) { kept.append(face) }
    return kept
  }
}

/// Whatever finds faces in an image: the network of the weights, or a list of boxes in a test.
package protocol FaceDetecting: Sendable {
  /// The faces of `image`, best first, in its pixels.
  /// - Parameter threshold: the score that a face must exceed, 0...1; nil: what the weights say.
  func detect(_ image: Image, threshold: Float?) -> [FaceDetection]
  /// Why an image could not be looked at, where another program computes and has failed: nothing is found from then on.
  var failure: (any Error)? { get }
}

extension FaceDetecting {
  package var failure: (any Error)? { nil }

  /// The faces of an image that was scaled down from `size`, in pixels of that size. The one place where detections are
  /// carried from the detector's image to the frame.
  package func detect(_ image: Image, of size: Size, threshold: Float?) -> [FaceDetection] {
    let (x, y) = (Double(size.width) / Double(image.width), Double(size.height) / Double(image.height))
    return detect(image, threshold: threshold).map { $0.scaled(by: x, y) }
  }
}
