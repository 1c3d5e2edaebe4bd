import DferImage

/// From the box of a face to the crop that a network reads. Nothing else knows these factors.
package struct CropGeometry: Sendable, Hashable {
  /// Longer side of a labelled face over that of a detected one: 2.48 eye distances (median of FER+, brows to chin) over
  /// 2.91 (the detector on real clips, hair line to chin).
  package static let labelledFraction = 0.85

  /// Side of the crop over the longer side of the labelled box; from the weights' card.
  package let sideFactor: Double

  package init(sideFactor: Double) { self.sideFactor = sideFactor }

  /// The square of the frame that becomes the crop of a face detected in `box`.
  package func square(aroundDetected box: Rect) -> Rect { square(aroundLabelled: Self.labelled(box)) }

  /// The square of the frame that becomes the crop of a face whose box is a label.
  package func square(aroundLabelled box: Rect) -> Rect { box.square(factor: sideFactor) }

  /// A detected box as labels would have it. Networks learn to read crops around labelled faces; cut around a detected one,
  /// a face would look smaller than any that they know.
  package static func labelled(_ box: Rect) -> Rect {
    let (width, height) = (box.width * labelledFraction, box.height * labelledFraction)
    return Rect(x: box.centre.x - width / 2, y: box.centre.y - height / 2, width: width, height: height)
  }

  /// A point of the frame in 0...1 of the crop that shows `square`, turned upright.
  /// - Parameter turn: how the head stands in the frame.
  package static func inCrop(_ point: Point, of square: Rect, turn: QuarterTurn = .upright) -> Point {
    turn.inverse(Point(x: (point.x - square.x) / square.width, y: (point.y - square.y) / square.height))
  }

  /// A point in 0...1 of the crop that shows `square`, turned upright, in pixels of the frame.
  /// - Parameter turn: how the head stands in the frame.
  package static func inFrame(_ point: Point, of square: Rect, turn: QuarterTurn = .upright) -> Point {
    let seen = turn(point)
    return Point(x: square.x + seen.x * square.width, y: square.y + seen.y * square.height)
  }

  /// For the run's manifest.
  package var summary: String {
    "square, \(sideFactor) x \(Self.labelledFraction) x the longer side of the face box, border repeated"
  }
}
