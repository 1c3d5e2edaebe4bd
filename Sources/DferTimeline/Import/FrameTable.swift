import DferImage

/// A table of another program, one row a frame and face, before its columns are understood.
struct FrameTable {
  private var reader: DelimitedReader
  private let header: [String]
  private let index: [String: Int]

  init(_ bytes: [UInt8]) throws {
    let separator = Self.separator(bytes)
    reader = DelimitedReader(bytes, separator: separator)
    // iMotions puts lines about the study in front, each starting with a number sign, and an empty one.
    while true {
      guard let record = try reader.next() else { throw CSVTimeline.ParseError(line: 1, reason: "no header") }
      let first = record.cells[0]
      if first.hasPrefix("#") || (first.isEmpty && record.cells.count == 1) { continue }
      // OpenFace puts a space behind each comma.
      header = record.cells.map { String($0.drop { $0 == " " }) }
      break
    }
    index = Dictionary(header.enumerated().map { ($1, $0) }) { first, _ in first }
  }

  /// Whether these are dfer's own rows.
  var isOwn: Bool { index["clip"] != nil && index["start_s"] != nil }

  /// The table as dfer's own rows.
  func own() throws -> CSVTimeline {
    var reader = reader
    return try CSVTimeline(header: header) { try reader.next() }
  }

  /// Frames in the order of time. Throws `CSVTimeline.ParseError`.
  func frames(frameRate: Double?) throws -> (origin: ImportedTimeline.Origin, labels: [String], rows: [ClipResult]) {
    guard let dialect = FrameDialect(header) else {
      if let reason = TextKind.spreadsheet(header) { throw CSVTimeline.ParseError(line: 1, reason: reason) }
      throw CSVTimeline.ParseError(
        line: 1, reason: "neither rows of dfer nor a table of OpenFace, py-feat, LibreFace or iMotions")
    }
    guard !dialect.classes.isEmpty || dialect.label != nil else {
      throw CSVTimeline.ParseError(
        line: 1, reason: "\(dialect.origin.rawValue) wrote no expressions into this table, only other measures")
    }
    if dialect.clock.needsRate && frameRate == nil {
      throw CSVTimeline.ParseError(
        line: 1, reason: "\(dialect.origin.rawValue) writes no exact times; --fps says how many frames a second has")
    }
    var reader = reader
    reader.wanted = Set(dialect.columns.compactMap { index[$0] })
    reader.keepsChecksums = dialect.face == nil
    var builder = FrameBuilder(dialect, index: index, frameRate: frameRate ?? 1)
    while let record = try reader.next() {
      if record.cells == [""] { continue }
      guard record.cells.count == header.count else {
        throw CSVTimeline.ParseError(
          line: record.line, reason: "\(record.cells.count) cells instead of \(header.count)")
      }
      try builder.add(record)
    }
    let (labels, rows) = try builder.finish()
    return (dialect.origin, labels, rows)
  }

  /// Tab when the header has one, else comma.
  static func separator(_ bytes: [UInt8]) -> Unicode.Scalar {
    let header = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 40).first { line in
      line.first != UInt8(ascii: "#") && line.contains { $0 > 0x20 }
    }
    return header?.contains(UInt8(ascii: "\t")) == true ? "\t" : ","
  }
}
