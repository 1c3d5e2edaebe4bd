import DferImage

/// What a face does in one frame, beside its expression.
package struct FaceBehaviour: Sendable, Hashable {
  /// One eye. Angles are relative to the head, in radians, positive to the right of the picture and down.
  package struct Eye: Sendable, Hashable {
    package var yaw, pitch: Double
    /// 0 closed, 1 this face's usual opening.
    package var open: Double

    package init(yaw: Double, pitch: Double, open: Double) { (self.yaw, self.pitch, self.open) = (yaw, pitch, open) }
  }

  /// The usual 68 points (300-W order), in 0...1 of the crop.
  package var points: [Point]
  /// Relative to the line of sight; nil when the numbers make no rotation.
  package var rotation: HeadRotation?
  /// The eye on the left of the picture, then the other.
  package var eyes: [Eye]
  /// 0...1 for each of the strengths that the weights give, in the order of `ActionUnit.all`.
  package var strengths: [Double]

  package init(points: [Point], rotation: HeadRotation?, eyes: [Eye], strengths: [Double]) {
    (self.points, self.rotation, self.eyes, self.strengths) = (points, rotation, eyes, strengths)
  }

  /// Image-left eye, image-right eye, nose tip, image-left and image-right mouth corner, from 68 points.
  package static func fivePoints(_ points: [Point]) -> [Point] {
    func mean(_ range: ClosedRange<Int>) -> Point {
      let count = Double(range.count)
      return Point(x: points[range].reduce(0) { $0 + $1.x } / count, y: points[range].reduce(0) { $0 + $1.y } / count)
    }
    return [mean(36...41), mean(42...47), points[30], points[48], points[54]]
  }

  /// For each of the 68 points the one that it becomes in a mirror.
  package static let mirroredPoints: [Int] = (0..<68).map { index in
    switch index {
    case 0...16: 16 - index
    case 17...26: 43 - index
    case 27...30: index
    case 31...35: 66 - index
    case 36...39: 81 - index
    case 40...41: 87 - index
    case 42...45: 81 - index
    case 46...47: 87 - index
    case 48...54: 102 - index
    case 55...59: 114 - index
    case 60...64: 124 - index
    default: 132 - index
    }
  }
}
