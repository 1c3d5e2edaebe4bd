import DferImage
import DferTimeline
import DferTracking
import DferVideo

/// What a run gives, in order.
package enum RunEvent: Sendable {
  case row(ClipResult)
  case progress(RunProgress)
  /// A frame whose boxes are final; only with `RunOptions.givesImages`.
  case image(RunImage)
  /// A live run that is too slow gives something up, or takes it back.
  case load(LoadChange)
}

/// A frame with the faces on it, a fraction of a second after it came.
package struct RunImage: Sendable {
  package let frame: any VideoFrame
  package let faces: [TrackedFace]
  /// Every box that may be a face: also those that do not count yet, or that were not asked for. For hiding them.
  package let everything: [Rect]
}

/// How far a run has come.
package struct RunProgress: Sendable, Hashable {
  /// Time of the newest frame, in seconds from the container's start.
  package let seconds: Double
  package let frames: Int
}

/// Where every decoded frame went.
package struct RunCounts: Sendable, Hashable, Codable {
  package var decoded = 0
  /// Frames that stand for at least one sample of the clip grid: these were converted.
  package var used = 0
  /// Frames between two samples: decoded and not converted.
  package var skipped = 0
  /// Frames of a live source that were decoded, but made room for newer ones before they were looked at. Not in
  /// `decoded`.
  package var dropped = 0
  /// Frames that were decoded ahead when a run was stopped. Not in `decoded`.
  package var unread = 0
  /// Runs of the face detector.
  package var detectorRuns = 0
  package var clips = 0
  package var gaps = 0
  /// Cuts from one shot to another.
  package var cuts = 0
  /// Faces that counted.
  package var faces = 0
}
