import Foundation

/// Cells of tables and fields of JSON lines as they are written, for `RowCheck`.
enum RowText {
  struct Unreadable: Error, CustomStringConvertible { let description: String }

  /// RFC 4180, by bytes.
  static func table(_ bytes: [UInt8], _ separator: UInt8) throws -> [[String]] {
    var (table, row, cell): ([[String]], [String], [UInt8]) = ([], [], [])
    var (isQuoted, place) = (false, 0)
    func text() -> String { String(decoding: cell, as: UTF8.self) }
    while place < bytes.count {
      let byte = bytes[place]
      place += 1
      if isQuoted {
        if byte != 34 {
          cell.append(byte)
        } else if place < bytes.count, bytes[place] == 34 {
          cell.append(34)
          place += 1
        } else {
          isQuoted = false
        }
      } else if byte == 34 {
        guard cell.isEmpty else { throw Unreadable(description: "a quote inside a cell") }
        isQuoted = true
      } else if byte == separator || byte == 10 {
        row.append(text())
        cell = []
        if byte == 10 {
          table.append(row)
          row = []
        }
      } else {
        cell.append(byte)
      }
    }
    guard !isQuoted else { throw Unreadable(description: "a quote never closed") }
    if !row.isEmpty || !cell.isEmpty { table.append(row + [text()]) }
    return table
  }

  /// Names and values of a flat JSON object as they are written; null is empty.
  static func object(_ bytes: [UInt8]) throws -> ([String], [String]) {
    guard (try? JSONSerialization.jsonObject(with: Data(bytes))) is [String: Any] else {
      throw Unreadable(description: "no JSON object")
    }
    var parts: [String] = []
    var (part, isQuoted, isEscaped): ([UInt8], Bool, Bool) = ([], false, false)
    for byte in bytes.dropFirst().dropLast() {
      if !isQuoted, byte == 44 || byte == 58 {
        parts.append(String(decoding: part, as: UTF8.self))
        part = []
        continue
      }
      if byte == 34, !isEscaped { isQuoted.toggle() }
      isEscaped = byte == 92 && !isEscaped
      part.append(byte)
    }
    parts.append(String(decoding: part, as: UTF8.self))
    func value(_ text: String) -> String {
      text == "null" ? "" : text.hasPrefix("\"") ? String(text.dropFirst().dropLast()) : text
    }
    return (
      stride(from: 0, to: parts.count - 1, by: 2).map { value(parts[$0]) },
      stride(from: 1, to: parts.count, by: 2).map { value(parts[$0]) }
    )
  }
}
