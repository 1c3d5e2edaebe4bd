import Foundation

/// One JSON document: facts, all rows with the CSV's fields, and the segments made of them. Rows go to the disk as they
/// come; the document takes its name when it is complete.
struct JSONWriter: TimelineWriter {
  private let file: OutputFile
  private let rows: RowJSON
  private var collector: SegmentCollector
  private var isFirst = true

  init(_ file: OutputFile, layout: RowLayout, media: MediaReference?) throws {
    self.file = file
    rows = RowJSON(layout)
    collector = SegmentCollector(labels: layout.labels)
    let video = media.map { Quoting.json($0.location) } ?? "null"
    let labels = layout.labels.sorted().map(Quoting.json).joined(separator: ",")
    let columns = layout.columns.map(Quoting.json).joined(separator: ",")
    try file.append("{\"format\":\"dfer-timeline\",\"version\":1,\"video\":\(video),\"labels\":[\(labels)],")
    let model = layout.model.sorted { $0.key < $1.key }.map { Quoting.json($0.key) + ":" + Quoting.json($0.value) }
    try file.append("\"model\":{\(model.joined(separator: ","))},")
    try file.append("\"columns\":[\(columns)],\"rows\":[")
  }

  mutating func write(_ row: ClipResult) throws {
    collector.add(row)
    try file.append((isFirst ? "" : ",") + rows.text(row))
    isFirst = false
  }

  mutating func finish() throws {
    let timeline = collector.finish()
    let segments = timeline.segments.sorted { ($0.start, $0.faceID ?? -1) < ($1.start, $1.faceID ?? -1) }.map {
      "{\"face_id\":\($0.faceID.map(String.init) ?? "null"),\"label\":\(Quoting.json($0.label)),"
        + "\"start_s\":\(fixedDecimal($0.start, places: 6)),\"apex_s\":\(fixedDecimal($0.apex, places: 6)),\"end_s\":\(fixedDecimal($0.end, places: 6)),"
        + "\"confidence\":\($0.faceID == nil ? "null" : fixedDecimal($0.confidence, places: 6))}"
    }
    try file.append("],\"segments\":[")
    if !segments.isEmpty { try file.append(segments.joined(separator: ",\n")) }
    try file.append("],\"duration_s\":\(fixedDecimal(timeline.duration, places: 6))}")
    try file.close()
  }
}
