/// JSON Lines: one object for each row, the CSV's fields in the CSV's order, `null` for what is missing.
package struct JSONLinesWriter: TimelineWriter {
  private let file: OutputFile
  private let rows: RowJSON

  package init(_ file: OutputFile, layout: RowLayout) {
    self.file = file
    rows = RowJSON(layout)
  }

  package mutating func write(_ row: ClipResult) throws { try file.append(rows.text(row)) }

  package mutating func finish() throws { try file.close() }
}

/// Rows as JSON objects, each on one line.
package struct RowJSON: Sendable {
  private let layout: RowLayout
  private let keys: [String]

  package init(_ layout: RowLayout) {
    self.layout = layout
    keys = layout.columns.map { Quoting.json($0) + ":" }
  }

  package func text(_ row: ClipResult) -> String {
    "{" + zip(keys, layout.cells(row)).map { $0 + Self.text($1) }.joined(separator: ",") + "}"
  }

  /// Named cells as one object.
  static func object(_ cells: some Sequence<(String, RowLayout.Cell)>) -> String {
    "{" + cells.map { Quoting.json($0.0) + ":" + text($0.1) }.joined(separator: ",") + "}"
  }

  private static func text(_ cell: RowLayout.Cell) -> String {
    switch cell {
    case .empty: "null"
    case .integer(let value): String(value)
    case .decimal(let value, let places): value.isFinite ? fixedDecimal(value, places: places) : "null"
    case .text(let value): Quoting.json(value)
    }
  }
}
