import DferImage
import Foundation

/// One row of a timeline: what one clip shows of one face, or why it shows none. The columns of a table hold the same
/// values under the names of the data dictionary (docs/data-dictionary.md).
public struct ClipResult: Sendable, Hashable {
  /// What a row stands for. `success` in the CSV is 1 for `ok` only.
  public enum Status: String, Sendable, CaseIterable, Codable {
    /// The face was read.
    case ok
    /// No face in this clip.
    case noFace = "no_face"
    /// The face is seen in less than half of the clip.
    case lowQuality = "low_quality"
    /// The video, or an unbroken part of it, is shorter than the clip.
    case partialClip = "partial_clip"
    /// A hole in a file: damaged, missing or cut off.
    case decodeGap = "decode_gap"
    /// A hole in a live stream.
    case streamGap = "stream_gap"
  }

  /// Number of the clip from 0; all faces of a clip share it.
  public var clip: Int
  /// The face's number, from 0; nil where there is none.
  public var faceID: Int?
  /// Seconds from the container's start, inclusive.
  public var startSeconds: Double
  /// Seconds from the container's start, exclusive.
  public var endSeconds: Double
  /// Displayed frames of the clip, end exclusive; nil in a hole.
  public var frames: Range<Int>?
  /// What the row stands for.
  public var status: Status
  /// Calibrated probabilities in the class order of the weights; empty when there is no face.
  public var probabilities: [Float] = []
  /// Network frames that show the face.
  public var faceFrames: Int?
  /// `faceFrames` over the frames that the network reads, 0...1.
  public var coverage: Double?
  /// Face box at the clip's middle, in upright full-frame pixels.
  public var box: Rect?
  /// Mean score of the face detector over these frames, 0...1.
  public var detectionScore: Double?
  /// Turn of the head in the image's plane, in degrees, clockwise as seen; from the eyes where no head
  /// pose is estimated.
  public var rollDegrees: Double?
  /// Probability that a mask covers the lower face, 0...1; the face detector's.
  public var detectorMaskProbability: Double?
  /// The network's own probability that a mask is worn, 0...1; nil for networks that do not look for one.
  public var maskProbability: Double?
  /// How much the face itself changes over the clip: standard deviation over time, in grey values (0...255); nil when
  /// fewer than two of its frames show the face.
  public var motion: Double?
  /// Number of the shot, from 0: it rises by one at each cut. nil in a gap, and in tables that do not say.
  public var shot: Int?
  /// Five landmarks at the clip's middle, in upright full-frame pixels.
  public var landmarks: [Point] = []
  /// Blendshape weights, 0...1, in the order of `RowLayout.blendshapes`; empty when they were not asked for.
  public var blendshapes: [Float] = []
  /// Head pose, eyes, movements and points at the clip's middle.
  package var behaviour = Behaviour()
  /// The same for each frame that was looked at; empty unless a table of frames is written.
  package var moments: [Moment] = []
  /// What a `TimelineModel` made of the probabilities; nil when none was asked for or nothing was read.
  package var modelled: Modelled?
  /// UTC date of the clip's start, for live sources.
  public var wallTime: Date?

  /// A row that says nothing but when and why; the rest is filled in afterwards.
  public init(clip: Int, startSeconds: Double, endSeconds: Double, status: Status) {
    self.clip = clip
    self.startSeconds = startSeconds
    self.endSeconds = endSeconds
    self.status = status
  }

  /// The middle of the clip, in seconds from the container's start.
  public var middleSeconds: Double { (startSeconds + endSeconds) / 2 }

  /// Largest `motion` of a face that may be a picture: a face of flesh and blood exceeds it in some clip, by blinking or
  /// swaying, and a poster before a camera at rest never does. Of 28 real clips of 2 to 20 seconds, every face reached
  /// 2.0; of three photographs behind grain, a flickering lamp and a lossy codec, none reached 1.7.
  private static let stillMotion = 1.8
  /// Seconds of a face that must have been read before its motion says that it may be a picture: the shortest of those clips.
  private static let shortestStill = 2.0

  /// Whether a face may be a picture, by the largest `motion` of its rows and the seconds that were read of it; nil when rows do not
  /// say, or when too little was read.
  package static func isStill(motion: Double?, seconds: Double) -> Bool? {
    seconds < shortestStill - 1e-6 ? nil : motion.map { $0 < stillMotion }
  }
}
