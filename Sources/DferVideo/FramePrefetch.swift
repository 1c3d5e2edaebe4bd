import Foundation

/// Keeps a few events of a source ready, decoded on a thread of its own.
///
/// The queue is bounded: a slow reader stops the decoder, and a reader that has enough ends it with `cancel()`. An error
/// arrives in its place in the order, after everything that was decoded before it.
public final class FramePrefetch: @unchecked Sendable {
  private let source: VideoSource
  private let capacity: Int
  private let condition = NSCondition()
  // All below is guarded by `condition`.
  private var ready: [Result<VideoEvent, any Error>] = []
  private var isAtEnd = false
  private var isCancelled = false

  public init(_ source: VideoSource, capacity: Int = 8) {
    precondition(capacity > 0, "FramePrefetch: capacity \(capacity)")
    self.source = source
    self.capacity = capacity
    let thread = Thread { [self] in fill() }
    thread.name = "dfer.decode"
    thread.stackSize = 4 << 20
    thread.start()
  }

  /// The next event, waiting for it if need be; nil at the end, and after `cancel()` once nothing is left.
  public func next() throws -> VideoEvent? {
    condition.lock()
    while ready.isEmpty && !isAtEnd { condition.wait() }
    let event = ready.isEmpty ? nil : ready.removeFirst()
    condition.broadcast()
    condition.unlock()
    return try event?.get()
  }

  /// Ends decoding. What is ready is dropped.
  public func cancel() {
    source.cancel()
    condition.lock()
    isCancelled = true
    ready = []
    condition.broadcast()
    condition.unlock()
  }

  private func fill() {
    while true {
      let event: Result<VideoEvent, any Error>?
      do { event = try source.next().map { .success($0) } } catch { event = .failure(error) }
      condition.lock()
      while ready.count >= capacity && !isCancelled { condition.wait() }
      let isLast: Bool
      switch event {
      case .success: isLast = isCancelled
      case .failure, nil: isLast = true
      }
      if let event, !isCancelled { ready.append(event) }
      if isLast { isAtEnd = true }
      condition.broadcast()
      condition.unlock()
      if isLast { return }
    }
  }
}
