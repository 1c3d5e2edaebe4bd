import DferTracking

/// What a continuous segment needs to know; the same for all segments of a run.
struct SegmentSettings: Sendable {
  let grid: ClipGrid
  let detector: any FaceDetecting
  /// Long side in pixels of the image that the detector sees.
  let detectorLongSide: Int
  let tracker: TrackerOptions
  let geometry: CropGeometry
  /// Pixels of a crop's side.
  let cropSide: Int
  /// Whether the segment ends where another shot begins.
  var findsCuts = true
  /// Whether frames are kept for showing once their boxes are final.
  var givesImages = false
  /// Whether every decoded frame is cut, for a table of frames. Clips and what is found are the same either way.
  var cutsEveryFrame = false
}

/// How much of a video is looked at.
struct SegmentPace: Sendable, Hashable {
  /// Seconds between two detector runs.
  var detectorEvery: Double
  /// How many hops a clip is after the one before it.
  var hopFactor = 1
}

/// Where the frames of a segment went.
struct SegmentCounts: Sendable, Hashable {
  /// Frames that stand for at least one sample.
  var used = 0
  /// Frames between two samples.
  var skipped = 0
  var detectorRuns = 0
  /// Faces of frames that were cut and that no clip shows, where every frame is cut.
  var faceFramesLeftOut = 0

  static func + (a: SegmentCounts, b: SegmentCounts) -> SegmentCounts {
    SegmentCounts(
      used: a.used + b.used, skipped: a.skipped + b.skipped, detectorRuns: a.detectorRuns + b.detectorRuns,
      faceFramesLeftOut: a.faceFramesLeftOut + b.faceFramesLeftOut)
  }
}
