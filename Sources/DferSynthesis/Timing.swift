import DferTensor

/// When an expression comes and goes, in seconds: it rises from `start` to `apex`, stays until `release`, and is gone at `end`.
package struct Timing: Sendable, Hashable {
  package enum Phase: String, Sendable { case neutral, onset, apex, offset }

  package var start, apex, release, end: Double

  package init(start: Double, apex: Double, release: Double, end: Double) {
    precondition(start < apex && apex <= release && release < end, "Timing: \(start), \(apex), \(release), \(end)")
    (self.start, self.apex, self.release, self.end) = (start, apex, release, end)
  }

  /// 0 before the onset and after the offset, 1 at the apex, smooth between.
  package func intensity(at time: Double) -> Double {
    func smooth(_ t: Double) -> Double { t * t * (3 - 2 * t) }
    switch phase(at: time) {
    case .neutral: return 0
    case .onset: return smooth((time - start) / (apex - start))
    case .apex: return 1
    case .offset: return smooth((end - time) / (end - release))
    }
  }

  package func phase(at time: Double) -> Phase {
    if time <= start || time >= end { return .neutral }
    if time < apex { return .onset }
    return time <= release ? .apex : .offset
  }

  /// How clips are cut from the course of an expression.
  package enum Cut: String, CaseIterable, Sendable {
    /// From rest through the apex to rest.
    case whole
    /// Also clips that begin or end at the apex, or show nothing else, as clips of real video do.
    case mixed
    /// Clips in which the expression takes a quarter to half of the time, anywhere; rest before and behind it.
    case brief
  }

  /// A random course for a clip of `seconds`.
  init(_ cut: Cut, seconds: Double, random: inout RandomSource) {
    func share(_ low: Double, _ high: Double) -> Double { (low + Double(random.uniform()) * (high - low)) * seconds }
    var (start, end) = (share(0, 0.12), seconds - share(0, 0.12))
    let (onset, offset) = (share(0.12, 0.3), share(0.12, 0.3))
    let choice = random.uniform()
    if cut == .brief {
      let (onset, hold, offset) = (share(0.08, 0.15), share(0.06, 0.2), share(0.1, 0.15))
      let start = share(0.03, 0.97 - (onset + hold + offset) / seconds)
      self.init(start: start, apex: start + onset, release: start + onset + hold, end: start + onset + hold + offset)
      return
    }
    if cut == .mixed {
      // Begins or ends outside the clip.
      if choice > 0.4 && choice < 0.75 { end = seconds * 2 }
      if choice > 0.6 { start = -seconds }
    }
    self.init(start: start, apex: start + onset, release: end - offset, end: end)
  }
}
