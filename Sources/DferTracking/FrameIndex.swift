/// Which frame is shown when, for the part of a segment that clips still need.
package struct FrameIndex: Sendable {
  private var entries: [(index: Int, time: Double)]

  package init(first index: Int, time: Double) { entries = [(index, time)] }

  package mutating func append(_ index: Int, time: Double) { entries.append((index, time)) }

  package mutating func forget(before time: Double) {
    guard let keep = entries.lastIndex(where: { $0.time <= time }), keep > 0 else { return }
    entries.removeFirst(keep)
  }

  /// Says that the frame `index` at `time` is none of this segment, nor any after it.
  package mutating func cut(at index: Int, time: Double) {
    entries.removeAll { $0.index >= index }
    entries.append((index, time))
  }

  /// Index of the first frame whose time is at or after `time`; times are compared with a microsecond of slack.
  package func index(at time: Double) -> Int {
    entries.first { $0.time >= time - 1e-6 }?.index ?? (entries[entries.count - 1].index)
  }

  /// The frames whose times lie in `start` to `end`; when there is none, the one that is shown then.
  package func range(from start: Double, to end: Double) -> Range<Int> {
    let (low, high) = (index(at: start), index(at: end))
    guard low >= high else { return low..<high }
    let shown = max(entries[0].index, low - 1)
    return shown..<shown + 1
  }

  /// Seconds between the last two frames, for a last frame that does not say how long it is shown.
  package var lastStep: Double? {
    entries.count < 2 ? nil : entries[entries.count - 1].time - entries[entries.count - 2].time
  }
}
