import DferTimeline
import DferVideo

/// When lost time is a gap, how far it reaches, and what its row says.
struct GapRules {
  /// Where the part of the video that is read begins, in seconds.
  let start: Double
  /// Whether frames make room for newer ones when the run is too slow.
  let dropsFrames: Bool
  /// Where the newest frame or gap ends. A frame that follows a gap has no frame before it.
  private var reached: (index: Int?, end: Double)?
  /// Whether somebody asked for a pause since the newest frame.
  private var isAfterPause = false

  init(start: Double, dropsFrames: Bool) { (self.start, self.dropsFrames) = (start, dropsFrames) }

  /// Says that no frame is taken for now because somebody wants it so: the time that is lost is a pause, not damage.
  mutating func notePause() { isAfterPause = true }

  mutating func note(_ frame: any VideoFrame) {
    isAfterPause = false
    reached = (frame.index, frame.time.seconds + (frame.duration ?? 0))
  }

  mutating func note(_ gap: Gap) { reached = (nil, gap.end) }

  /// The time before `frame` that has no frame: more than a second in which frames were dropped, more than a frame and a half
  /// of that at the start and after a gap, where no clip reaches across it; more than 0.2 s after a gap elsewhere, or more than
  /// 0.2 s and three frames where the size of the image changes, because nothing can be shown across that.
  func gap(before frame: any VideoFrame, sizeChanges: Bool = false) -> Gap? {
    let few = 1.5 * (frame.duration ?? 0)
    guard let reached else {
      guard dropsFrames, frame.index > 0, frame.time.seconds - start > few else { return nil }
      return Gap(start: start, end: frame.time.seconds, reason: .notTaken)
    }
    let isAfterDrops = reached.index.map { frame.index > $0 + 1 } ?? true
    let longest: Double =
      if reached.index == nil {
        dropsFrames ? min(0.2, few) : 0.2
      } else if sizeChanges {
        max(0.2, 2 * few)
      } else if isAfterDrops {
        1
      } else {
        .infinity
      }
    guard frame.time.seconds - reached.end > longest else { return nil }
    return Gap(
      start: reached.end, end: frame.time.seconds,
      reason: !dropsFrames ? .timestamps : isAfterPause ? .paused : .notTaken)
  }

  /// Frames that were dropped just before a gap belong to it: no row would tell of them.
  func widened(_ gap: Gap) -> Gap {
    guard dropsFrames, let reached else { return gap }
    return Gap(start: min(gap.start, reached.end), end: gap.end, reason: gap.reason)
  }

  /// What a row says of a gap.
  static func status(of reason: Gap.Reason) -> ClipResult.Status { reason.isOfStream ? .streamGap : .decodeGap }
}
