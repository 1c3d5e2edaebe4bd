import Foundation

/// The files of one run that was split, as the one file that it would have written else: faces and clips go on from one to
/// the next, and the last clip of a file overlaps the first one of the next.
enum JoinedRows {
  /// - Parameter parts: files of one format, CSV, TSV or JSON Lines, in the order of time.
  /// - Throws: `CSVTimeline.ParseError` when their columns differ, or what Foundation says of a file.
  static func bytes(of parts: [String]) throws -> [UInt8] {
    var joined: [UInt8] = []
    var header: [String]?
    for path in parts {
      let bytes = Array(try Data(ofFileOrPipe: path))
      if JSONReader.isDocument(bytes) {
        joined += bytes  // JSON Lines have no header
      } else {
        // By cells: a spreadsheet or an editor that has saved one of the files may have changed quotes, line ends, or the mark
        // at the beginning.
        var reader = DelimitedReader(bytes)
        let own = try reader.next()?.cells ?? []
        if let header {
          guard own == header else {
            throw CSVTimeline.ParseError(line: 1, reason: "\(path) has other columns than \(parts[0])")
          }
          joined += bytes[reader.consumed...]
        } else {
          header = own
          joined += bytes
        }
      }
      if let last = joined.last, last != 10 { joined.append(10) }
    }
    return joined
  }
}
