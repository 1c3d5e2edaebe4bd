import Dfer
import Dispatch
import Foundation

/// Another `dfer` that does a part of the work, so that what kills it kills nothing else. Its standard output and errors
/// go to files: a pipe that nobody reads would stop it.
final class ChildProcess {
  private let process = Process()

  /// Starts this same program with `arguments`.
  init(_ arguments: [String], output: URL? = nil, errors: URL? = nil) throws {
    guard let program = Installation.currentExecutable else {
      throw CocoaError(.executableNotLoadable)
    }
    process.executableURL = program
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try Self.file(output)
    process.standardError = try Self.file(errors)
    try process.run()
  }

  var isRunning: Bool { process.isRunning }

  /// The exit code, 128 + n after signal n. Only for a process that has ended.
  var code: Int {
    let status = Int(process.terminationStatus)
    return process.terminationReason == .uncaughtSignal ? 128 + status : status
  }

  func interrupt() { process.interrupt() }

  func kill() {
    if process.isRunning { _ = Foundation.kill(process.processIdentifier, SIGKILL) }
  }

  func wait() { process.waitUntilExit() }

  private static func file(_ url: URL?) throws -> FileHandle {
    guard let url else { return .nullDevice }
    try Data().write(to: url)
    return try FileHandle(forWritingTo: url)
  }
}

/// The other side: ends this program when the process that started it is gone, wherever it may be stuck. Nobody is left
/// who would give its rows their name.
final class ParentWatch {
  private let timer: any DispatchSourceTimer

  init(parent: Int32) {
    // Before anything is written: a batch may have been killed while this program was loading.
    if getppid() != parent { _exit(ExitStatus.interrupted.rawValue) }
    timer = DispatchSource.makeTimerSource(queue: .global())
    timer.setEventHandler { if getppid() != parent { _exit(ExitStatus.interrupted.rawValue) } }
    timer.schedule(deadline: .now(), repeating: 0.5)
    timer.resume()
  }

  deinit { timer.cancel() }
}
