import CProcess
import Foundation
import Synchronization

/// Ctrl-C, SIGTERM and a closed terminal (SIGHUP) as the end of reading: rows that are complete are still written. A second
/// signal, more than a second later, ends the program at once.
final class Interrupt: Sendable {
  /// Monotonic moment of the first signal.
  private let first = Mutex<ContinuousClock.Instant?>(nil)
  private let stop: @Sendable () -> Void

  /// Signals are this object's, which they keep alive, until another one is made or it is released.
  /// - Parameter stop: called once, on another thread, when the first signal comes.
  init(stop: @escaping @Sendable () -> Void = {}) {
    self.stop = stop
    Signals.hear { self.raise() }
  }

  /// A file that may not grow, by a limit or quota of a cluster, is an error of the write that notices it, not the end of the
  /// program, which would leave half a file.
  static func surviveFileLimits() { signal(SIGXFSZ, SIG_IGN) }

  /// Until the first `Interrupt` is made, a signal ends the program at once: while a source is opened, which may wait for
  /// somebody else, nothing is worth keeping. Without this, a program that was started with signals ignored, as shells do
  /// in the background, could not be stopped while it waits.
  static func endAtOnce() { Signals.hear(endProgram) }

  var isRaised: Bool { first.withLock { $0 != nil } }

  /// From now on a signal ends the program, as it does before the first `Interrupt`. For commands that go on with something
  /// else: nobody would hear it.
  func release() { Self.endAtOnce() }

  /// Raises the flag, or ends the program for somebody who has been asking for more than a second. Programs that pass a
  /// signal on, like `timeout`, often send it twice at once.
  private func raise() {
    let now = ContinuousClock.now
    let before = first.withLock { first in
      defer { first = first ?? now }
      return first
    }
    guard let before else { return stop() }
    if now - before > .seconds(1) { endProgram() }
  }
}

@Sendable private func endProgram() { _exit(ExitStatus.interrupted.rawValue) }

/// The process's signals, heard by one thread that lives as long as the process.
private enum Signals {
  private static let handler = Mutex<(@Sendable () -> Void)?>(nil)

  /// Whoever asked last hears of every signal that comes.
  static func hear(_ handler: @escaping @Sendable () -> Void) {
    self.handler.withLock { $0 = handler }
    _ = listening
  }

  /// Begun once.
  private static let listening: Void = {
    // A reader that goes away is an error of the write that notices it, not the end of the program.
    signal(SIGPIPE, SIG_IGN)
    // What `nohup` asked to be ignored stays ignored; what a shell ignores for programs in its background does not.
    let numbers = [SIGINT, SIGTERM] + (cprocess_is_ignored(SIGHUP) == 0 ? [SIGHUP] : [])
    let end = unsafe cprocess_listen(numbers, Int32(numbers.count))
    // Without a pipe, signals do what they do to every program.
    guard end >= 0 else { return }
    let pipe = FileHandle(fileDescriptor: end, closeOnDealloc: false)
    Thread.detachNewThread {
      while let byte = try? pipe.read(upToCount: 1), !byte.isEmpty { Signals.handler.withLock { $0 }?() }
    }
  }()
}
