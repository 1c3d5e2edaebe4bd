import Foundation

/// A source that comes back: when a camera or stream ends or falls silent, it is opened again, waiting 1, 2, 4 ... 30
/// seconds between tries, until `cancel()`. The time that was lost is a hole, by a monotonic clock; frame numbers and
/// times go on.
package final class ReconnectingSource: VideoEvents, @unchecked Sendable {
  package let info: VideoInfo
  private let location: String
  private let options: VideoOptions
  private let stop = StopFlag()
  private let lock = NSLock()
  // `current`, `past` and `isGone` are guarded by `lock`, because `cancel()`, `counts` and `isLost` come from other threads.
  private var current: VideoSource?
  private var past = DecodeCounts()
  /// End of the last frame, and when it came: times of later sources are counted from here. The start would not do: a
  /// stream's first frames are older than its opening, and clocks drift apart over days.
  private var lastTime = 0.0
  private var lastArrival = ContinuousClock.now
  /// Why the source is gone; nil once it gives frames again.
  private var loss: String? { didSet { lock.withLock { isGone = loss != nil } } }
  private var isGone = false
  /// Seconds before the next try: they begin anew only when a frame has come.
  private var wait = ReconnectingSource.shortestWait
  private var held: VideoEvent?
  /// Called before each try with the seconds that are waited.
  package var onRetry: (@Sendable (_ wait: Double, _ reason: String) -> Void)?

  private static let shortestWait = 1.0
  private static let longestWait = 30.0

  /// - Parameter first: the source, where it has been opened already.
  package init(_ location: String, options: VideoOptions = VideoOptions(), first: VideoSource? = nil) throws {
    self.location = location
    self.options = options
    let source = try first ?? VideoSource(location, options: options)
    current = source
    info = source.info
  }

  package var counts: DecodeCounts { lock.withLock { current.map { past + $0.counts } ?? past } }
  package var byteProgress: Double? { nil }
  /// Whether the source is gone: from the moment that this is known until a new frame has come.
  package var isLost: Bool { lock.withLock { isGone } }

  package func cancel() {
    stop.raise()
    lock.withLock { current }?.cancel()
  }

  package func next() throws -> VideoEvent? {
    if let held {
      self.held = nil
      return held
    }
    while !stop.isRaised {
      guard let source = lock.withLock({ current }) else {
        reopen()
        continue
      }
      let isNew = loss == nil
      do {
        if let event = try source.next() { return given(event, by: source) }
        loss = source.endReason ?? "the stream ended"
      } catch { loss = source.endReason ?? words(for: error) }
      // Let go of the camera or port at once: it cannot be opened twice.
      lock.withLock {
        past = past + source.counts
        current = nil
      }
      if isNew && !stop.isRaised { return .lost }
    }
    return nil
  }

  /// An event of the present source; the first frame after a loss comes after the hole that it ends.
  private func given(_ event: VideoEvent, by source: VideoSource) -> VideoEvent {
    guard case .frame(let frame) = event else { return event }
    let before = lastTime
    lastTime = frame.time.seconds + (frame.duration ?? 0)
    lastArrival = source.lastArrival
    guard loss != nil else { return event }
    loss = nil
    wait = Self.shortestWait
    held = event
    return .gap(Gap(start: before, end: max(frame.time.seconds, before + 1e-3), reason: .disconnected))
  }

  private func reopen() {
    onRetry?(wait, loss ?? "")
    pause(wait)
    wait = min(Self.longestWait, wait * 2)
    guard !stop.isRaised else { return }
    var options = options
    options.firstIndex = counts.frames
    options.startTime = lastTime + (ContinuousClock.now - lastArrival).seconds
    do {
      let source = try VideoSource(location, options: options)
      lock.withLock { current = source }
      // The end may have been asked for while nobody could hear it.
      if stop.isRaised { source.cancel() }
    } catch { loss = words(for: error) }
  }

  /// An error without the location, which stands beside it anyway.
  private func words(for error: any Error) -> String {
    let (words, prefix) = ("\(error)", redacted(location) + ": ")
    return words.hasPrefix(prefix) ? String(words.dropFirst(prefix.count)) : words
  }

  private func pause(_ seconds: Double) {
    let end = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < end && !stop.isRaised { Thread.sleep(forTimeInterval: 0.05) }
  }
}

/// A file played as if it were live: each frame is given at its own time. Makes live behaviour testable without a camera.
package final class PacedSource: VideoEvents, @unchecked Sendable {
  private let source: any VideoEvents
  private let stop = StopFlag()
  private let speed: Double
  /// When the first frame was given, and its time.
  private var first: (at: ContinuousClock.Instant, seconds: Double)?

  /// - Parameter speed: seconds of video in a second of time.
  package init(_ source: any VideoEvents, speed: Double = 1) {
    precondition(speed > 0, "PacedSource: speed \(speed)")
    self.source = source
    self.speed = speed
  }

  package var info: VideoInfo { source.info }
  package var counts: DecodeCounts { source.counts }
  package var byteProgress: Double? { source.byteProgress }

  package func cancel() {
    stop.raise()
    source.cancel()
  }

  package func next() throws -> VideoEvent? {
    let event = try source.next()
    guard case .frame(let frame) = event else { return event }
    let first = first ?? (.now, frame.time.seconds)
    self.first = first
    let due = first.at + .seconds((frame.time.seconds - first.seconds) / speed)
    while ContinuousClock.now < due && !stop.isRaised {
      Thread.sleep(forTimeInterval: min(0.05, max(0.0005, (due - .now).seconds)))
    }
    return event
  }
}

extension Duration {
  fileprivate var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
