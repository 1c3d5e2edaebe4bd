import DferModels
import DferTensor
import DferTimeline
import Foundation

extension ReadingPrior {
  /// - Parameter argument: `balanced`, `training`, or the path of a CSV file with the columns `label` and `fraction`.
  /// - Throws: `CheckpointError` that says what is wrong with the file.
  package init(argument: String) throws {
    switch argument {
    case "balanced": self = .balanced
    case "training": self = .training
    default: self = .fractions(try Self.fractions(argument))
    }
  }

  private static func fractions(_ path: String) throws -> [String: Double] {
    func fault(_ reason: String) -> CheckpointError { CheckpointError(path: path, reason: reason) }
    guard let text = try? String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8) else {
      throw fault("no such text file; a prior is balanced, training, or a CSV file with the columns label and fraction")
    }
    let records: [(line: Int, cells: [String])]
    do { records = try CSVTimeline.records(text).filter { $0.cells != [""] } } catch let error as CSVTimeline.ParseError
    {
      throw fault("line \(error.line): \(error.reason)")
    }
    guard records.first?.cells == ["label", "fraction"] else {
      throw fault("line 1: the columns must be label,fraction")
    }
    var fractions: [String: Double] = [:]
    for record in records.dropFirst() {
      guard record.cells.count == 2, let value = Double(record.cells[1]), value >= 0, value.isFinite,
        fractions[record.cells[0]] == nil
      else { throw fault("line \(record.line): not a label that is new and a fraction not below 0") }
      fractions[record.cells[0]] = value
    }
    let sum = fractions.values.reduce(0, +)
    guard sum > 0 else { throw fault("its fractions add up to 0") }
    return fractions.mapValues { $0 / sum }
  }
}
