/// JSON Lines: one object for each row, the CSV's fields in the CSV's order, `null` for what is missing.
public struct JSONLinesWriter: TimelineWriter {
  private let file: OutputFile
  private let layout: RowLayout
  private let keys: [String]

  public init(_ file: OutputFile, layout: RowLayout) {
    self.file = file
    self.layout = layout
    keys = layout.columns.map { Self.quoted($0) + ":" }
  }

  public mutating func write(_ row: ClipResult) throws {
    try file.append("{" + zip(keys, layout.cells(row)).map { $0 + text($1) }.joined(separator: ",") + "}")
  }

  public mutating func finish() throws { try file.close() }

  private func text(_ cell: RowLayout.Cell) -> String {
    switch cell {
    case .empty: "null"
    case .integer(let value): String(value)
    case .decimal(let value, let places): value.isFinite ? fixedDecimal(value, places: places) : "null"
    case .text(let value): Self.quoted(value)
    }
  }

  /// A JSON string (RFC 8259): quotes, backslashes and control characters escaped.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      case let other where other.value < 0x20:
        result += "\\u" + String(repeating: "0", count: 4 - String(other.value, radix: 16).count) + String(other.value, radix: 16)
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
