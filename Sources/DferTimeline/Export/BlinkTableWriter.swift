/// One row for each blink: which face, when the eyes began to close, were closed most and were open again.
///
/// It reads the frames of the rows that it gets; with ten frames a second most blinks fall between them, so that it is meant for
/// all decoded frames.
package struct BlinkTableWriter: TimelineWriter {
  private let table: CellTable
  private var finders: [Int: (finder: BlinkFinder, seen: Double)] = [:]

  private static let columns = [
    "face_id", "kind", "onset_s", "apex_s", "offset_s", "duration_s", "onset_frame", "apex_frame", "offset_frame",
    "least_open",
  ]
  /// Seconds after which a face that is not seen is forgotten.
  private static let memory = 30.0

  /// Nil when no format has the extension of `path`.
  package init?(_ path: String, overwrite: Bool) throws {
    guard let format = CellTable.Format(path: path) else { return nil }
    table = try CellTable(
      path, format: format, name: "blinks", columns: Self.columns,
      integers: ["face_id", "onset_frame", "apex_frame", "offset_frame"], texts: ["kind"], overwrite: overwrite)
  }

  package mutating func write(_ row: ClipResult) throws {
    finders = finders.filter { row.startSeconds - $0.value.seen < Self.memory }
    guard let face = row.faceID else { return }
    var finder = finders[face]?.finder ?? BlinkFinder()
    for moment in row.moments {
      let eyes = moment.behaviour.eyes?.open
      if let blink = finder.add(frame: moment.frame, time: moment.time, eyes: eyes) { try write(blink, of: face) }
    }
    finders[face] = (finder, row.endSeconds)
  }

  package mutating func finish() throws { try table.finish() }

  private func write(_ blink: Blink, of face: Int) throws {
    let points = [blink.onset, blink.apex, blink.offset]
    try table.append(
      [.integer(face), .text(blink.kind)] + points.map { .decimal($0.time, places: 6) }
        + [.decimal(blink.seconds, places: 6)] + points.map { .integer($0.frame) }
        + [.decimal(blink.leastOpen, places: 3)])
  }
}
