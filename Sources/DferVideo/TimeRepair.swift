/// Makes a stream's time stamps strictly increasing, and says what it had to change.
///
/// The rules, in order:
/// 1. A stamp that is farther from the start than any video lasts is none.
/// 2. A missing stamp is the last one plus one frame.
/// 3. A stamp more than a second behind the last one starts a new count (spliced streams): the clock goes on one frame
///    after the last one, and all later stamps move by the same amount.
/// 4. A stamp that repeats or steps back a little is the last one plus one tick, so that the next good stamp still fits.
///
/// Stamps may be any 64-bit number.
struct TimeRepair: Sendable {
  /// Ticks of one frame, by the stream's own rate.
  let step: Int64
  /// Ticks of one second.
  let second: Int64
  /// Ticks from the start that are believed.
  let limit: Int64
  private(set) var repaired = 0
  /// Where the video starts; its first stamp when nobody says it.
  private var start: Int64?
  private var last: Int64?
  private var offset: Int64 = 0

  /// A quarter of what fits: differences and sums of two such numbers fit too.
  private static let largest: Int64 = 1 << 61

  /// - Parameters:
  ///   - step, second: ticks of a frame and of a second.
  ///   - start: the container's start, if it says one.
  ///   - limit: ticks of the longest video.
  init(step: Int64, second: Int64, start: Int64? = nil, limit: Int64 = .max) {
    self.second = min(max(1, second), Self.largest >> 20)
    self.limit = min(max(1, limit), Self.largest)
    self.step = min(max(1, step), self.second * 10)
    self.start = start.flatMap { $0.magnitude <= Self.largest.magnitude ? $0 : nil }
  }

  /// Moves the start by some frames, before the first one is shown.
  mutating func delayStart(by frames: Int64) {
    guard last == nil, let start else { return }
    self.start = start + frames * step
  }

  /// The stamp to use for the next shown frame.
  mutating func next(_ given: Int64?) -> Int64 {
    let stamp = given.flatMap { isBelievable($0) ? $0 : nil }
    guard let last else { return begin(at: stamp, given: given) }
    let time: Int64
    if let stamp, stamp + offset > last {
      time = stamp + offset
    } else {
      repaired += 1
      if let stamp, last - (stamp + offset) > second {
        time = last + step
        offset = time - stamp
      } else {
        time = last + (stamp == nil ? step : 1)
      }
    }
    self.last = time
    return time
  }

  private mutating func begin(at stamp: Int64?, given: Int64?) -> Int64 {
    // A first stamp far from the container's start: one of them is wrong, and what counts is what is shown.
    let own = given.flatMap { $0.magnitude <= Self.largest.magnitude ? $0 : nil }
    if stamp == nil { repaired += 1 }
    let time = stamp ?? own ?? start ?? 0
    if start == nil || stamp == nil || time < start ?? 0 { start = time }
    last = time
    return time
  }

  private func isBelievable(_ stamp: Int64) -> Bool {
    guard stamp.magnitude <= Self.largest.magnitude else { return false }
    // Exact enough, and without an overflow.
    return abs(Double(stamp) + Double(offset) - Double(start ?? stamp)) <= Double(limit)
  }

  /// Whether a stamp is so far ahead that the one after it has to say whether it is true.
  func isJump(_ stamp: Int64?) -> Bool {
    guard let stamp, let last, isBelievable(stamp) else { return false }
    return stamp + offset - last > 2 * second
  }

  /// Whether the stamp after a jump goes back to where the video was, so that the jump is one wrong number.
  func isOutlier(_ jump: Int64?, before next: Int64?) -> Bool {
    guard let jump, let next, let last, isBelievable(next) else { return false }
    return next < jump && next + offset > last && next + offset - last <= 2 * second
  }

  /// Where times are counted from; known with the first frame.
  var origin: Int64 { start ?? 0 }
}
