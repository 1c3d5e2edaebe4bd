import DferImage
import Foundation

/// A timeline read back from its CSV file.
package struct CSVTimeline: Sendable {
  /// A fault in the text; lines count from 1.
  package struct ParseError: Error, Equatable, CustomStringConvertible {
    package let line: Int
    package let reason: String
    package var description: String { "line \(line): \(reason)" }
  }

  package let columns: [String]
  /// Labels in column order, which is also the order of the rows' probabilities.
  package let labels: [String]
  /// In the order of the file; `videos()` has them in the order of time.
  package let rows: [ClipResult]
  /// For each row the line at which it starts.
  private let lines: [Int]
  /// For each row the file it came from, in a table of `dfer merge`; else empty.
  private let sources: [String]

  /// The rows by video, in the order of time, whatever order the file has. One nameless video, unless this is a table of
  /// `dfer merge`. Throws `ParseError` for doubled rows and for rows that contradict each other.
  package func videos() throws -> [(source: String?, rows: [ClipResult])] {
    guard !sources.isEmpty else { return [(nil, try RowOrder.ordered(rows, lines: lines))] }
    var indices: [ExactName: Int] = [:]
    var videos: [(source: String?, rows: [ClipResult], lines: [Int])] = []
    for (index, source) in sources.enumerated() {
      let video = indices[ExactName(source)] ?? videos.count
      if video == videos.count {
        indices[ExactName(source)] = video
        videos.append((source, [], []))
      }
      videos[video].rows.append(rows[index])
      videos[video].lines.append(lines[index])
    }
    return try videos.map { ($0.source, try RowOrder.ordered($0.rows, lines: $0.lines)) }
  }

  /// The columns that this file has, for writing its rows again.
  package var layout: RowLayout {
    var layout = RowLayout(
      labels: labels, blendshapes: columns.filter { $0.hasPrefix("bs_") }.map { String($0.dropFirst(3)) },
      includesLandmarks: columns.contains("lm0_x"), includesWallTime: columns.contains("wall_time"),
      includesMask: columns.contains("mask_probability"), includesMotion: columns.contains("motion"),
      includesShot: columns.contains("shot"))
    layout.includesPoints = columns.contains("p0_x")
    layout.includesEyes = columns.contains("eye0_open")
    layout.strengths = columns.filter { $0.hasPrefix("au") && $0.hasSuffix("_strength") }
    layout.includesValence = columns.contains("valence_derived")
    layout.includesModel = columns.contains("model_label")
    return layout
  }

  package init(path: String) throws {
    try self.init(bytes: Array(Data(ofFileOrPipe: path)))
  }

  /// Reads the files of one run that was split; see `JoinedRows`.
  package init(parts: [String]) throws { try self.init(bytes: JoinedRows.bytes(of: parts)) }

  /// Reads `text`; the columns of contract v2, or of v1 under their old names, must be there, in any order, others are left alone. Throws `ParseError`.
  package init(text: String) throws { try self.init(bytes: Array(text.utf8)) }

  init(bytes: [UInt8]) throws {
    var reader = DelimitedReader(bytes)
    guard let header = try reader.next() else { throw ParseError(line: 1, reason: "no header") }
    try self.init(header: header.cells) { try reader.next() }
  }

  /// Reads records that have one cell for each column of `header`.
  init(header: [String], records: () throws -> DelimitedReader.Record?) throws {
    // Spreadsheets save columns and lines that were once used.
    let width = (header.lastIndex { !$0.isEmpty } ?? -1) + 1
    let all = header.count
    let header = header.prefix(width).map { RowLayout.renamed[$0] ?? $0 }
    let missing = RowLayout(labels: []).columns.filter { !header.contains($0) }
    guard missing.isEmpty else {
      throw ParseError(line: 1, reason: "missing column \(missing.joined(separator: ", "))")
    }
    guard Set(header).count == header.count else { throw ParseError(line: 1, reason: "a column name occurs twice") }
    let labels = header.filter { $0.hasPrefix("p_") }.map { String($0.dropFirst(2)) }
    let index = Dictionary(uniqueKeysWithValues: header.enumerated().map { ($1, $0) })
    let source = header.firstIndex(of: "source")
    var (rows, lines, sources): ([ClipResult], [Int], [String]) = ([], [], [])
    while let record = try records() {
      // An empty line, as editors leave them at the end.
      if record.cells.allSatisfy(\.isEmpty) { continue }
      guard record.cells.count == all, record.cells[width...].allSatisfy(\.isEmpty) else {
        throw ParseError(line: record.line, reason: "\(record.cells.count) cells instead of \(header.count)")
      }
      rows.append(
        try Record(cells: record.cells, line: record.line, index: index).result(labels: labels, header: header))
      lines.append(record.line)
      if let source { sources.append(record.cells[source]) }
    }
    (columns, self.labels, self.rows, self.lines, self.sources) = (header, labels, rows, lines, sources)
  }

  /// All records of `text`, by RFC 4180.
  package static func records(_ text: String) throws -> [(line: Int, cells: [String])] {
    var reader = DelimitedReader(Array(text.utf8))
    var records: [(line: Int, cells: [String])] = []
    while let record = try reader.next() { records.append((record.line, record.cells)) }
    return records
  }
}

