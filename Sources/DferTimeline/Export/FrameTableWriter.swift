import DferImage

/// One row for each frame that the network looked at, ten a second, and face: head pose and what else was asked for.
///
/// Clips overlap, so that a frame is looked at more than once: it is told from the clip whose middle is nearest. Nothing is
/// interpolated: a frame in which the face was not looked at has no row.
package struct FrameTableWriter: TimelineWriter {
  /// Formats that such a table can be written in.
  package enum Format: String, Sendable, CaseIterable {
    case csv, tsv, jsonl

    /// The format that belongs to the name of a file; nil when no format has this extension.
    package init?(path: String) {
      guard let format = Self.allCases.first(where: { path.lowercased().hasSuffix("." + $0.rawValue) }) else {
        return nil
      }
      self = format
    }
  }

  private let file: OutputFile
  private let format: Format
  private let layout: RowLayout
  private var splitter = ShareSplitter()
  /// The last frame that was written, by face.
  private var written: [Int: Int] = [:]

  private static let first = [
    "frame", "time_s", "face_id", "clip", "status", "success", "box_x", "box_y", "box_w", "box_h", "yaw_deg",
    "pitch_deg", "roll_deg",
  ]

  package init(_ file: OutputFile, format: Format, layout: RowLayout) throws {
    (self.file, self.format, self.layout) = (file, format, layout)
    if format != .jsonl { try file.append(columns.joined(separator: separator)) }
  }

  package mutating func write(_ row: ClipResult) throws {
    for share in splitter.add(row) { try write(share) }
  }

  package mutating func finish() throws {
    for share in splitter.finish() { try write(share) }
    try file.close()
  }

  private var columns: [String] { Self.first + layout.behaviourColumns(perFrame: true) }
  private var separator: String { format == .tsv ? "\t" : "," }

  private mutating func write(_ share: TimeShare) throws {
    guard let face = share.row.faceID else { return }
    for moment in share.row.moments
    where moment.time >= share.start - 1e-6 && moment.time < share.end - 1e-6 && moment.frame > written[face] ?? -1 {
      written[face] = moment.frame
      try file.append(line(moment, of: share.row))
    }
  }

  private func line(_ moment: Moment, of row: ClipResult) -> String {
    var told = row
    (told.behaviour, told.rollDegrees) = (moment.behaviour, moment.rollDegrees)
    func decimal(_ value: Double?, _ places: Int) -> RowLayout.Cell {
      value.map { .decimal($0, places: places) } ?? .empty
    }
    let cells: [RowLayout.Cell] =
      [
        .integer(moment.frame), .decimal(moment.time, places: 6), row.faceID.map { .integer($0) } ?? .empty,
        .integer(row.clip), .text(row.status.rawValue), .integer(row.status == .ok ? 1 : 0),
        .decimal(moment.box.x, places: 1), .decimal(moment.box.y, places: 1), .decimal(moment.box.width, places: 1),
        .decimal(moment.box.height, places: 1), decimal(moment.behaviour.yaw, 2), decimal(moment.behaviour.pitch, 2),
        decimal(moment.rollDegrees, 2),
      ] + layout.behaviourCells(told, perFrame: true)
    if format == .jsonl { return RowJSON.object(zip(columns, cells)) }
    return cells.map { DelimitedWriter.text($0, separator) }.joined(separator: separator)
  }
}
