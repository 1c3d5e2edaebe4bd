import Dispatch
import Foundation
import Synchronization
import Testing

@testable import DferTensor

@Suite struct ThreadPoolTests {
  /// Counts how often each of `count` pieces is worked on, by a pool of `threads`.
  private func visits(_ pool: ThreadPool, threads: Int, count: Int, _ piece: @Sendable (Int) -> Void = { _ in })
    -> [Int]
  {
    let visited = Mutex([Int](repeating: 0, count: count))
    let next = Atomic(0)
    pool.perform(on: threads) {
      while true {
        let index = next.add(1, ordering: .relaxed).oldValue
        guard index < count else { return }
        piece(index)
        visited.withLock { $0[index] += 1 }
      }
    }
    // What is not done by now never counts.
    return visited.withLock { $0 }
  }

  @Test(arguments: [2, 3, 5])
  func everyPieceIsDoneOnceBeforeItReturns(_ threads: Int) {
    let pool = ThreadPool(helpers: 4)
    for round in 0..<3000 {
      #expect(visits(pool, threads: threads, count: round % 7) == [Int](repeating: 1, count: round % 7))
    }
  }

  @Test func helpersThatSleepAreWoken() {
    let pool = ThreadPool(helpers: 4)
    for _ in 0..<5 {
      let seen = Mutex(Set<String>())
      let all = visits(pool, threads: 2, count: 40) { _ in
        Thread.sleep(forTimeInterval: 0.001)
        seen.withLock { _ = $0.insert("\(Thread.current)") }
      }
      #expect(all.allSatisfy { $0 == 1 })
      #expect(seen.withLock { $0.count } == 2, "40 ms are time enough to come")
      Thread.sleep(forTimeInterval: 0.01)
    }
  }

  @Test func manyMayAskAtOnceAndFromWithin() {
    let pool = ThreadPool(helpers: 4)
    DispatchQueue.concurrentPerform(iterations: 6) { _ in
      for _ in 0..<200 {
        let all = visits(pool, threads: 3, count: 4) { _ in
          #expect(visits(pool, threads: 2, count: 3) == [1, 1, 1])
        }
        #expect(all == [1, 1, 1, 1])
      }
    }
  }
}
