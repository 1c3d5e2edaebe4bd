/// JSON Lines: one object for each row, the CSV's fields in the CSV's order, `null` for what is missing.
public struct JSONLinesWriter: TimelineWriter {
  private let file: OutputFile
  private let layout: RowLayout

  public init(_ file: OutputFile, layout: RowLayout) {
    self.file = file
    self.layout = layout
  }

  public mutating func write(_ row: ClipResult) throws { try file.append(Self.object(row, layout)) }

  public mutating func finish() throws { try file.close() }

  /// A row as a JSON object.
  static func object(_ row: ClipResult, _ layout: RowLayout) -> String {
    "{" + zip(layout.columns, layout.cells(row)).map { Quoting.json($0) + ":" + text($1) }.joined(separator: ",") + "}"
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
