import Dispatch
import Foundation
import Synchronization

/// Ctrl-C and SIGTERM as the end of reading: rows that are complete are still written. A second one ends the program at once.
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

  /// Shared with the signal handler's queue.
  private final class Flag: Sendable {
    private let value = Atomic<Bool>(false)
    var isRaised: Bool { value.load(ordering: .relaxed) }

    /// Raises the flag and tells whether it was up already.
    func raise() -> Bool { value.exchange(true, ordering: .relaxed) }
  }
}