/// One line's cells by column name.
private struct Record {
  let cells: [String]
  let line: Int
  let index: [String: Int]

  /// nil for an empty cell, and for what R writes in its place.
  func text(_ name: String) -> String? {
    guard let place = index[name], !cells[place].isEmpty, cells[place] != "NA" else { return nil }
    return cells[place]
  }

  /// Larger numbers are damage: no time or place is that far away, and writers count in whole milliseconds.
  static let largest = (1e12).nextDown
  /// How far numbers may be off that belong together: spreadsheets save what they show, which is two digits.
  static let rounding = 0.011
  /// Fractions and probabilities; writers round.
  static let fractions = -1e-6...1 + 1e-6

  func number(_ name: String, in range: ClosedRange<Double> = -largest...largest) throws -> Double? {
    guard let text = text(name) else { return nil }
    guard let value = Double(text), range.contains(value) else { throw fault(name, text) }
    return value
  }

  /// A number that counts from 0.
  func count(_ name: String) throws -> Int? {
    guard let value = try integer(name) else { return nil }
    guard value >= 0 else { throw fault(name, text(name) ?? "") }
    return value
  }

  func fraction(_ name: String) throws -> Double? { try number(name, in: Self.fractions) }

  func integer(_ name: String) throws -> Int? {
    guard let text = text(name) else { return nil }
    // pandas writes whole numbers with ".0" where a column has empty cells.
    guard
      let value = Int(text) ?? (text.utf8.contains(UInt8(ascii: ".")) ? Double(text).flatMap(Int.init(exactly:)) : nil)
    else { throw fault(name, text) }
    return value
  }

  func needed<T>(_ name: String, _ value: T?) throws -> T {
    guard let value else { throw fault(name, text(name) ?? "") }
    return value
  }

  func fault(_ name: String, _ text: String) -> CSVTimeline.ParseError {
    .init(line: line, reason: "column \(name) cannot hold \"\(text)\"")
  }

  func result(labels: [String], header: [String]) throws -> ClipResult {
    let status = try needed("status", text("status").flatMap(ClipResult.Status.init(rawValue:)))
    var row = ClipResult(
      clip: try needed("clip", count("clip")),
      startSeconds: try needed("start_s", number("start_s", in: 0...Self.largest)),
      endSeconds: try needed("end_s", number("end_s")), status: status)
    if let middle = try number("time_s"), abs(middle - row.middleSeconds) > Self.rounding {
      throw CSVTimeline.ParseError(line: line, reason: "column time_s is not the middle of start_s and end_s")
    }
    // Other programs write such a column as a truth value.
    let success = try ["true": 1, "false": 0][text("success")?.lowercased() ?? ""] ?? integer("success")
    guard success == (status == .ok ? 1 : 0) else { throw fault("success", text("success") ?? "") }
    row.faceID = try count("face_id")
    if let first = try integer("start_frame"), let end = try integer("end_frame") {
      guard 0 <= first, first <= end else { throw fault("end_frame", String(end)) }
      row.frames = first..<end
    }
    row.probabilities = try list(labels.map { "p_" + $0 }, in: Self.fractions).map(Float.init)
    try checkStatus(of: row)
    try checkLabel(of: row, labels)
    (row.faceFrames, row.coverage) = (try count("face_frames"), try fraction("coverage"))
    let box = try list(["box_x", "box_y", "box_w", "box_h"])
    if let width = box.dropFirst(2).first, width < 0 { throw fault("box_w", text("box_w") ?? "") }
    if let height = box.last, height < 0 { throw fault("box_h", text("box_h") ?? "") }
    if !box.isEmpty { row.box = Rect(x: box[0], y: box[1], width: box[2], height: box[3]) }
    (row.detectionScore, row.rollDegrees) = (try fraction("detection_score"), try number("roll_deg"))
    (row.detectorMaskProbability, row.motion) = (
      try fraction("detector_mask_probability"), try number("motion", in: 0...Self.largest)
    )
    row.shot = try count("shot")
    if index["lm0_x"] != nil {
      let values = try list((0..<5).flatMap { ["lm\($0)_x", "lm\($0)_y"] })
      row.landmarks = stride(from: 0, to: values.count, by: 2).map { Point(x: values[$0], y: values[$0 + 1]) }
    }
    row.behaviour = try behaviour(header)
    row.maskProbability = try fraction("mask_probability")
    if let text = text("wall_time") {
      row.wallTime = try needed("wall_time", try? Date(text, strategy: RowLayout.date))
    }
    if let confidence = try number("model_confidence") {
      let values = try list(labels.map { "m_" + $0 }, in: Self.fractions).map(Float.init)
      guard values.count == labels.count else { throw fault("m_\(labels.first ?? "")", "") }
      let label = try text("model_label").map { try needed("model_label", labels.firstIndex(of: $0)) }
      row.modelled = ClipResult.Modelled(probabilities: values, label: label, confidence: Float(confidence))
    }
    row.blendshapes = try list(header.filter { $0.hasPrefix("bs_") }).map(Float.init)
    return row
  }

