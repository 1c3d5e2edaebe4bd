import DferImage
import DferTimeline
import DferTracking
import DferVideo

/// What a run gives, in order.
public enum RunEvent: Sendable {
  /// A row is final: no later event changes it.
  case row(ClipResult)
  /// A frame was decoded.
  case progress(RunProgress)
  /// A frame whose boxes are final; only with `RunOptions.givesImages`.
  case image(RunImage)
  /// A live run that is too slow gives something up, or takes it back.
  case load(LoadChange)
}

/// A frame with the faces on it, a fraction of a second after it came.
public struct RunImage: Sendable {
  package let frame: any VideoFrame
  /// The faces that count and were asked for.
  public let faces: [TrackedFace]
  /// Every box that may be a face: also those that do not count yet, or that were not asked for. For hiding them.
  package let everything: [Rect]
}

extension RunImage {
  /// Time of the frame, in seconds from the container's start.
  public var seconds: Double { frame.time.seconds }
  /// Pixels of the whole upright frame with square pixels: the space of all boxes.
  public var size: Size { frame.size }

  /// The whole upright frame.
  /// - Parameter longSide: pixels along the longer side.
  public func image(longSide: Int) -> Image { frame.image(longSide: longSide) }
}

/// How far a run has come.
public struct RunProgress: Sendable, Hashable {
  /// Time of the newest frame, in seconds from the container's start.
  public let seconds: Double
  /// Frames that were decoded.
  public let frames: Int
}

/// Where every decoded frame went.
public struct RunCounts: Sendable, Hashable, Codable {
  /// Frames that were decoded and taken: `used` + `skipped`.
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
  /// Clips and gaps, each with at least one row.
  public var clips = 0
  /// Parts of the video without frames.
  public var gaps = 0
  /// Cuts from one shot to another.
  public var cuts = 0
  /// Faces that counted.
  public var faces = 0
  /// Faces of frames that no clip shows, where every frame is read: they have no row in a table of frames.
  public var faceFramesLeftOut = 0
}

extension RunCounts {
  /// What the parts of a run have counted.
  init(_ router: FrameRouter, decoded: Int, dropped: Int, unread: Int, clips: Int, gaps: Int) {
    let part = router.counts
    self.init(
      decoded: decoded, used: part.used, skipped: part.skipped, dropped: dropped, unread: unread,
      detectorRuns: part.detectorRuns, clips: clips, gaps: gaps, cuts: router.cutCount, faces: router.nextID,
      faceFramesLeftOut: part.faceFramesLeftOut)
  }
}
