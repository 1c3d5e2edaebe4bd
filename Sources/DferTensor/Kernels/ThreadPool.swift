import CKernels
import Dispatch
import Foundation
import Synchronization

/// Threads that help with one piece of work after the other.
///
/// A network is hundreds of short pieces, and to wake a thread for each takes about 70 microseconds. So a helper that has nothing
/// to do looks out for the next piece for a moment before it sleeps, and whoever has work does not wait for helpers that
/// have not come by its end.
final class ThreadPool: Sendable {
  /// As many threads as the process has cores: more would only push each other aside.
  static let shared = ThreadPool(helpers: max(1, Compute.availableCores - 1))

  /// Nanoseconds for which a thread looks out before it sleeps.
  private static let patience: UInt64 = 100_000

  /// Threads beside the caller's, at most. Fewer than asked for are always enough, since work divides itself.
  private let helpers: Int
  /// Whether someone has the pool; it works for one at a time. Guards `job` and `size`.
  private let isTaken = Atomic(false)
  private nonisolated(unsafe) var job: UnsafePointer<@Sendable () -> Void>?
  private nonisolated(unsafe) var size = 0
  /// Workers that may still join the job.
  private let workers = Atomic(0)
  /// Workers that may still join, and workers at the job.
  private let pending = Atomic(0)
  /// Helpers that sleep, or are about to, and that nobody has called yet.
  private let sleepers = Atomic(0)
  private let wake = DispatchSemaphore(value: 0)
  private let isAwaited = Atomic(false)
  private let end = DispatchSemaphore(value: 0)

  init(helpers: Int) { self.helpers = helpers }

  /// Runs `work` on this thread and on up to `threads - 1` others, and returns when all of them have ended. `work` divides itself:
  /// when one run of it returns, nothing may be left to begin.
  func perform(on threads: Int, _ work: @Sendable () -> Void) {
    guard isTaken.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else {
      return DispatchQueue.concurrentPerform(iterations: threads) { _ in work() }
    }
    defer { isTaken.store(false, ordering: .releasing) }
    let wanted = min(threads - 1, helpers)
    for _ in size..<max(size, wanted) { startWorker() }
    withoutActuallyEscaping(work) { work in
      withUnsafePointer(to: work) {
        job = $0
        pending.store(wanted, ordering: .relaxed)
        workers.store(wanted, ordering: .sequentiallyConsistent)
        for _ in 0..<wanted where takeSleeper() { wake.signal() }
        work()
        let empty = workers.exchange(0, ordering: .acquiringAndReleasing)
        pending.subtract(empty, ordering: .acquiringAndReleasing)
        awaitHelpers()
      }
    }
  }

  private func awaitHelpers() {
    if lookOut(for: { pending.load(ordering: .acquiring) == 0 }) { return }
    while true {
      isAwaited.store(true, ordering: .sequentiallyConsistent)
      guard pending.load(ordering: .sequentiallyConsistent) > 0 else { break }
      end.wait()  // or a helper of an earlier job was late to signal: then once more
    }
    // Whoever has seen the flag signals.
    if !isAwaited.exchange(false, ordering: .sequentiallyConsistent) { end.wait() }
  }

  private func startWorker() {
    size += 1
    let thread = Thread { [self] in
      while true {
        if lookOut(for: { workers.load(ordering: .relaxed) > 0 }) {
          help()
        } else {
          sleepers.add(1, ordering: .sequentiallyConsistent)
          // Work came just now, and who brought it may not have seen this sleeper: it gets up, or takes the call meant for it.
          if workers.load(ordering: .sequentiallyConsistent) > 0, takeSleeper() { continue }
          wake.wait()
        }
      }
    }
    thread.name = "dfer helper"
    thread.start()
  }

  /// Whether there was a sleeper, who is now to be called: as many calls as were taken, so that none is left over.
  private func takeSleeper() -> Bool {
    var count = sleepers.load(ordering: .sequentiallyConsistent)
    while count > 0 {
      let taken = sleepers.weakCompareExchange(expected: count, desired: count - 1, ordering: .sequentiallyConsistent)
      if taken.exchanged { return true }
      count = taken.original
    }
    return false
  }

  private func help() {
    let free = workers.load(ordering: .relaxed)
    guard free > 0, workers.compareExchange(expected: free, desired: free - 1, ordering: .acquiring).exchanged else {
      return
    }
    run()
    guard pending.subtract(1, ordering: .sequentiallyConsistent).newValue == 0 else { return }
    if isAwaited.exchange(false, ordering: .sequentiallyConsistent) { end.signal() }
  }

  /// Apart, so that nothing of the job is held when it returns.
  @inline(never) private func run() { job?.pointee() }

  /// Whether `isThere` came true within a moment.
  private func lookOut(for isThere: () -> Bool) -> Bool {
    let start = DispatchTime.now().uptimeNanoseconds
    repeat {
      for _ in 0..<32 {
        if isThere() { return true }
        ck_pause()
      }
    } while DispatchTime.now().uptimeNanoseconds &- start < Self.patience
    return false
  }
}
