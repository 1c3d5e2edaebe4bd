import DferTensor
import Foundation

/// Tables for people, or one line of JSON for programs.
struct Report {
  /// The machine that the numbers were measured on.
  private struct Machine: Encodable {
    var blasCore = ComputeInfo.blasCore
    var threads = ComputeInfo.threads
    var instructionSet = ComputeInfo.instructionSet
    var warning = ComputeInfo.warning
  }

  /// One measured number.
  private struct Entry: Encodable {
    let table, row, column: String
    let value: Double
  }

  private struct Contents: Encodable {
    var machine = Machine()
    var entries: [Entry] = []
  }

  private let json: Bool
  private var contents = Contents()

  init(json: Bool) {
    self.json = json
    guard !json else { return }
    let machine = contents.machine
    print("OpenBLAS \(machine.blasCore), \(machine.threads) threads, kernels \(machine.instructionSet)")
    if let warning = machine.warning { print("warning: \(warning)") }
  }

  /// Adds a table of numbers; nil leaves a cell empty.
  mutating func add(_ title: String, columns: [String], rows: [(name: String, values: [Double?])]) {
    for row in rows {
      for (column, value) in zip(columns, row.values) {
        if let value { contents.entries.append(Entry(table: title, row: row.name, column: column, value: value)) }
      }
    }
    guard !json else { return }
    let first = max(title.count, rows.map(\.name.count).max() ?? 0)
    let widths = columns.map { max($0.count, 9) }
    print("\n" + title.padded(to: first) + zip(columns, widths).map { "  " + $0.leftPadded(to: $1) }.joined())
    for row in rows {
      let cells = zip(row.values, widths).map { value, width in
        "  " + (value.map(Self.text) ?? "").leftPadded(to: width)
      }
      print(row.name.padded(to: first) + cells.joined())
    }
  }

  /// Prints what has not been printed yet.
  func finish() throws {
    guard json else { return }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(contents), as: UTF8.self))
  }

  /// Three or more digits that mean something, without an exponent.
  private static func text(_ value: Double) -> String {
    String(format: value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : "%.2f", value)
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
  fileprivate func leftPadded(to width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}
