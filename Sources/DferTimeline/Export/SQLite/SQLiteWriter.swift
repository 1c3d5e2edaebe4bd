/// An SQLite database with three tables: `rows` (the CSV's columns, typed, NULL for what is missing), `segments`, and
/// `facts` (key, value). Rows go to the disk as they come; the file takes its name when it is complete.
struct SQLiteWriter: TimelineWriter {
  private let stage: StagedPath
  private let database: Database
  private let layout: RowLayout
  private let insert: String
  private var collector: SegmentCollector

  init(_ path: String, overwrite: Bool, layout: RowLayout, media: MediaReference?) throws {
    guard path != "-" else {
      throw OutputError.notWritable(path: path, reason: "a database cannot go to standard output")
    }
    let stage = try StagedPath(path, overwrite: overwrite)
    self.stage = stage
    self.layout = layout
    collector = SegmentCollector(labels: layout.labels)
    let integers: Set = ["clip", "face_id", "start_frame", "end_frame", "success", "face_frames"]
    let texts: Set = ["status", "label", "mask", "model_label", "wall_time"]
    let columns = layout.columns.map { name in
      Quoting.doubled(name) + (integers.contains(name) ? " INTEGER" : texts.contains(name) ? " TEXT" : " REAL")
    }
    let marks = Array(repeating: "?", count: columns.count).joined(separator: ",")
    insert = "INSERT INTO rows VALUES (\(marks))"
    database = try Self.naming(path) {
      let database = try Database(path: stage.temporary)
      try database.run("CREATE TABLE rows (\(columns.joined(separator: ", ")))")
      try database.run(
        "CREATE TABLE segments (face_id INTEGER, label TEXT, start_s REAL, apex_s REAL, end_s REAL, confidence REAL)")
      try database.run("CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT)")
      for (key, value) in [("format", "dfer-timeline 1"), ("video", media?.location ?? "")]
        + layout.model.map({ ("model_" + $0.key, $0.value) })
      {
        try database.run("INSERT INTO facts VALUES (?,?)", [.text(key), .text(value)])
      }
      return database
    }
  }

  mutating func write(_ row: ClipResult) throws {
    collector.add(row)
    let values = layout.cells(row).map { cell -> Database.Value in
      switch cell {
      case .empty: .null
      case .integer(let value): .integer(value)
      case .decimal(let value, let places): Self.real(value, places: places)
      case .text(let value): .text(value)
      }
    }
    try Self.naming(stage.path) { try database.run(insert, values) }
  }

  mutating func finish() throws {
    let timeline = collector.finish()
    try Self.naming(stage.path) {
      for segment in timeline.segments.sorted(by: { ($0.start, $0.faceID ?? -1) < ($1.start, $1.faceID ?? -1) }) {
        try database.run(
          "INSERT INTO segments VALUES (?,?,?,?,?,?)",
          [
            segment.faceID.map { .integer($0) } ?? .null, .text(segment.label), Self.real(segment.start),
            Self.real(segment.apex), Self.real(segment.end),
            segment.faceID == nil ? .null : Self.real(segment.confidence),
          ])
      }
      try database.run("CREATE INDEX rows_by_face ON rows (face_id, start_s)")
      try database.close()
    }
    try stage.commit()
  }

  /// Rounded as in the CSV, so that both hold the same numbers.
  private static func real(_ value: Double, places: Int = 6) -> Database.Value {
    Double(fixedDecimal(value, places: places)).map { .real($0) } ?? .null
  }

  /// SQLite's failures under the name of the file.
  private static func naming<T>(_ path: String, _ body: () throws -> T) throws -> T {
    do { return try body() } catch let failure as Database.Failure {
      throw failure.isFull
        ? OutputError.diskFull(path: path) : OutputError.notWritable(path: path, reason: failure.reason)
    }
  }
}
