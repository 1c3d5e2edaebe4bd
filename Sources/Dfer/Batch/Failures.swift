import DferTimeline
import Foundation

/// How one input of a batch ended.
package enum BatchOutcome: Sendable, Hashable {
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
  package static func exitCode(_ outcomes: [BatchOutcome]) -> Int32 {
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

  /// The name of the list of failures, one for each shard.
  package static func failureTableName(_ shard: Shard?) -> String {
    guard let shard, shard.count > 1 else { return "failures.csv" }
    return "failures-\(shard.index + 1)-of-\(shard.count).csv"
  }

  /// Whether a batch may write such a list under this name, wherever capitals and small letters are one.
  static func isFailureTable(_ name: String) -> Bool {
    name.lowercased().wholeMatch(of: /failures(-\d+-of-\d+)?\.csv/) != nil
  }

  /// The text of `failures.csv`: a header, a line for each input that did not end well, in the order given, and one for
  /// whatever was left out, with exit code 3 where it is a video and 0 where it is none.
  ///
  /// - Parameters:
  ///   - table: that is there already, of an earlier batch or of one that goes on at the same time. Its lines stay, but those of
  ///     `inputs` and of files that are gone.
  package static func failureTable(
    _ outcomes: [(path: String, outcome: BatchOutcome)], leftOut: [LeftOut] = [], keeping table: String = "",
    ofOthersThan inputs: Set<ExactName> = []
  ) -> String {
    var lines = ["input,exit_code,message"]
    func add(_ path: String, _ code: Int, _ message: String) {
      lines.append(
        [Quoting.path(path), String(code), (Quoting.isFormula(message) ? " " : "") + message]
          .map { Quoting.cell($0) }.joined(separator: ","))
    }
    for (path, outcome) in outcomes {
      if let failure = outcome.failure { add(path, failure.code, failure.message) }
    }
    let own = Set((inputs.map(\.text) + leftOut.map(\.path)).map { ExactName(Quoting.path($0)) })
    let records = (try? CSVTimeline.records(table)) ?? []
    for record in records.dropFirst() where record.cells.count == 3 && !own.contains(ExactName(record.cells[0])) {
      guard FileManager.default.fileExists(atPath: record.cells[0]) else { continue }
      lines.append(record.cells.map { Quoting.cell($0) }.joined(separator: ","))
    }
    for entry in leftOut { add(entry.path, entry.isFailure ? 3 : 0, "left out: " + entry.reason) }
    return lines.map { $0 + "\n" }.joined()
  }
}
