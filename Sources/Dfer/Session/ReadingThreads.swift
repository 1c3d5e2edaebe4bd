import DferModels
import DferTensor
import Dispatch
import Foundation
import Synchronization

/// Readings of one clip that are being made; those of its faces may be made on several threads.
final class ClipReading: Sendable {
  typealias Part = @Sendable () throws -> [ExpressionReading]

  fileprivate let parts: [Part]
  private let results: Mutex<[Result<[ExpressionReading], any Error>?]>
  private let group = DispatchGroup()

  init(_ parts: [Part]) {
    self.parts = parts
    results = Mutex([Result<[ExpressionReading], any Error>?](repeating: nil, count: parts.count))
    for _ in parts { group.enter() }
  }

  /// Makes one part, on this thread.
  func make(_ part: Int) {
    let result = Result { try parts[part]() }
    results.withLock { $0[part] = result }
    group.leave()
  }

  /// Makes all of it, on this thread.
  func make() { parts.indices.forEach(make) }

  /// All readings in order, when they have been made.
  func get() throws -> [ExpressionReading] {
    group.wait()
    return try results.withLock { $0.compactMap { $0 } }.flatMap { try $0.get() }
  }

  /// Whether `get()` need not wait.
  var isMade: Bool { results.withLock { $0.allSatisfy { $0 != nil } } }
}

/// Threads that read clips, while the run's own thread decodes and looks for faces. Each reads one face with one core: where
/// several are busy anyway, that wastes nothing on waiting for each other.
final class ReadingThreads: Sendable {
  private let queue = Queue()
  /// Threads that have not ended.
  private let alive = DispatchGroup()

  init(_ count: Int) {
    for _ in 0..<count {
      alive.enter()
      // The thread holds the queue, not this object, whose deinit ends the thread.
      let thread = Thread { [queue, alive] in
        while let (reading, part) = queue.next() { Compute.with(threads: 1) { reading.make(part) } }
        alive.leave()
      }
      thread.name = "dfer.reader"
      thread.stackSize = 4 << 20
      thread.start()
    }
  }

  /// Waits for what is being read at the moment: a run that ends early leaves nothing behind that still calculates, which
  /// would crash in a program that exits.
  deinit {
    queue.end()
    alive.wait()
  }

  func add(_ reading: ClipReading) { queue.add(reading) }
}

private final class Queue: @unchecked Sendable {
  private let condition = NSCondition()
  // Guarded by `condition`.
  private var waiting: [(ClipReading, Int)] = []
  private var isAtEnd = false

  func add(_ reading: ClipReading) {
    condition.withLock {
      waiting += reading.parts.indices.map { (reading, $0) }
      condition.broadcast()
    }
  }

  /// The oldest part that nobody makes yet; nil at the end.
  func next() -> (ClipReading, Int)? {
    condition.withLock {
      while waiting.isEmpty && !isAtEnd { condition.wait() }
      return isAtEnd ? nil : waiting.removeFirst()
    }
  }

  func end() {
    condition.withLock {
      isAtEnd = true
      condition.broadcast()
    }
  }
}
