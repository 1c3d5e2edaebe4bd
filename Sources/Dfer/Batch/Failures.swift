import DferTimeline

/// How one input of a batch ended.
public enum BatchOutcome: Sendable, Hashable {
  case ok
  case damaged
  /// No rows: unreadable, crashed or timed out. `code` is the exit code, 128 + n after signal n.
  case failed(code: Int, message: String)
  case outputFailed(message: String)

  /// Exit code and message for `failures.csv`; nil when all is well.
  var failure: (code: Int, message: String)? {
    switch self {
    case .ok: nil
    case .damaged: (4, "the video is damaged; its rows say where")
    case .failed(let code, let message): (code, message)
    case .outputFailed(let message): (5, message)
    }
  }

  /// The exit code of a batch: outputs that failed come before unreadable inputs, and those before damage, because only
  /// the first kind is worth another try with nothing changed.
  public static func exitCode(_ outcomes: [BatchOutcome]) -> Int32 {
    var code: Int32 = 0
    for outcome in outcomes {
      switch outcome {
      case .ok: break
      case .outputFailed: return 5
      case .failed: code = 3
      case .damaged: if code == 0 { code = 4 }
      }
    }
    return code
  }

  /// The text of `failures.csv`: a header, and a line for each input that did not end well, in the order given.
  public static func failureTable(_ outcomes: [(path: String, outcome: BatchOutcome)]) -> String {
    var lines = ["input,exit_code,message"]
    for (path, outcome) in outcomes {
      guard let failure = outcome.failure else { continue }
      lines.append(
        [path, String(failure.code), failure.message].map { Quoting.cell($0) }
          .joined(separator: ","))
    }
    return lines.map { $0 + "\n" }.joined()
  }
}
