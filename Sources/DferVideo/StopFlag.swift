import Dispatch
import Synchronization

/// Ends calls that wait: raised from another thread, or by a deadline that each read sets anew.
final class StopFlag: Sendable {
  private let flag = Atomic<Bool>(false)
  /// Monotonic nanoseconds; 0: none.
  private let deadline = Atomic<UInt64>(0)
  /// When the deadline was looked at last.
  private let lastCheck = Atomic<UInt64>(0)

  /// Between two checks of a program that runs there are milliseconds. After more than this it was stopped meanwhile, as
  /// Ctrl-Z does, and its source is not to blame.
  private static let longestCheck: UInt64 = 2_000_000_000

  /// Whether somebody asked for the end.
  var isRaised: Bool { flag.load(ordering: .relaxed) }

  /// Whether the call that is running must end: somebody asked for it, or its time is over.
  var mustEnd: Bool {
    if isRaised { return true }
    var limit = deadline.load(ordering: .relaxed)
    guard limit != 0 else { return false }
    let now = DispatchTime.now().uptimeNanoseconds
    let before = lastCheck.exchange(now, ordering: .relaxed)
    if now > before, now - before > Self.longestCheck {
      limit += now - before
      deadline.store(limit, ordering: .relaxed)
    }
    return now > limit
  }

  func raise() { flag.store(true, ordering: .relaxed) }

  /// Gives what follows this many seconds; nil: as long as it takes.
  func allow(_ seconds: Double?) {
    let now = DispatchTime.now().uptimeNanoseconds
    lastCheck.store(now, ordering: .relaxed)
    deadline.store(seconds.map { now + UInt64($0 * 1e9) } ?? 0, ordering: .relaxed)
  }
}
