import Dispatch
import Synchronization

/// Ends calls that wait: raised from another thread, or by a deadline that each read sets anew.
final class StopFlag: Sendable {
  private let flag = Atomic<Bool>(false)
  /// Monotonic nanoseconds; 0: none.
  private let deadline = Atomic<UInt64>(0)

  /// Whether somebody asked for the end.
  var isRaised: Bool { flag.load(ordering: .relaxed) }

  /// Whether the call that is running must end: somebody asked for it, or its time is over.
  var mustEnd: Bool {
    let limit = deadline.load(ordering: .relaxed)
    return isRaised || (limit != 0 && DispatchTime.now().uptimeNanoseconds > limit)
  }

  func raise() { flag.store(true, ordering: .relaxed) }

  /// Gives what follows this many seconds; nil: as long as it takes.
  func allow(_ seconds: Double?) {
    deadline.store(
      seconds.map { DispatchTime.now().uptimeNanoseconds + UInt64($0 * 1e9) } ?? 0, ordering: .relaxed)
  }
}
