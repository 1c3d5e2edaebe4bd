import DferImage

/// A face, in pixels of the image that was searched.
public struct FaceDetection: Sendable, Hashable {
  /// From the hair line or the middle of the forehead to the chin. May reach over the edge of the image.
  public let box: Rect
  /// 0...1; an estimate of how well the box fits.
  public let score: Double
  /// Subject's right eye, left eye, nose tip, right mouth corner, left mouth corner. The subject's right is the
  /// image's left on an upright face that is not mirrored.
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

extension Rect {
  /// Longer side of a labelled face over that of a found one: 2.48 eye distances (median of FER+, brows to chin) over 2.91 (the
  /// detector on real clips, hair line to chin).
  public static let labelledShare = 0.85

  /// A found face as labels would have it. Networks learn to read crops around labelled faces; cut around a found one, a face
  /// would look smaller than any that they know.
  public var asLabelled: Rect {
    let (width, height) = (width * Self.labelledShare, height * Self.labelledShare)
    return Rect(x: centre.x - width / 2, y: centre.y - height / 2, width: width, height: height)
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
