/// CSV (RFC 4180) and TSV: UTF-8, header first, point as decimal mark, `\n`, empty cell for what is missing.
package struct DelimitedWriter: TimelineWriter {
  private let file: OutputFile
  private let layout: RowLayout
  private let separator: String
  private var hasHeader = false

  package init(_ file: OutputFile, layout: RowLayout, separator: String) {
    self.file = file
    self.layout = layout
    self.separator = separator
  }

  package mutating func write(_ row: ClipResult) throws {
    try writeHeader()
    try file.append(Self.line(row, layout, separator))
  }

  /// With the first row, or at the end: a run that finds nothing to read leaves no table.
  private mutating func writeHeader() throws {
    guard !hasHeader else { return }
    hasHeader = true
    try file.append(layout.columns.joined(separator: separator))
  }

  /// A row as one line, without its end.
  package static func line(_ row: ClipResult, _ layout: RowLayout, _ separator: String = ",") -> String {
    layout.cells(row).map { text($0, separator) }.joined(separator: separator)
  }

  package mutating func finish() throws {
    try writeHeader()
    try file.close()
  }

  static func text(_ cell: RowLayout.Cell, _ separator: String) -> String {
    switch cell {
    case .empty: ""
    case .integer(let value): String(value)
    case .decimal(let value, let places): fixedDecimal(value, places: places)
    case .text(let value): Quoting.cell(value, separator: separator)
    }
  }
}
