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
    database = try Database.naming(path) {
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
    let values = layout.cells(row).map(Database.Value.init)
    try Database.naming(stage.path) { try database.run(insert, values) }
  }

  mutating func finish() throws {
    let timeline = collector.finish()
    try Database.naming(stage.path) {
      for segment in timeline.segments.sorted(by: { ($0.start, $0.faceID ?? -1) < ($1.start, $1.faceID ?? -1) }) {
        try database.run(
          "INSERT INTO segments VALUES (?,?,?,?,?,?)",
          [
            segment.faceID.map { .integer($0) } ?? .null, .text(segment.label),
            Database.Value.real(rounded: segment.start),
            Database.Value.real(rounded: segment.apex), Database.Value.real(rounded: segment.end),
            segment.faceID == nil ? .null : Database.Value.real(rounded: segment.confidence),
          ])
      }
      try database.run("CREATE INDEX rows_by_face ON rows (face_id, start_s)")
      try database.close()
    }
    try stage.commit()
  }
}
