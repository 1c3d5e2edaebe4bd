import Foundation

/// What a table that lies among files of rows is, by its header alone.
package enum TableKind: Sendable, Hashable {
  /// Rows of one video.
  case rows
  /// Rows of many videos, by `dfer merge`.
  case merged
  /// What `dfer batch` could not read.
  case failures
  /// By `dfer summary`.
  case summary
  /// Whatever else, such as a table of another program.
  case other

  /// What comes out of a pipe comes once: its head is left to whoever reads all of it.
  package init(path: String) {
    let url = URL(fileURLWithPath: path).resolvingSymlinksInPath()
    let isFile = (try? url.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile) ?? false
    guard isFile, let file = try? FileHandle(forReadingFrom: URL(fileURLWithPath: path)) else {
      self = .other
      return
    }
    defer { try? file.close() }
    self.init(head: Array((try? file.read(upToCount: 100_000)) ?? Data()))
  }

  init(head: [UInt8]) {
    if JSONReader.isDocument(head) {
      self = .rows
      return
    }
    let isSpreadsheet = SpreadsheetTable.isSpreadsheet(head)
    var reader = DelimitedReader(head, separator: isSpreadsheet ? ";" : FrameTable.separator(head))
    let header = (try? reader.next())?.cells ?? []
    let has = Set(header)
    if has.contains("clip"), has.contains("start_s") {
      self = has.contains("source") ? .merged : .rows
    } else if header == ["input", "exit_code", "message"] {
      self = .failures
    } else if has.isSuperset(of: ["video", "face_id", "video_s", "read_s"]) {
      self = .summary
    } else {
      self = .other
    }
  }
}
