import Dispatch
import Foundation
import Synchronization

/// Ctrl-C and SIGTERM as the end of reading: rows that are complete are still written. A second one, more than a second later, ends the program at once.
final class Interrupt {
  private let flag = Flag()
  private let sources: [any DispatchSourceSignal]

  /// - Parameter stop: called once, on another thread, when the first signal comes.
  init(stop: @escaping @Sendable () -> Void = {}) {
    // A reader that goes away is an error of the write that notices it, not the end of the program.
    signal(SIGPIPE, SIG_IGN)
    let flag = flag
    sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        if flag.raise() { _exit(ExitStatus.interrupted.rawValue) }
        stop()
      }
      source.resume()
      return source
    }
  }

  var isRaised: Bool { flag.isRaised }

  /// From now on a signal ends the program, as it does before the first `Interrupt`. For commands that go on with something
  /// else: nobody would hear it.
  func release() {
    for source in sources { source.cancel() }
    for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
  }

  /// Shared with the signal handler's queue.
  private final class Flag: Sendable {
    /// Monotonic nanoseconds of the first signal; 0: none yet.
    private let first = Atomic<UInt64>(0)
    var isRaised: Bool { first.load(ordering: .relaxed) != 0 }

    /// Raises the flag and tells whether somebody has been asking for more than a second. Programs that pass a signal
    /// on, like `timeout`, often send it twice at once.
    func raise() -> Bool {
      let now = DispatchTime.now().uptimeNanoseconds
      let (raised, before) = first.compareExchange(expected: 0, desired: now, ordering: .relaxed)
      return !raised && now - before > 1_000_000_000
    }
  }
}
