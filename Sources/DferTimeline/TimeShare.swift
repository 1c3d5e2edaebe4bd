/// A row together with the time that it alone stands for.
///
/// Clips overlap, so their spans cannot be added up. Every moment is given to the clip whose middle is nearest: two
/// overlapping clips meet halfway between their middles, which leaves each one hop around its own middle. Where a clip
/// has no neighbour (at the ends of the video, beside a hole, or when clips do not overlap) it keeps its own start or
/// end. All rows of a clip get the same share, so shares of one face never overlap and together cover the video once.
package struct TimeShare: Sendable, Hashable {
  package let row: ClipResult
  /// Seconds from the container's start, inclusive.
  package let start: Double
  /// Seconds from the container's start, exclusive.
  package let end: Double

  package var seconds: Double { end - start }
  var middle: Double { (start + end) / 2 }
}

/// Cuts rows into time shares as they come, holding the rows of one clip at a time.
struct ShareSplitter {
  private var waiting: [ClipResult] = []
  private var start = 0.0

  /// Takes the next row, in file order; gives the shares that are now final.
  mutating func add(_ row: ClipResult) -> [TimeShare] {
    guard let previous = waiting.first else {
      (waiting, start) = ([row], row.startSeconds)
      return []
    }
    guard row.clip != previous.clip else {
      waiting.append(row)
      return []
    }
    let overlaps = row.startSeconds < previous.endSeconds - 1e-6
    let meeting = (previous.middleSeconds + row.middleSeconds) / 2
    let shares = settle(until: overlaps ? meeting : previous.endSeconds)
    (waiting, start) = ([row], overlaps ? meeting : row.startSeconds)
    return shares
  }

  /// The shares of the last clip.
  mutating func finish() -> [TimeShare] {
    defer { waiting = [] }
    return settle(until: waiting.map(\.endSeconds).max() ?? 0)
  }

  private func settle(until end: Double) -> [TimeShare] {
    waiting.map { TimeShare(row: $0, start: start, end: max(start, end)) }
  }
}
