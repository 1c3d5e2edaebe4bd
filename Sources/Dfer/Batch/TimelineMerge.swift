import DferTimeline
import Foundation

/// Joins the CSV files of many videos into one table with a first column `source`.
///
/// Cells are copied as they stand, so no number changes. Files must have equal headers: rows of two kinds of weights, or
/// with and without landmarks, belong in two tables.
public struct TimelineMerge: Sendable {
  private var header: (text: Substring, path: String)?

  public init() {}

  /// The lines that a file adds; the first file's header comes first. Throws `BatchError`.
  ///
  /// - Parameters:
  ///   - text: the whole file.
  ///   - source: what its rows get in `source`.
  ///   - path: its name for messages.
  public mutating func lines(of text: String, source: String, path: String) throws -> [String] {
    guard text.utf8.last == 10 else { throw BatchError.cutOff(path: path) }
    // Bytes, not Characters: "\r\n" is one Character.
    var lines = text.utf8.split(separator: 10).map { line in Substring(line.last == 13 ? line.dropLast() : line) }
    guard !lines.isEmpty else { throw BatchError.cutOff(path: path) }
    let own = lines.removeFirst()
    var result: [String] = []
    if let header {
      guard header.text == own else { throw BatchError.differentHeader(path: path, first: header.path) }
    } else {
      header = (own, path)
      result.append("source," + own)
    }
    let cell = Quoting.cell(source) + ","
    return result + lines.map { cell + $0 }
  }
}
