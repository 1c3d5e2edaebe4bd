import DferImage

/// Which frames a table of frames has.
package enum FrameRows: String, Sendable, CaseIterable {
  /// Those that clips are made of, about ten a second.
  case moments
  /// Every decoded frame.
  case all
}

/// One row for each frame and face: head pose and what else was asked for.
///
/// Of frames that clips are made of, each is looked at more than once, because clips overlap: it is told from the clip whose
/// middle is nearest. Where all decoded frames are written, each was read once, among the decoded frames beside it. Nothing
/// is interpolated: a frame in which the face was not looked at has no row.
package struct FrameTableWriter: TimelineWriter {
  private let table: CellTable
  private let layout: RowLayout
  private let rows: FrameRows
  private var splitter = ShareSplitter()
  /// The last frame that was written, by face.
  private var written: [Int: Int] = [:]

  private static let first = [
    "frame", "time_s", "face_id", "clip", "status", "success", "box_x", "box_y", "box_w", "box_h", "yaw_deg",
    "pitch_deg", "roll_deg",
  ]
  /// Extensions of the files that it writes, for messages.
  package static var extensions: String {
    CellTable.Format.allCases.map { "." + $0.rawValue }.joined(separator: ", ")
  }

  /// Nil when no format has the extension of `path`.
  package init?(_ path: String, layout: RowLayout, rows: FrameRows = .moments, overwrite: Bool) throws {
    guard let format = CellTable.Format(path: path) else { return nil }
    (self.layout, self.rows) = (layout, rows)
    table = try CellTable(
      path, format: format, name: "frames", columns: Self.first + layout.behaviourColumns(perFrame: true),
      integers: ["frame", "face_id", "clip", "success"], texts: ["status"], overwrite: overwrite)
  }

  /// Whether a file of this name can be written.
  package static func takes(_ path: String) -> Bool { CellTable.Format(path: path) != nil }

  package mutating func write(_ row: ClipResult) throws {
    guard rows == .moments else { return try write(row.moments, of: row) }
    for share in splitter.add(row) { try write(share) }
  }

  package mutating func finish() throws {
    for share in splitter.finish() { try write(share) }
    try table.finish()
  }

  private mutating func write(_ share: TimeShare) throws {
    try write(
      share.row.moments.filter { $0.time >= share.start - 1e-6 && $0.time < share.end - 1e-6 }, of: share.row)
  }

  private mutating func write(_ moments: [Moment], of row: ClipResult) throws {
    guard let face = row.faceID else { return }
    for moment in moments where moment.frame > written[face] ?? -1 {
      written[face] = moment.frame
      try table.append(cells(moment, of: row))
    }
  }

  private func cells(_ moment: Moment, of row: ClipResult) -> [RowLayout.Cell] {
    var told = row
    (told.behaviour, told.rollDegrees) = (moment.behaviour, moment.rollDegrees)
    func decimal(_ value: Double?, _ places: Int) -> RowLayout.Cell {
      value.map { .decimal($0, places: places) } ?? .empty
    }
    return [
      .integer(moment.frame), .decimal(moment.time, places: 6), row.faceID.map { .integer($0) } ?? .empty,
      .integer(row.clip), .text(row.status.rawValue), .integer(row.status == .ok ? 1 : 0),
      .decimal(moment.box.x, places: 1), .decimal(moment.box.y, places: 1), .decimal(moment.box.width, places: 1),
      .decimal(moment.box.height, places: 1), decimal(moment.behaviour.yaw, 2), decimal(moment.behaviour.pitch, 2),
      decimal(moment.rollDegrees, 2),
    ] + layout.behaviourCells(told, perFrame: true)
  }
}
