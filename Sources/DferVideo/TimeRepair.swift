/// Makes a stream's time stamps strictly increasing, and says what it had to change.
///
/// The rules, in order:
/// 1. A missing stamp is the last one plus one frame.
/// 2. A stamp more than a second behind the last one starts a new count (spliced streams): the clock goes on one frame
///    after the last one, and all later stamps move by the same amount.
/// 3. A stamp that repeats or steps back a little is the last one plus one tick, so that the next good stamp still fits.
struct TimeRepair: Sendable {
  /// Ticks of one frame, by the stream's own rate.
  let step: Int64
  /// Ticks of one second.
  let second: Int64
  private(set) var repaired = 0
  private var last: Int64?
  private var offset: Int64 = 0

  init(step: Int64, second: Int64) {
    self.step = max(1, step)
    self.second = max(1, second)
  }

  /// The stamp to use for the next shown frame.
  mutating func next(_ stamp: Int64?) -> Int64 {
    guard let last else {
      if stamp == nil { repaired += 1 }
      self.last = stamp ?? 0
      return stamp ?? 0
    }
    let time: Int64
    if let stamp, stamp &+ offset > last {
      time = stamp &+ offset
    } else {
      repaired += 1
      if let stamp, last - (stamp &+ offset) > second {
        time = last + step
        offset = time - stamp
      } else {
        time = stamp == nil ? last + step : last + 1
      }
    }
    self.last = time
    return time
  }
}
