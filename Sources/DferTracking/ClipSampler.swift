/// Gives every sample of a continuous segment its nearest frame, while frames arrive one by one.
///
/// Pure arithmetic on times: no images, no frame rate. Varying frame rates, repeated and missing frames need no special
/// case: a frame that stays on the screen for long is the frame of all samples until then, and a fast part skips frames.
package struct ClipSampler: Sendable {
  package let grid: ClipGrid
  /// Time of the first frame of the segment; sample 0 starts here.
  package let origin: Double
  private var nextSample = 0
  private var lastTime: Double

  package init(grid: ClipGrid, origin: Double) {
    self.grid = grid
    self.origin = origin
    lastTime = origin
  }

  /// Samples that belong to the frame before the one at `time`: call this once for each frame after the first.
  ///
  /// A sample belongs to that earlier frame when its middle is nearer to it, or when the later one is more than a step
  /// away: an image that has not been shown yet says nothing. Halfway goes to the earlier frame.
  package mutating func samples(before time: Double) -> Range<Int> {
    // A microsecond of slack, so that "halfway" does not depend on rounding.
    let halfway = max((lastTime + time) / 2, time - grid.step) - origin + 1e-6
    lastTime = time
    return take { $0 <= halfway }
  }

  /// Samples of the last frame, when the segment ends at `end` (its time plus how long it is shown).
  ///
  /// A sample exists when its start lies before the end, so that samples cover all of the segment; a segment of any
  /// length has at least one.
  package mutating func samples(untilEnd end: Double) -> Range<Int> {
    let isEmpty = nextSample == 0
    // A microsecond of slack: times are sums of rounded parts.
    let middle = end - origin + grid.step / 2 - 1e-6
    let samples = take { $0 < middle }
    guard isEmpty && samples.isEmpty else { return samples }
    nextSample = 1
    return 0..<1
  }

  /// How many samples a segment has that ends at `end`.
  package func count(until end: Double) -> Int { max(1, Int(((end - origin) / grid.step - 1e-5).rounded(.up))) }

  private mutating func take(while belongs: (Double) -> Bool) -> Range<Int> {
    let first = nextSample
    while belongs(grid.middle(ofSample: nextSample)) { nextSample += 1 }
    return first..<nextSample
  }

  /// Evenly repeats `count` available frames over the samples of a clip: the rule for short videos and track ends.
  ///
  /// Position i of n reads frame floor(i * count / n), so the order in time is kept and no frame is left out.
  package static func evenly(_ count: Int, over samples: Int) -> [Int] {
    precondition(count > 0 && count <= samples, "evenly: \(count) frames over \(samples) samples")
    return (0..<samples).map { $0 * count / samples }
  }
}
