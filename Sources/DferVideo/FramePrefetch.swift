import Foundation

/// Keeps a few events of a source ready, decoded on a thread of its own.
///
/// The queue is bounded. With `.block` a slow reader stops the decoder, so that nothing is lost: right for files. With
/// `.dropOldest` the oldest waiting frame makes room and is counted, so that what is read stays new: right for live
/// sources. A reader that has enough ends decoding with `cancel()`. An error arrives in its place in the order.
public final class FramePrefetch: @unchecked Sendable {
  /// What happens when the reader is slower than the source.
  public enum Policy: String, Sendable, CaseIterable, Codable {
    case block
    case dropOldest = "drop-oldest"
  }

  private let source: any VideoEvents
  private let policy: Policy
  private let capacity: Int
  private let condition = NSCondition()
  // All below is guarded by `condition`.
  private var ready: [Result<VideoEvent, any Error>] = []
  private var isAtEnd = false
  private var isCancelled = false
  private var droppedFrames = 0

  public init(_ source: any VideoEvents, policy: Policy = .block, capacity: Int = 8) {
    precondition(capacity > 0, "FramePrefetch: capacity \(capacity)")
    self.source = source
    self.policy = policy
    self.capacity = capacity
    let thread = Thread { [self] in fill() }
    thread.name = "dfer.decode"
    thread.stackSize = 4 << 20
    thread.start()
  }

  /// The next event, waiting for it if need be; nil at the end, and after `cancel()` once nothing is left.
  public func next() throws -> VideoEvent? {
    condition.lock()
    while ready.isEmpty && !isAtEnd && !isCancelled { condition.wait() }
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

  /// Frames that made room for newer ones.
  public var dropped: Int {
    condition.lock()
    defer { condition.unlock() }
    return droppedFrames
  }

  /// Makes room in a full queue: only frames are dropped, never holes or errors. False when there is none to drop.
  private func dropOldest() -> Bool {
    let oldest = ready.firstIndex {
      if case .success(.frame) = $0 { true } else { false }
    }
    guard policy == .dropOldest, let oldest else { return false }
    ready.remove(at: oldest)
    droppedFrames += 1
    return true
  }

  private func fill() {
    while true {
      let event: Result<VideoEvent, any Error>?
      do { event = try source.next().map { .success($0) } } catch { event = .failure(error) }
      condition.lock()
      while ready.count >= capacity && !isCancelled && !dropOldest() { condition.wait() }
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