  /// A face that was read has a number and probabilities, and where there is none nothing was read.
  private func checkStatus(of row: ClipResult) throws {
    func fault(_ words: String) -> CSVTimeline.ParseError {
      .init(line: line, reason: "column status says \(row.status.rawValue), but \(words)")
    }
    switch row.status {
    case .ok, .lowQuality:
      if row.faceID == nil { throw fault("face_id is empty") }
      if row.probabilities.isEmpty { throw fault("the row has no probabilities") }
    case .noFace, .decodeGap, .streamGap:
      if row.faceID != nil { throw fault("the row has a face_id") }
      if !row.probabilities.isEmpty { throw fault("the row has probabilities") }
    case .partialClip: break
    }
    // Tables that were rounded by hand, or lack a class, are let pass.
    if row.probabilities.reduce(0, +) > 1.1 {
      throw CSVTimeline.ParseError(line: line, reason: "the probabilities sum to more than 1")
    }
  }

  /// What a row is called must be what its probabilities say: everything else reads those, and a label that somebody has
  /// corrected would be lost in silence.
  private func checkLabel(of row: ClipResult, _ labels: [String]) throws {
    guard let label = text("label"), let most = row.probabilities.max() else { return }
    let own = try needed("label", labels.firstIndex(of: label))
    guard row.probabilities[own] >= most - 2e-6 else {
      throw CSVTimeline.ParseError(
        line: line,
        reason:
          "column label says \(label), but p_\(labels[row.probabilities.firstIndex(of: most) ?? own]) is larger than "
          + "p_\(label); labels are read from the probabilities, so correct those as well")
    }
    if let confidence = try number("confidence"), abs(confidence - Double(most)) > Self.rounding {
      throw CSVTimeline.ParseError(line: line, reason: "column confidence is not the probability of the label")
    }
  }

  private func behaviour(_ header: [String]) throws -> Behaviour {
    var behaviour = Behaviour()
    (behaviour.yaw, behaviour.pitch) = (try number("yaw_deg"), try number("pitch_deg"))
    if index["p0_x"] != nil {
      let values = try list(RowLayout.pointColumns)
      behaviour.points = stride(from: 0, to: values.count, by: 2).map { Point(x: values[$0], y: values[$0 + 1]) }
    }
    if index["eye0_open"] != nil {
      let open = try list(["eye0_open", "eye1_open"])
      if !open.isEmpty {
        behaviour.eyes = Behaviour.Eyes(
          open: open, yaw: try number("eyes_yaw_deg"), pitch: try number("eyes_pitch_deg"),
          gazeYaw: try number("gaze_yaw_deg"), gazePitch: try number("gaze_pitch_deg"))
      }
    }
    behaviour.strengths = try list(header.filter { $0.hasPrefix("au") && $0.hasSuffix("_strength") })
    return behaviour
  }

  /// All of these columns, or none of them.
  func list(_ names: [String], in range: ClosedRange<Double> = -largest...largest) throws -> [Double] {
    let values = try names.compactMap { try number($0, in: range) }
    guard values.isEmpty || values.count == names.count else {
      throw CSVTimeline.ParseError(line: line, reason: "only some of \(names[0])... are given")
    }
    return values
  }
}
