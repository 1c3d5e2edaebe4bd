import CProcess
import DferTimeline
import Foundation

/// How a run ended, as the shell sees it.
enum ExitStatus: Int32, Error {
  case ok = 0
  case usage = 2
  case unreadableInput = 3
  case finishedWithDamage = 4
  case outputFailed = 5
  case interrupted = 130

  /// Ends the program, once what was printed has been written.
  ///
  /// Threads may still decode or calculate here. Exit handlers would take away the memory of the libraries that they are in:
  /// OpenBLAS's frees what a product is being made with. So none of them runs.
  func endProgram() -> Never {
    let fault = cprocess_flush()
    // Whoever reads a pipe may stop when they have enough.
    guard self == .ok, fault != 0, fault != EPIPE else { cprocess_end(rawValue) }
    let reason = fault == ENOSPC ? "no space is left" : "error \(fault)"
    Terminal.write("dfer: \(OutputError.notWritable(path: "standard output", reason: reason))\n")
    cprocess_end(Self.outputFailed.rawValue)
  }
}
