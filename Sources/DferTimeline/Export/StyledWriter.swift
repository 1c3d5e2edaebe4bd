import DferImage

/// Whose columns a CSV file has.
package enum TableStyle: String, Sendable, CaseIterable {
  /// dfer's own: everything.
  case dfer
  /// OpenFace 2's frame table, with expressions added under OpenFace 3's name and dfer's.
  case openface
  /// py-feat's `Fex`.
  case pyfeat
  /// iMotions' AFFDEX export.
  case imotions
}

/// CSV with the columns of another program, for scripts that read its tables. These tables say of one moment what holds
/// until the next, so each row has the start of the time that it alone stands for.
struct StyledWriter: TimelineWriter {
  private let file: OutputFile
  private let style: TableStyle
  private let labels: [String]
  private let behaviour: StyledBehaviour
  private let video: String
  private var splitter = ShareSplitter()

  init(_ file: OutputFile, style: TableStyle, layout: RowLayout, media: MediaReference?) throws {
    self.file = file
    self.style = style
    labels = layout.labels
    behaviour = StyledBehaviour(style, layout)
    video = media?.location ?? ""
    try file.append(columns.joined(separator: ","))
  }

  mutating func write(_ row: ClipResult) throws {
    for share in splitter.add(row) { try file.append(line(share)) }
  }

  mutating func finish() throws {
    for share in splitter.finish() { try file.append(line(share)) }
    try file.close()
  }

  private var order: [Int] { labels.indices.sorted { labels[$0] < labels[$1] } }

  private var columns: [String] {
    let names = order.map { labels[$0] }
    switch style {
    case .dfer: return []
    case .openface:
      return ["frame", "face_id", "timestamp", "confidence", "success"] + behaviour.columns + ["emotion"]
        + names.map { "p_" + RowLayout.safe($0) }
    case .pyfeat:
      return ["FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore"] + behaviour.columns + names
        + ["input", "frame", "approx_time", "Identity"]
    case .imotions:
      return ["Name", "StimulusName", "EventSource", "Timestamp", "MediaTime", "FrameNo"]
        + ["FaceRect X", "FaceRect Y", "FaceRect Width", "FaceRect Height"]
        + names.map(Self.affdexName) + ["Roll"]
    }
  }

  private func line(_ share: TimeShare) -> String {
    let row = share.row
    let isRead = share.reading(labels) != nil && row.faceID != nil
    let frame = row.frames.map { frames in
      let part = (share.start - row.startSeconds) / max(row.endSeconds - row.startSeconds, 1e-9)
      return frames.lowerBound + Int((Double(frames.count) * min(1, max(0, part))).rounded())
    }
    func number(_ value: Double?, _ places: Int) -> String { value.map { fixedDecimal($0, places: places) } ?? "" }
    func integer(_ value: Int?) -> String { value.map(String.init) ?? "" }
    func classes(_ scale: Double) -> [String] {
      order.map { isRead ? number(Double(row.shownProbabilities[$0]) * scale, 6) : "" }
    }
    let box = [row.box?.x, row.box?.y, row.box?.width, row.box?.height].map { number($0, 1) }
    let cells: [String]
    switch style {
    case .dfer: cells = []
    case .openface:
      // Frames from 1, angles in radians, and zeros where nothing is known: that program's own ways.
      cells =
        [
          integer(frame.map { $0 + 1 } ?? 0), integer(row.faceID ?? 0), number(share.start, 6),
          number(isRead ? row.detectionScore ?? 1 : 0, 6), isRead ? "1" : "0",
        ] + behaviour.cells(row, isRead: isRead) + [isRead ? share.reading(labels)?.label ?? "" : ""] + classes(1)
    case .pyfeat:
      let seconds = Int(share.start)
      let clock = [seconds / 60, seconds % 60].map { ($0 < 10 ? "0" : "") + String($0) }.joined(separator: ":")
      cells =
        box + [number(row.detectionScore, 6)] + behaviour.cells(row, isRead: isRead) + classes(1)
        + [video, integer(frame), clock, row.faceID.map { "Person_\($0)" } ?? ""]
    case .imotions:
      let time = number(share.start * 1000, 3)
      cells =
        [row.faceID.map { "Face \($0)" } ?? "", video, "dfer", time, time, integer(frame)] + box + classes(100)
        + [number(row.rollDegrees, 2)]
    }
    return cells.map { Quoting.cell($0) }.joined(separator: ",")
  }

  /// Happiness is Joy there, and names have capitals.
  private static func affdexName(_ label: String) -> String {
    label == "happiness" ? "Joy" : label.prefix(1).uppercased() + label.dropFirst()
  }
}
