import Foundation

/// What gives way when reading is slower than the source.
public enum WhenSlow: String, Sendable, CaseIterable, Codable {
  /// The source waits: right for files, of which every frame counts.
  case block
  /// The oldest waiting frames make room, and are counted: right for live sources, which cannot wait.
  case dropOldest = "drop-oldest"

  /// Events that wait at most. A live queue bridges the reading of one clip: two thirds of a second at 25 frames.
  var capacity: Int { self == .block ? 4 : 16 }
}

/// Keeps a few events of a source ready, decoded on a thread of its own.
///
/// The queue is bounded, in frames and in bytes. With `.block` a slow reader stops the decoder, so that nothing is lost:
/// right for files. With
/// `.dropOldest` the oldest waiting frame makes room and is counted, so that what is read stays new: right for live
/// sources. A reader that has enough ends decoding with `cancel()`, or by letting go of the prefetch. An error arrives
/// in its place in the order.
package final class FramePrefetch: Sendable {
  private let queue: Queue

  package init(_ source: any VideoEvents, policy: WhenSlow = .block, capacity: Int? = nil) {
    let queue = Queue(source, policy: policy, capacity: capacity ?? policy.capacity)
    self.queue = queue
    // The thread holds the queue, not the prefetch: when the prefetch is let go of, its deinit ends the thread.
    let thread = Thread { queue.fill() }
    thread.name = "dfer.decode"
    thread.stackSize = 4 << 20
    thread.start()
  }

  deinit { queue.cancel() }

  /// The next event, waiting for it if need be; nil at the end, and after `cancel()`.
  package func next() throws -> VideoEvent? { try queue.next() }

  /// Ends decoding. Frames that are ready are counted as `unread`.
  package func cancel() { queue.cancel() }

  /// Frames that made room for newer ones.
  package var dropped: Int { queue.counted(\.dropped) }

  /// Frames that were decoded when `cancel()` came, and never given.
  package var unread: Int { queue.counted(\.unread) }
}

private final class Queue: @unchecked Sendable {
  private let source: any VideoEvents
  private let policy: WhenSlow
  private let capacity: Int
  private let condition = NSCondition()
  /// Bytes of images that wait at most, as long as one waits: very large frames must not wait by the dozen.
  private static let mostBytes = 64 << 20
  // All below is guarded by `condition`.
  private var ready: [Result<VideoEvent, any Error>] = []
  private var isFull: Bool {
    ready.count >= capacity || (ready.count > 1 && ready.reduce(0) { $0 + Self.bytes(of: $1) } > Self.mostBytes)
  }
  private var isAtEnd = false
  private var isCancelled = false
  private(set) var dropped = 0
  private(set) var unread = 0

  init(_ source: any VideoEvents, policy: WhenSlow, capacity: Int) {
    precondition(capacity > 0, "FramePrefetch: capacity \(capacity)")
    self.source = source
    self.policy = policy
    self.capacity = capacity
  }

  func counted(_ count: KeyPath<Queue, Int>) -> Int { condition.withLock { self[keyPath: count] } }

  func next() throws -> VideoEvent? {
    let event: Result<VideoEvent, any Error>? = condition.withLock {
      while ready.isEmpty && !isAtEnd && !isCancelled { condition.wait() }
      defer { condition.broadcast() }
      return ready.isEmpty ? nil : ready.removeFirst()
    }
    return try event?.get()
  }

  func cancel() {
    source.cancel()
    condition.withLock {
      isCancelled = true
      unread += ready.count(where: Self.isFrame)
      ready = []
      condition.broadcast()
    }
  }

  /// The thread's work: decodes until the end, an error or `cancel()`.
  func fill() {
    while true {
      let event: Result<VideoEvent, any Error>?
      do { event = try source.next().map { .success($0) } } catch { event = .failure(error) }
      if case .success(.frame(let frame)) = event { (frame as? Frame)?.arrived() }
      let isLast = condition.withLock {
        while isFull && !isCancelled && !dropOldest() { condition.wait() }
        if let event {
          if !isCancelled { ready.append(event) } else if Self.isFrame(event) { unread += 1 }
        }
        if case .success = event { isAtEnd = isCancelled } else { isAtEnd = true }
        condition.broadcast()
        return isAtEnd
      }
      if isLast { return }
    }
  }

  /// Makes room in a full queue: only frames are dropped, never holes or errors. False when there is none to drop.
  private func dropOldest() -> Bool {
    guard policy == .dropOldest, let oldest = ready.firstIndex(where: Self.isFrame) else { return false }
    ready.remove(at: oldest)
    dropped += 1
    return true
  }

  private static func bytes(of event: Result<VideoEvent, any Error>) -> Int {
    if case .success(.frame(let frame)) = event { (frame as? Frame)?.byteCount ?? 0 } else { 0 }
  }

  private static func isFrame(_ event: Result<VideoEvent, any Error>) -> Bool {
    if case .success(.frame) = event { true } else { false }
  }
}
