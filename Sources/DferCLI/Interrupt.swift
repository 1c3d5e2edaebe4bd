import Dispatch
import Foundation
import Synchronization

/// Ctrl-C and SIGTERM as a flag that the main loop reads between two rows. A second one ends the program at once.
final class Interrupt {
  private let flag = Flag()
  private let sources: [any DispatchSourceSignal]

  init() {
    // A reader that goes away is an error of the write that notices it, not the end of the program.
    signal(SIGPIPE, SIG_IGN)
    let flag = flag
    sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        if flag.raise() { _exit(ExitStatus.interrupted.rawValue) }
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
