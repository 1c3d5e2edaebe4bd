import Dispatch
import Foundation
import Synchronization

/// Ctrl-C, SIGTERM and a closed terminal (SIGHUP) as the end of reading: rows that are complete are still written. A second
/// signal, more than a second later, ends the program at once.
final class Interrupt {
  private let flag = Flag()
  private let sources: [any DispatchSourceSignal]

  /// - Parameter stop: called once, on another thread, when the first signal comes.
  init(stop: @escaping @Sendable () -> Void = {}) {
    let flag = flag
    sources = Self.listen {
      if flag.raise() { _exit(ExitStatus.interrupted.rawValue) }
      stop()
    }
    Self.early.withLock { $0 = nil }
  }

  /// Until the first `Interrupt` is made, a signal ends the program at once: while a source is opened, which may wait for
  /// somebody else, nothing is worth keeping. Without this, a program that was started with signals ignored, as shells do
  /// in the background, could not be stopped while it waits.
  static func endAtOnce() {
    let sources = listen { _exit(ExitStatus.interrupted.rawValue) }
    early.withLock { $0 = Early(sources: sources) }
  }

  var isRaised: Bool { flag.isRaised }

  /// From now on a signal ends the program, as it does before the first `Interrupt`. For commands that go on with something
  /// else: nobody would hear it.
  func release() {
    for source in sources { source.cancel() }
    for number in Self.signals { signal(number, SIG_DFL) }
  }

  /// What `nohup` asked to be ignored stays ignored.
  private static let signals: [Int32] = [SIGINT, SIGTERM] + (signal(SIGHUP, SIG_IGN) == nil ? [SIGHUP] : [])
  private static let early = Mutex<Early?>(nil)

  private static func listen(_ handler: @escaping @Sendable () -> Void) -> [any DispatchSourceSignal] {
    // A reader that goes away, or a file that may not grow, is an error of the write that notices it, not the end of the
    // program.
    for number in [SIGPIPE, SIGXFSZ] { signal(number, SIG_IGN) }
    return signals.map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler(handler: handler)
      source.resume()
      return source
    }
  }

  /// Listens until it is let go of.
  private final class Early: @unchecked Sendable {
    private let sources: [any DispatchSourceSignal]
    init(sources: [any DispatchSourceSignal]) { self.sources = sources }
    deinit { for source in sources { source.cancel() } }
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
