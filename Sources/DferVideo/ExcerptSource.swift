import Synchronization

/// A part of a video: the frames from one time to another, with the times and numbers that they have in the whole.
///
/// What comes before is decoded and left out, not jumped over: only so are frame numbers those of the whole video in every
/// container. That costs the time of decoding, which is a small part of the time of reading.
package final class ExcerptSource: VideoEvents, @unchecked Sendable {
  private let source: any VideoEvents
  package let start: Double
  private let end: Double
  private let given = Mutex(0)
  private var lastTime = 0.0
  private var isOver = false
  private var hasGaps = false

  /// - Parameters:
  ///   - start: seconds from the container's start; frames that begin earlier are left out.
  ///   - end: frames that begin then or later are left out; nil: none.
  package init(_ source: any VideoEvents, from start: Double, to end: Double?) {
    precondition(start >= 0 && end.map { $0 > start } ?? true, "ExcerptSource: \(start) to \(end ?? .infinity)")
    (self.source, self.start, self.end) = (source, start, end ?? .infinity)
  }

  package var info: VideoInfo { source.info }

  /// Of the whole source, but for the frames: those that were given.
  package var counts: DecodeCounts {
    var counts = source.counts
    counts.frames = given.withLock { $0 }
    return counts
  }

  package var byteProgress: Double? { source.byteProgress }

  package func cancel() { source.cancel() }

  /// The next frame or gap of the part; gaps that reach beyond it are cut to it.
  ///
  /// - Throws: `VideoError` also when no frame begins in the part.
  package func next() throws -> VideoEvent? {
    while !isOver, let event = try source.next() {
      switch event {
      case .frame(let frame):
        let time = frame.time.seconds
        lastTime = time + (frame.duration ?? 0)
        guard time < end - 1e-6 else { return try finish() }
        guard time >= start - 1e-6 else { continue }
        given.withLock { $0 += 1 }
        return event
      case .gap(let gap):
        lastTime = gap.end
        let part = Gap(start: max(gap.start, start), end: min(gap.end, end), reason: gap.reason)
        if part.start < part.end {
          hasGaps = true
          return .gap(part)
        }
      case .lost: return event
      }
    }
    return isOver ? nil : try finish()
  }

  private func finish() throws -> VideoEvent? {
    isOver = true
    guard given.withLock({ $0 }) == 0, !hasGaps else { return nil }
    let reason =
      lastTime <= start
      ? "it ends at \((lastTime * 1000).rounded() / 1000) s, before the part to read begins"
      : "no frame begins in the part to read"
    throw VideoError.failed(operation: "read", path: info.location, reason: reason)
  }
}
