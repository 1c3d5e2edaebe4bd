/// Rows of dfer that a spreadsheet program of another language has saved: cells between semicolons, and numbers with decimal
/// commas.
package enum SpreadsheetTable {
  /// Columns of text, in which a comma is one.
  private static let texts: Set = ["source", "status", "label", "model_label", "wall_time"]

  /// The bytes of a table as dfer writes it, line by line; other bytes as they are. Throws `CSVTimeline.ParseError`.
  package static func plain(_ bytes: [UInt8]) throws -> [UInt8] {
    guard isSpreadsheet(bytes) else { return bytes }
    var reader = DelimitedReader(bytes, separator: ";")
    guard let header = try reader.next() else { return bytes }
    // Faults are told by line, so a line that names the separator stays one.
    var lines = (header.line > 1 ? ["sep=,"] : []) + [header.cells.map { Quoting.cell($0) }.joined(separator: ",")]
    let isText = header.cells.map { texts.contains($0) }
    while let record = try reader.next() {
      let cells = record.cells.enumerated().map { index, cell in
        Quoting.cell(isText.indices.contains(index) && isText[index] ? cell : withPoint(cell))
      }
      lines.append(cells.joined(separator: ","))
    }
    return Array((lines.joined(separator: "\n") + "\n").utf8)
  }

  /// Whether the header is one of rows, with semicolons.
  static func isSpreadsheet(_ bytes: [UInt8]) -> Bool {
    var reader = DelimitedReader(Array(bytes.prefix(100_000)), separator: ";")
    guard let header = try? reader.next()?.cells else { return false }
    return Set(header).isSuperset(of: ["clip", "start_s", "end_s", "status"])
  }

  /// "-0,25" as "-0.25"; anything else as it is.
  private static func withPoint(_ cell: String) -> String {
    let parts = cell.split(separator: ",", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[1].isEmpty,
      parts.joined().allSatisfy({ $0.isASCII && ($0.isNumber || "+-eE".contains($0)) })
    else { return cell }
    return parts.joined(separator: ".")
  }
}
