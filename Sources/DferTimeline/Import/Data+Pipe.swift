import Foundation

extension Data {
  /// All that a file holds, or a pipe gives until it ends: rows may come out of another program, as in
  /// `dfer summary <(zcat talk.csv.gz)`. `Data(contentsOf:)` refuses pipes.
  ///
  /// What is no text is refused by its first bytes: a film, or a device that never ends, is not read into memory first.
  ///
  /// - Throws: `CocoaError` when it cannot be opened or read, `CSVTimeline.ParseError` when it is no text.
  init(ofFileOrPipe path: String) throws {
    let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
    defer { try? file.close() }
    self = try file.read(upToCount: 1 << 16) ?? Data()
    try TextKind.refuseOther([UInt8](self))
    append(try file.readToEnd() ?? Data())
    if SpreadsheetTable.isSpreadsheet([UInt8](prefix(1 << 16))) {
      self = Data(try SpreadsheetTable.plain([UInt8](self)))
    }
  }
}
