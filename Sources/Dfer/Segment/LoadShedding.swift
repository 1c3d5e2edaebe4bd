/// What a live run gives up when it is too slow, one step after the other, and takes back when it has room again.
///
/// The order: the detector runs 1.5 times as rarely, then half as often, then clips no longer overlap (where the hop can
/// be doubled without leaving time uncovered). Only then does the coverage of time suffer: frames are dropped anyway.
struct LoadShedding: Sendable {
  /// Seconds of video over which drops are judged.
  static let window = 5.0
  /// Share of dropped frames that counts as too slow.
  static let tolerance = 0.04
  /// Seconds without a drop after which a step is taken back, doubled each time that this proves too early.
  static let patience = 60.0

  private(set) var step = 0
  private let steps: Int
  private var windowStart: Double?
  private var atStart = (taken: 0, dropped: 0)
  private var calmSince = 0.0
  private var patience = LoadShedding.patience
  private var tookBackAt: Double?

  /// - Parameter canSkipClips: whether the hop may be doubled.
  init(canSkipClips: Bool) { steps = canSkipClips ? 3 : 2 }

  /// How closely the video is looked at now, when `every` seconds between two detector runs are usual.
  func pace(detectorEvery every: Double) -> SegmentPace {
    SegmentPace(detectorEvery: every * [1, 1.5, 2, 2][step], hopFactor: step == 3 ? 2 : 1)
  }

  /// Takes note of the counts at `time` seconds. True when the step has changed.
  mutating func judge(time: Double, taken: Int, dropped: Int) -> Bool {
    guard let start = windowStart else {
      begin(time, taken, dropped)
      calmSince = time
      return false
    }
    guard time - start >= Self.window else { return false }
    let (new, lost) = (taken - atStart.taken, dropped - atStart.dropped)
    begin(time, taken, dropped)
    if lost > 0 { calmSince = time }
    if Double(lost) > Self.tolerance * Double(new + lost) {
      if let back = tookBackAt, time - back < patience { patience = min(patience * 2, 960) }
      tookBackAt = nil
      guard step < steps else { return false }
      step += 1
      return true
    }
    guard step > 0, time - calmSince >= patience else { return false }
    step -= 1
    calmSince = time
    tookBackAt = time
    return true
  }

  private mutating func begin(_ time: Double, _ taken: Int, _ dropped: Int) {
    windowStart = time
    atStart = (taken, dropped)
  }
}
