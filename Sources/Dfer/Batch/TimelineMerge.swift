import DferTimeline
import Foundation

/// Joins the CSV files of many videos into one table with a first column `source`.
///
/// Cells are copied as they stand, so no number changes. Files must have equal headers: rows of two kinds of weights, or
/// with and without landmarks, belong in two tables.
package struct TimelineMerge: Sendable {
  private var header: (cells: [ExactName], path: String)?

  package init() {}

  /// The lines that a file adds; the first file's header comes first. Throws `BatchError`.
  ///
  /// - Parameters:
  ///   - text: the whole file.
  ///   - source: what its rows get in `source`.
  ///   - path: its name for messages.
  package mutating func lines(of text: String, source: String, path: String) throws -> [String] {
    guard text.utf8.last == 10 || text.utf8.last == 13 else { throw BatchError.cutOff(path: path) }
    var records = Self.records(text)
    guard !records.isEmpty else { throw BatchError.cutOff(path: path) }
    let first = records.removeFirst()
    var reader = DelimitedReader(Array(first.utf8))
    // By cells: somebody may have saved one of the files with quotes.
    let own = (try? reader.next())??.cells.map { ExactName($0) } ?? [ExactName(first)]
    for (row, text) in records.enumerated() {
      var reader = DelimitedReader(Array(text.utf8))
      reader.wanted = []
      func bad(_ reason: String) -> BatchError { .badRow(path: path, row: row + 1, reason: reason) }
      let cells: Int
      do { cells = try reader.next()?.cells.count ?? 0 } catch {
        throw bad("\((error as? CSVTimeline.ParseError)?.reason ?? "")")
      }
      guard cells == own.count else { throw bad("\(cells) cells instead of \(own.count)") }
      guard !text.utf8.contains(0) else { throw bad("a NUL byte") }
    }
    var result: [String] = []
    if let header {
      guard header.cells == own else { throw BatchError.differentHeader(path: path, first: header.path) }
    } else {
      header = (own, path)
      result.append("source," + first)
    }
    let cell = Quoting.cell(Quoting.path(source)) + ","
    return result + records.map { cell + $0 }
  }

  /// The lines of a table without their ends and without a byte order mark; a line end inside quotes ends none. By bytes:
  /// "\r\n" is one Character.
  private static func records(_ text: String) -> [String] {
    var bytes = Array(text.utf8)[...]
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
    var records: [String] = []
    var (start, isQuoted) = (bytes.startIndex, false)
    for place in bytes.indices {
      if bytes[place] == UInt8(ascii: "\"") { isQuoted.toggle() }
      guard bytes[place] == 10 || bytes[place] == 13, !isQuoted else { continue }
      // What "\r\n" leaves is an empty line, and those are none.
      if place > start { records.append(String(decoding: bytes[start..<place], as: UTF8.self)) }
      start = place + 1
    }
    return records
  }
}
