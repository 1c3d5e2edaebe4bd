/// When detections become a face, and when a face is gone. Pipeline files may change every number; these are the
/// defaults, and the only place that states them.
package struct TrackerOptions: Sendable, Hashable {
  /// Score from which a detection may start a track.
  package var minimumScore = 0.55
  /// Score from which a detection may continue one.
  package var keepScore = 0.40
  /// Mean score over `shortestTrack` seconds in a row that makes a track a face. Things that look a little like a face
  /// are found again and again, and in some frames well, but never for long.
  package var confirmScore = 0.70
  /// Seconds without a detection that a track survives.
  package var longestGap = 0.5
  /// Seconds over which a face must be seen before it counts.
  package var shortestTrack = 0.4
  /// Pixels along the longer side, over `shortestTrack` seconds, below which faces are ignored. A face that counts is left out
  /// below four fifths of it, and keeps its id.
  package var minimumFace = 0.0
  /// How many faces are reported at a time: the largest, where one that was reported before counts 1.5 times.
  package var maximumFaces = Int.max
  /// Seconds to each side over which a box is averaged.
  package var smoothing = 0.25

  package init() {}
}
