import DferTimeline
import DferTracking
import DferVideo
import Foundation

/// Decides where continuous segments begin and end, and which lost time is a gap. It holds the one segment that is open,
/// and knows neither network nor rows.
struct FrameRouter {
  /// What becomes final, in order of time.
  enum Step: Sendable {
    case clip(PendingClip)
    /// `wallTime` is when the gap began, by the clock of this machine.
    case gap(Gap, wallTime: Date)
    case image(RunImage)
  }

  /// How closely the video is looked at; may change at any time.
  var pace: SegmentPace { didSet { segment?.pace = pace } }
  /// Id of the next new face, counted over all segments.
  var nextID: Int { segment?.nextID ?? endedAtID }
  var counts: SegmentCounts { segment.map { endedCounts + $0.counts } ?? endedCounts }

  /// Times of the first 1000 cuts, and how many there were.
  private(set) var cuts: [Double] = []
  private(set) var cutCount = 0

  private let settings: SegmentSettings
  private let clock: StageClock
  private var rules: GapRules
  private var segment: ContinuousSegment?
  private var endedAtID = 0
  private var endedCounts = SegmentCounts()
  /// Of the shot that has just ended at a cut, until the next one begins.
  private var cutShot: ShotRemainder?

  /// - Parameters:
  ///   - start: where the part of the video that is read begins, in seconds.
  ///   - dropsFrames: whether frames make room for newer ones when the run is too slow.
  init(
    settings: SegmentSettings, pace: SegmentPace, start: Double = 0, dropsFrames: Bool = false,
    clock: StageClock = StageClock()
  ) {
    (self.settings, self.pace, self.clock) = (settings, pace, clock)
    rules = GapRules(start: start, dropsFrames: dropsFrames)
  }

  mutating func take(_ frame: any VideoFrame) -> [Step] {
    var steps: [Step] = []
    let sizeChanges = segment.map { $0.size != frame.size } ?? false
    // A pause or a stall of this program is no part of any clip.
    if let gap = rules.gap(before: frame, sizeChanges: sizeChanges) { steps += take(gap) }
    rules.note(frame)
    if sizeChanges { steps += endSegment(at: frame.time.seconds) }
    return steps + push(frame)
  }

  private mutating func push(_ frame: any VideoFrame) -> [Step] {
    guard let clips = segment?.push(frame) else {
      segment = ContinuousSegment(
        first: frame, settings: settings, pace: pace, firstID: nextID, after: cutShot.take(), clock: clock)
      return []
    }
    return give(clips) + (segment?.nextShot == nil ? [] : closeSegment(at: nil))
  }

  /// Says that no frame is taken for now because somebody wants it so.
  mutating func notePause() { rules.notePause() }

  mutating func take(_ gap: Gap) -> [Step] {
    let steps = endSegment()
    let gap = rules.widened(gap)
    rules.note(gap)
    // A gap is known when it ends, which in a live stream is now.
    return steps + [.gap(gap, wallTime: Date().addingTimeInterval(gap.start - gap.end))]
  }

  /// Ends the open segment, because the source is lost or has ended.
  ///
  /// - Parameter time: where it ends, when what follows it begins there; nil: when its last frame has been shown.
  mutating func endSegment(at time: Double? = nil) -> [Step] {
    var steps: [Step] = []
    // A cut may be found in the last frames: then there is one segment more.
    while segment != nil { steps += closeSegment(at: time) }
    return steps
  }

  /// Ends the segment, and begins the next one with the frames that belong to another shot.
  private mutating func closeSegment(at time: Double?) -> [Step] {
    guard let clips = segment?.finish(at: time) else { return [] }
    var steps = give(clips)
    let (shot, remainder) = (segment?.nextShot ?? [], segment?.remainder)
    (endedAtID, endedCounts) = (nextID, counts)
    segment = nil
    if let first = shot.first {
      (cutCount, cutShot) = (cutCount + 1, remainder)
      if cuts.count < 1000 { cuts.append(first.time.seconds) }
    }
    for frame in shot { steps += push(frame) }
    return steps
  }

  private mutating func give(_ clips: [PendingClip]) -> [Step] {
    (segment?.takeImages() ?? []).map(Step.image)
      + clips.map { clip in
        var clip = clip
        clip.shot = cutCount
        return .clip(clip)
      }
  }
}
