/// Tells what a file is that cannot be read as a table, so that the message names the way out.
enum TextKind {
  /// Refuses what is no UTF-8 text by its first bytes. Throws `CSVTimeline.ParseError`.
  static func refuseOther(_ bytes: [UInt8]) throws {
    let head = bytes.prefix(4096)
    let reason: String
    if head.starts(with: [0xFF, 0xFE]) || head.starts(with: [0xFE, 0xFF]) {
      reason = "UTF-16 text; save it as UTF-8"
    } else if head.starts(with: Array("SQLite format 3\0".utf8)) {
      reason = "an SQLite database; give the rows as CSV, TSV, JSON or JSON Lines"
    } else if isVideo(head) {
      reason = "this is a video; dfer watch reads it, and writes the rows that this command needs"
    } else if head.contains(0) {
      reason = (0.3...0.7).contains(utf16Share(head)) ? "UTF-16 text; save it as UTF-8" : "not a text file"
    } else {
      return
    }
    throw CSVTimeline.ParseError(line: 1, reason: reason)
  }

  /// What a spreadsheet program of another language made of a table that is none of rows; nil when it is no such table.
  static func spreadsheet(_ header: [String]) -> String? {
    guard header.count <= 2, let line = header.first, line.utf8.filter({ $0 == UInt8(ascii: ";") }).count >= 3 else {
      return nil
    }
    return
      "cells are separated by semicolons, and numbers may have decimal commas, as spreadsheets of some languages save them; "
      + "save the table with commas and decimal points"
  }

  /// MP4 and QuickTime, Matroska and WebM, AVI, MPEG-TS and MPEG-PS, by their first bytes.
  private static func isVideo(_ head: ArraySlice<UInt8>) -> Bool {
    func has(_ text: String, at place: Int) -> Bool { head.dropFirst(place).starts(with: text.utf8) }
    return ["ftyp", "moov", "mdat", "wide"].contains { has($0, at: 4) } || head.starts(with: [0x1A, 0x45, 0xDF, 0xA3])
      || (has("RIFF", at: 0) && has("AVI ", at: 8)) || head.starts(with: [0, 0, 1, 0xBA])
      || (head.count > 188 && head[head.startIndex] == 0x47 && head[head.startIndex + 188] == 0x47)
  }

  private static func utf16Share(_ head: ArraySlice<UInt8>) -> Double {
    Double(head.filter { $0 == 0 }.count) / Double(max(1, head.count))
  }
}
