/// Splits delimited text (RFC 4180, or the same with another separator) into records, one at a time, so that memory
/// holds one line. Accepts `\n`, `\r\n` and `\r`, and a byte order mark. Works on bytes: a mark that combines with a
/// separator or a quote does not hide it.
package struct DelimitedReader {
  package struct Record: Sendable, Hashable {
    /// From 1: where the record starts.
    package let line: Int
    package let cells: [String]
    /// The same for records of the same bytes; 0 unless `keepsChecksums`.
    package var checksum: UInt64 = 0
  }

  private let bytes: [UInt8]
  private var separator: UInt8
  private var place: Int
  /// How many bytes the records so far had, with their line ends.
  package var consumed: Int { place }
  private var line = 1
  /// Places of the cells that are needed; the others stay empty. Nil: all of them.
  package var wanted: Set<Int>?
  /// Whether a quote inside a cell that does not begin with one is text, as in tables of programs that never quote.
  package var allowsBareQuotes = false
  package var keepsChecksums = false

  package init(_ bytes: [UInt8], separator: Unicode.Scalar = ",") {
    self.bytes = bytes
    self.separator = UInt8(ascii: separator)
    place = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    takeSeparatorLine()
  }

  /// A first line "sep=," names the separator: spreadsheet programs write and heed it.
  private mutating func takeSeparatorLine() {
    let rest = bytes[place...].dropFirst(5)
    guard bytes[place...].starts(with: "sep=".utf8), rest.first == 10 || rest.first == 13 else { return }
    separator = bytes[place + 4]
    place += rest.starts(with: [13, 10]) ? 7 : 6
    line = 2
  }

  /// The next record; nil at the end. Throws `CSVTimeline.ParseError`.
  package mutating func next() throws -> Record? {
    guard place < bytes.count else { return nil }
    let (start, first) = (line, place)
    var cells: [String] = []
    while true {
      cells.append(try cell(isWanted: wanted?.contains(cells.count) ?? true))
      guard place < bytes.count else { return record(start, cells, first..<place) }
      let end = bytes[place]
      place += 1
      if end == UInt8(ascii: "\r"), place < bytes.count, bytes[place] == UInt8(ascii: "\n") { place += 1 }
      guard end == separator else {
        line += 1
        return record(start, cells, first..<place - 1)
      }
    }
  }

  private func record(_ line: Int, _ cells: [String], _ range: Range<Int>) -> Record {
    var record = Record(line: line, cells: cells)
    guard keepsChecksums else { return record }
    // FNV-1a, without the ends of lines, which may differ.
    record.checksum = bytes[range].reduce(0xcbf2_9ce4_8422_2325) { sum, byte in
      byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\n") ? sum : (sum ^ UInt64(byte)) &* 0x100_0000_01b3
    }
    return record
  }

  /// One cell; afterwards `place` is at the separator or line end behind it, or at the end.
  private mutating func cell(isWanted: Bool) throws -> String {
    if place < bytes.count && bytes[place] == UInt8(ascii: "\"") { return try quotedCell() }
    let start = place
    while place < bytes.count, !isEnd(place) {
      if bytes[place] == UInt8(ascii: "\""), !allowsBareQuotes {
        throw CSVTimeline.ParseError(line: line, reason: "quote inside an unquoted cell")
      }
      place += 1
    }
    return isWanted ? try text(bytes[start..<place]) : ""
  }

  private mutating func quotedCell() throws -> String {
    let startLine = line
    var content: [UInt8] = []
    place += 1
    while place < bytes.count {
      let byte = bytes[place]
      place += 1
      if byte == UInt8(ascii: "\n") { line += 1 }
      if byte != UInt8(ascii: "\"") {
        content.append(byte)
      } else if place < bytes.count && bytes[place] == byte {
        content.append(byte)
        place += 1
      } else {
        guard place == bytes.count || isEnd(place) else {
          throw CSVTimeline.ParseError(line: line, reason: "text after a closing quote")
        }
        return try text(content[...])
      }
    }
    throw CSVTimeline.ParseError(line: startLine, reason: "quote never closed")
  }

  private func isEnd(_ place: Int) -> Bool {
    let byte = bytes[place]
    return byte == separator || byte == UInt8(ascii: "\n")
      || byte == UInt8(ascii: "\r")
  }

  private func text(_ slice: ArraySlice<UInt8>) throws -> String {
    guard let text = String(validating: slice, as: UTF8.self) else {
      throw CSVTimeline.ParseError(line: line, reason: "not UTF-8 text")
    }
    return text
  }
}
