import DferImage
import DferTimeline
import DferTracking
import DferVideo

/// What a run gives, in order.
public enum RunEvent: Sendable {
  case row(ClipResult)
  case progress(RunProgress)
  /// A frame whose boxes are final; only with `RunOptions.givesImages`.
  case image(RunImage)
  /// A live run that is too slow gives something up, or takes it back.
  case load(LoadChange)
}

/// A frame with the faces on it, a fraction of a second after it came.
public struct RunImage: Sendable {
  public let frame: any VideoFrame
  public let faces: [TrackedFace]
  /// Every box that may be a face: also those that do not count yet, or that were not asked for. For hiding them.
  public let everything: [Rect]
}

/// How far a run has come.
public struct RunProgress: Sendable, Hashable {
  /// Time of the newest frame, in seconds from the container's start.
  public let seconds: Double
  public let frames: Int
}

/// Where every decoded frame went.
public struct RunCounts: Sendable, Hashable, Codable {
  public var decoded = 0
  /// Frames that stand for at least one sample of the clip grid: these were converted.
  public var used = 0
  /// Frames between two samples: decoded and not converted.
  public var skipped = 0
  /// Frames of a live source that were decoded, but made room for newer ones before they were looked at. Not in
  /// `decoded`.
  public var dropped = 0
  /// Frames that were decoded ahead when a run was stopped. Not in `decoded`.
  public var unread = 0
  /// Runs of the face detector.
  public var detectorRuns = 0
  public var clips = 0
  public var gaps = 0
  /// Cuts from one shot to another.
  public var cuts = 0
  /// Faces that counted.
  public var faces = 0
}
