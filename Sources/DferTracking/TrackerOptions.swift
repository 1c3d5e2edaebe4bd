/// When detections become a face, and when a face is gone. Pipeline files may change every number; these are the
/// defaults, and the only place that states them.
public struct TrackerOptions: Sendable, Hashable {
  /// Score from which a detection may start a track.
  public var minimumScore = 0.55
  /// Score from which a detection may continue one.
  public var keepScore = 0.40
  /// Mean of a track's three best scores that makes it a face. Things that look like a face from some side score
  /// again and again, but never well.
  public var confirmScore = 0.70
  /// Seconds without a detection that a track survives.
  public var longestGap = 0.5
  /// Seconds over which a face must be seen before it counts.
  public var shortestTrack = 0.4
  /// Pixels along the longer side below which faces are ignored.
  public var minimumFace = 0.0
  /// How many faces are reported at a time: the largest, where one that was reported before counts 1.5 times.
  public var maximumFaces = Int.max
  /// Seconds to each side over which a box is averaged.
  public var smoothing = 0.25

  public init() {}
}
