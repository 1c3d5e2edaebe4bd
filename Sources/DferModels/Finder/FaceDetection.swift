import DferImage

/// A face, in pixels of the picture that was searched.
public struct FaceDetection: Sendable, Hashable {
  /// From the hair line or the middle of the forehead to the chin. May reach over the edge of the picture.
  public let box: Rect
  /// 0...1; an estimate of how well the box fits.
  public let score: Double
  /// Subject's right eye, left eye, nose tip, right mouth corner, left mouth corner. The subject's right is the
  /// picture's left on an upright face that is not mirrored.
  public let points: [Point]
  /// 0...1: a mask covers mouth and nose.
  public let maskWorn: Double

  public init(box: Rect, score: Double, points: [Point], maskWorn: Double) {
    self.box = box
    self.score = score
    self.points = points
    self.maskWorn = maskWorn
  }
}

extension [FaceDetection] {
  /// Keeps the best of each group of overlapping faces. Of equal scores the earlier one wins.
  /// - Parameter limit: two boxes above this intersection over union are one face.
  func withoutOverlaps(above limit: Double) -> [FaceDetection] {
    let ordered = enumerated().sorted { ($1.element.score, $0.offset) < ($0.element.score, $1.offset) }
    var kept: [FaceDetection] = []
    for (_, face) in ordered where !kept.contains(where: { $0.box.overlap(face.box) > limit }) { kept.append(face) }
    return kept
  }
}
