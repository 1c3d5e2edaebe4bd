import Foundation

/// Checks all that dfer promises of its rows and manifests, without any of dfer's own code: a judge must not share the
/// faults of what it judges. `Tool.run` looks with it at every table that a tested `dfer` writes.
package struct RowCheck {
  package struct Fault: Hashable, CustomStringConvertible {
    package let kind: String
    package let place: String
    package var description: String { place.isEmpty ? kind : "\(kind): \(place)" }
  }

  package private(set) var faults: [Fault] = []
  private var header: [String] = []
  private var rows: [[String]] = []
  private var data = Data()
  private var statuses: [String: Int] = [:]
  private var faces: [Int: (clip: Int, end: Double)] = [:]
  private var cover: Double?
  /// Where the part of the video begins that was asked for.
  private var begin = 0.0

  /// All faults of a `.csv`, `.tsv` or `.jsonl` file, with its manifest when that lies beside it.
  package static func faults(of file: URL) -> [Fault] {
    var check = RowCheck()
    do { try check.read(file) } catch {
      check.fault("unreadable", "\(error)")
      return check.faults
    }
    let manifest = file.deletingPathExtension().appendingPathExtension("run.json")
    if let data = try? Data(contentsOf: manifest),
      let all = try? JSONSerialization.jsonObject(with: data) as? [String: Any],
      let start = (all["options"] as? [String: String])?["start"].flatMap(Double.init)
    {
      check.begin = start
    }
    check.checkTable(isLines: file.pathExtension.lowercased() == "jsonl")
    check.checkManifest(of: file)
    return check.faults
  }

  private mutating func fault(_ kind: String, _ place: String = "") { faults.append(Fault(kind: kind, place: place)) }

  // MARK: Reading

  private mutating func read(_ file: URL) throws {
    data = try Data(contentsOf: file)
    guard let text = String(data: data, encoding: .utf8) else { throw RowText.Unreadable(description: "not UTF-8") }
    switch file.pathExtension.lowercased() {
    case "jsonl":
      for line in text.utf8.split(separator: 10) {
        let (names, values) = try RowText.object(Array(line))
        if header.isEmpty { header = names }
        guard names == header else { throw RowText.Unreadable(description: "fields differ from line to line") }
        rows.append(values)
      }
    default:
      let separator: UInt8 = file.pathExtension.lowercased() == "tsv" ? 9 : 44
      var table = try RowText.table(Array(data), separator)
      header = table.isEmpty ? [] : table.removeFirst()
      rows = table
    }
  }

  // MARK: Rows

  private static let needed = """
    clip face_id start_s end_s time_s start_frame end_frame status success label confidence margin face_frames
    coverage box_x box_y box_w box_h detection_score yaw_deg pitch_deg roll_deg detector_mask_probability
    """.split(whereSeparator: \.isWhitespace).map(String.init)
  private static let texts: Set = ["status", "label", "source", "mask", "model_label", "wall_time"]
  private static let read: Set = ["ok", "low_quality", "partial_clip"]
  private static let statusNames = read.union(["no_face", "decode_gap", "stream_gap"])
  private static let limits: [String: ClosedRange<Double>] = [
    "confidence": 0...1, "margin": 0...1, "coverage": 0...1, "detection_score": 0...1,
    "detector_mask_probability": 0...1, "mask_probability": 0...1,
    "model_confidence": 0...1, "roll_deg": -180...180, "yaw_deg": -180...180, "pitch_deg": -180...180,
    "eye0_open": 0...1, "eye1_open": 0...1, "eyes_yaw_deg": -180...180, "eyes_pitch_deg": -90...90,
    "gaze_yaw_deg": -180...180, "gaze_pitch_deg": -90...90, "au01_strength": 0...1, "au12_strength": 0...1,
    "au45_strength": 0...1, "valence_derived": -1...1, "motion": 0...255, "success": 0...1,
  ]

  /// A row's cells by column.
  private struct Row {
    let place: String
    let text: [String: String]
    let number: [String: Double]
    var status: String { text["status"] ?? "" }
  }

  private mutating func checkTable(isLines: Bool) {
    guard !header.isEmpty else {
      if !data.isEmpty || !isLines { fault("no header") }
      return
    }
    if data.last != 10 { fault("the last line is cut off") }
    if Set(header).count != header.count { fault("a column twice") }
    let missing = Self.needed.filter { !header.contains($0) }
    guard missing.isEmpty else { return fault("missing columns", missing.joined(separator: " ")) }
    let classes = header.filter { $0.hasPrefix("p_") }
    if classes != classes.sorted() || classes.isEmpty {
      fault("classes are not in alphabetical order", classes.joined(separator: " "))
    }
    var before: Row?
    var times: [Double: (String, String)] = [:]
    for (index, cells) in rows.enumerated() {
      guard let row = row(cells, place: "line \(index + (isLines ? 1 : 2))") else { continue }
      statuses[row.status, default: 0] += 1
      checkStatus(row)
      guard checkTimes(row, after: before) else { continue }
      if let clip = row.number["clip"], let start = row.text["start_s"], let end = row.text["end_s"] {
        let known = times[clip] ?? (start, end)
        times[clip] = known
        if known != (start, end), ["ok", "low_quality"].contains(row.status) {
          fault("rows of one clip have other times", row.place)
        }
      }
      checkFrames(row)
      checkFace(row, classes: classes)
      before = row
    }
  }

  private mutating func row(_ cells: [String], place: String) -> Row? {
    guard cells.count == header.count else {
      fault("wrong number of cells", place)
      return nil
    }
    let text = Dictionary(zip(header, cells)) { first, _ in first }
    var numbers: [String: Double] = [:]
    for (name, cell) in text where !cell.isEmpty && !Self.texts.contains(name) {
      guard Self.isPlainNumber(cell), let value = Double(cell), value.isFinite else {
        fault("not a plain number", "\(place) \(name)=\(cell.prefix(30))")
        continue
      }
      numbers[name] = value
      if cell.hasPrefix("-"), value == 0 { fault("negative zero", "\(place) \(name)") }
      if let range = Self.limits[name], !range.contains(value) {
        fault("outside its range", "\(place) \(name)=\(cell)")
      }
      if abs(value) >= 1e12 { fault("absurd size", "\(place) \(name)=\(cell)") }
    }
    return Row(place: place, text: text, number: numbers)
  }

  private static func isPlainNumber(_ cell: String) -> Bool {
    let digits = cell.utf8.drop { $0 == UInt8(ascii: "-") }
    let parts = digits.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return cell.utf8.count - digits.count <= 1 && (1...2).contains(parts.count)
      && parts.allSatisfy { part in !part.isEmpty && part.allSatisfy { (48...57).contains($0) } }
  }

  private mutating func checkStatus(_ row: Row) {
    if !Self.statusNames.contains(row.status) { fault("unknown status", "\(row.place) \(row.status)") }
    if row.number["success"] != (row.status == "ok" ? 1 : 0) { fault("success does not follow status", row.place) }
  }

  /// False when there are no times to go on with.
  private mutating func checkTimes(_ row: Row, after before: Row?) -> Bool {
    guard let start = row.number["start_s"], let end = row.number["end_s"], let middle = row.number["time_s"] else {
      fault("a time is missing", row.place)
      return false
    }
    if end <= start { fault("ends before it starts", "\(row.place) \(start) to \(end)") }
    if abs((start + end) / 2 - middle) > 2e-6 + 1e-9 * abs(end) { fault("time_s is not the middle", row.place) }
    if start < -1e-6 { fault("negative time", "\(row.place) \(start)") }
    if let clip = row.number["clip"], clip == clip.rounded(), clip >= 0 {
      if let last = before?.number["clip"] {
        if clip < last { fault("clips step back", row.place) }
        if clip > last + 1 { fault("clip numbers leave one out", "\(row.place): \(last) then \(clip)") }
        if clip == last, let face = row.number["face_id"], let other = before?.number["face_id"], face <= other {
          fault("faces of a clip are not in order", row.place)
        }
      }
    } else {
      fault("no clip number", row.place)
    }
    if let last = before?.number["start_s"], start < last - 1e-6 {
      fault("times step back", "\(row.place) \(last) then \(start)")
    }
    if before == nil, start > begin + 0.5 { fault("the beginning has no row", "\(start)") }
    if let cover, start > cover + 0.1 { fault("time without a row", "\(row.place): \(cover) to \(start)") }
    cover = max(cover ?? end, end)
    return true
  }

  private mutating func checkFrames(_ row: Row) {
    let (first, end) = (row.number["start_frame"], row.number["end_frame"])
    if row.status.hasSuffix("_gap") {
      if first != nil || end != nil { fault("a gap has frames", row.place) }
    } else if let first, let end, 0 <= first, first <= end {
      if first == end { fault("an empty range of frames", "\(row.place) \(Int(first)) to \(Int(end))") }
    } else {
      fault("no frames", row.place)
    }
  }

  private mutating func checkFace(_ row: Row, classes: [String]) {
    let p = classes.compactMap { row.number[$0] }
    guard Self.read.contains(row.status) else {
      if !p.isEmpty || row.text["label"] != "" || row.text["face_id"] != "" {
        fault("a row without a face has face data", row.place)
      }
      return
    }
    guard p.count == classes.count, let id = row.number["face_id"], let clip = row.number["clip"],
      let start = row.number["start_s"],
      let end = row.number["end_s"]
    else { return fault("a read row lacks probabilities or a face", row.place) }
    if p.contains(where: { !(0...1).contains($0) }) { fault("a probability outside 0 to 1", row.place) }
    if abs(p.reduce(0, +) - 1) > 1e-6 * Double(p.count) { fault("probabilities do not sum to 1", row.place) }
    let order = p.sorted(by: >)
    let (best, second) = (order[0], order.count > 1 ? order[1] : 0)
    let winners = zip(classes, p).filter { $1 >= best - 1e-6 }.map { String($0.0.dropFirst(2)) }
    if !winners.contains(row.text["label"] ?? "") { fault("label is not the likeliest", row.place) }
    if let confidence = row.number["confidence"], abs(confidence - best) > 2e-6, !header.contains("mask") {
      fault("confidence is not the label's probability", row.place)
    }
    if abs((row.number["margin"] ?? .infinity) - (best - second)) > 3e-6 { fault("margin is not the lead", row.place) }
    if id != id.rounded() || id < 0 { fault("face id", row.place) }
    if let last = faces[Int(id)] {
      if Int(clip) > last.clip + 1, start > last.end + 2.5 {
        fault("a face id comes back", "\(row.place): face \(Int(id))")
      }
      if Int(clip) == last.clip { fault("a face twice in a clip", row.place) }
    }
    faces[Int(id)] = (Int(clip), end)
    if (row.number["box_w"] ?? 0) <= 0 || (row.number["box_h"] ?? 0) <= 0 { fault("no box", row.place) }
    if let n = row.number["face_frames"], n == n.rounded(), (1...64).contains(n) { return }
    fault("face_frames", row.place)
  }

  // MARK: Manifest

  private mutating func checkManifest(of file: URL) {
    let manifest = file.deletingPathExtension().appendingPathExtension("run.json")
    guard let data = try? Data(contentsOf: manifest) else { return }
    guard let facts = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any],
      let counts = facts["counts"] as? [String: Any]
    else {
      return fault("the manifest is unreadable")
    }
    func count(_ name: String) -> Int? { (counts[name] as? NSNumber)?.intValue }
    for (name, value) in counts where ((value as? NSNumber)?.doubleValue ?? 0) < 0 { fault("a negative count", name) }
    let decoded = count("decoded_frames") ?? 0
    // Older manifests say "not needed".
    let skipped = count("skipped_frames") ?? count("not_needed_frames") ?? 0
    if decoded != (count("used_frames") ?? 0) + skipped { fault("decoded is not used + skipped") }
    if let source = count("source_frames"),
      source != decoded + (count("dropped_frames") ?? 0) + (count("unread_frames") ?? 0)
    {
      fault("source is not decoded + dropped + unread")
    }
    let byStatus = counts["rows_by_status"] as? [String: Int] ?? [:]
    if byStatus.values.reduce(0, +) != count("rows") { fault("rows by status do not sum") }
    let outputs = (facts["outputs"] as? [String] ?? []).map { ($0 as NSString).lastPathComponent }
    guard outputs.isEmpty || outputs.contains(file.lastPathComponent) else { return }
    if count("rows") != rows.count {
      fault("the manifest counts other rows", "\(count("rows") ?? -1) but \(rows.count)")
    }
    if byStatus != statuses { fault("the manifest counts other statuses", "\(byStatus) but \(statuses)") }
    if (count("faces") ?? 0) < faces.count {
      fault("the manifest counts fewer faces", "\(count("faces") ?? 0) but \(faces.count)")
    }
    if statuses["decode_gap"] != nil, (facts["outcome"] ?? facts["ending"]) as? String == "complete" {
      fault("a gap, but the outcome is complete")
    }
  }
}
