import DferImage
import Foundation

/// Turns the records of another program's table into rows. A frame's values hold until the next frame; a longer pause
/// than two frames is unread time. Records may come in any order.
struct FrameBuilder {
  private struct Frame {
    /// In the clock's own unit.
    var time: Double
    var number: Double?
    var faces: [Face] = []
  }

  private struct Face {
    var row: ClipResult
    /// Index in `found`, when the table has only winning labels.
    var winner: Int?
    let line: Int
    let checksum: UInt64
  }

  private struct ImageFile {
    let name: String
    var ran: Double?
  }

  private let dialect: FrameDialect
  private let index: [String: Int]
  private let frameRate: Double
  private let labels: [String]
  private var frames: [Frame] = []
  private var indices: [Double: Int] = [:]
  /// Faces with a name have ids above `named` until all names are known.
  private var faceIndices: [ExactName: Int] = [:]
  private static let named = 1_000_000_000
  private var images: [ExactName: Int] = [:]
  private var imageList: [ImageFile] = []
  /// The line at which time first goes back.
  private var unordered: Int?
  /// Labels that were found, when the table has only winning labels.
  private var found: [String] = []
  /// What the sensor column of the first row that is of no face sensor holds.
  private var otherSensor: (name: String, line: Int)?

  init(_ dialect: FrameDialect, index: [String: Int], frameRate: Double) {
    self.dialect = dialect
    self.index = index
    self.frameRate = frameRate
    labels = dialect.classes.map(\.label)
  }

  mutating func add(_ record: DelimitedReader.Record) throws {
    if let sensor = dialect.sensor {
      let name = text(sensor, record)?.lowercased() ?? ""
      let known = ["affdex", "affectiva", "facet", "emotient", "realeyes", "facial", "face", "dfer"]
      guard name.isEmpty || known.contains(where: name.contains) else {
        otherSensor = otherSensor ?? (text(sensor, record) ?? "", record.line)
        return
      }
    }
    guard let (time, number) = try time(record) else { return }
    if let last = frames.last, time < last.time, unordered == nil { unordered = record.line }
    let index = indices[time] ?? frames.count
    if index == frames.count {
      indices[time] = index
      frames.append(Frame(time: time, number: number))
    } else if index != frames.count - 1, unordered == nil {
      unordered = record.line
    }
    try addFace(record, frame: index)
  }

  /// Labels in the order of the rows' probabilities, and the rows.
  consuming func finish() throws -> (labels: [String], rows: [ClipResult]) {
    if frames.isEmpty, let otherSensor, let column = dialect.sensor {
      throw CSVTimeline.ParseError(
        line: otherSensor.line, reason: "no row is from a face sensor; \(column) is \"\(otherSensor.name)\" here")
    }
    if let unordered {
      guard dialect.face != nil || frames.allSatisfy({ $0.faces.count < 2 }) else {
        throw CSVTimeline.ParseError(
          line: unordered,
          reason: "time goes back, and no column tells the faces of one moment apart; sort the table by time")
      }
      frames.sort { $0.time < $1.time }
    }
    if case .image = dialect.clock { frames = orderedImages() }
    let ids = faceIDs()
    let unit = secondsPerUnit()
    let steps = zip(frames, frames.dropFirst()).map { ($1.time - $0.time) * unit }.sorted()
    let step = steps.isEmpty ? 0.04 : steps[steps.count / 2]
    let order = found.sorted()
    var rows: [ClipResult] = []
    for (clip, frame) in frames.enumerated() {
      let start = frame.time * unit
      let next = clip + 1 < frames.count ? frames[clip + 1].time * unit : start + step
      let end = next - start > 2 * step + 1e-6 ? start + step : next
      var faces = frame.faces.map { face in
        var row = face.row
        if let id = row.faceID, id >= Self.named { row.faceID = ids[id - Self.named] }
        if let winner = face.winner { row.probabilities = order.map { $0 == found[winner] ? 1 : 0 } }
        return row
      }
      if faces.isEmpty { faces = [ClipResult(clip: 0, startSeconds: 0, endSeconds: 0, status: .noFace)] }
      for index in faces.indices {
        (faces[index].clip, faces[index].startSeconds, faces[index].endSeconds) = (clip, start, end)
        if let number = frame.number, number >= 0, number < 1e15 { faces[index].frames = Int(number)..<Int(number) + 1 }
      }
      rows += faces.sorted { ($0.faceID ?? -1) < ($1.faceID ?? -1) }
    }
    return (dialect.classes.isEmpty ? order : labels, rows)
  }

  // MARK: Cells

  private func text(_ column: String, _ record: DelimitedReader.Record) -> String? {
    guard let place = index[column] else { return nil }
    let text = record.cells[place].drop { $0 == " " }
    return text.isEmpty || text.lowercased() == "nan" || text == "NA" ? nil : String(text)
  }

  private func number(_ column: String, _ record: DelimitedReader.Record) throws -> Double? {
    guard let text = text(column, record) else { return nil }
    guard let value = Double(text), value.isFinite, abs(value) < 1e15 else {
      throw CSVTimeline.ParseError(line: record.line, reason: "column \(column) cannot hold \"\(text)\"")
    }
    return value
  }

  private mutating func time(_ record: DelimitedReader.Record) throws -> (time: Double, number: Double?)? {
    switch dialect.clock {
    case .seconds(let column), .milliseconds(let column):
      return try number(column, record).map { ($0, nil) }
    case .either(let column, let frame):
      guard let time = try number(column, record) else { return nil }
      return (time, try number(frame, record))
    case .frame(let column): return try number(column, record).map { ($0, $0) }
    case .image(let column, let ran):
      guard let image = text(column, record) else { return nil }
      let index = images[ExactName(image), default: images.count]
      if index == imageList.count {
        images[ExactName(image)] = index
        imageList.append(ImageFile(name: image))
      }
      if let ran, let time = try number(ran, record) {
        imageList[index].ran = min(time, imageList[index].ran ?? time)
      }
      return (Double(index), Double(index))
    }
  }

  /// Frames in the order in which their images were read, else by their names.
  private func orderedImages() -> [Frame] {
    let order = imageList.indices.sorted { one, two in
      let (a, b) = (imageList[one], imageList[two])
      if let first = a.ran, let second = b.ran, first != second { return first < second }
      let names = a.name.compare(b.name, options: .numeric)
      return names == .orderedSame ? ExactName(a.name) < ExactName(b.name) : names == .orderedAscending
    }
    var rank = Array(repeating: 0.0, count: order.count)
    for (place, index) in order.enumerated() { rank[index] = Double(place) }
    return frames.map { frame in
      var frame = frame
      (frame.time, frame.number) = (rank[Int(frame.time)], rank[Int(frame.time)])
      return frame
    }.sorted { $0.time < $1.time }
  }

  /// Ids of named faces: the names themselves when all are numbers, else their places among all names, so that they do not
  /// depend on the order of the table.
  private func faceIDs() -> [Int] {
    var ids = Array(repeating: 0, count: faceIndices.count)
    let numbers = faceIndices.keys.compactMap { Int($0.text) }.filter { (0...1_000_000).contains($0) }
    let names = faceIndices.keys.sorted { one, two in
      let order = one.text.compare(two.text, options: .numeric)
      return order == .orderedSame ? one < two : order == .orderedAscending
    }
    for (rank, name) in names.enumerated() {
      guard let index = faceIndices[name] else { continue }
      ids[index] = Set(numbers).count == names.count ? Int(name.text) ?? rank : rank
    }
    return ids
  }

  private func secondsPerUnit() -> Double {
    switch dialect.clock {
    case .seconds: return 1
    case .milliseconds: return 0.001
    case .frame, .image: return 1 / frameRate
    case .either:
      // No frame lasts a second, and none a millisecond.
      guard let first = frames.first, let last = frames.last, let a = first.number, let b = last.number, b > a else {
        return 1
      }
      return (last.time - first.time) / (b - a) >= 1 ? 0.001 : 1
    }
  }

  private mutating func addFace(_ record: DelimitedReader.Record, frame: Int) throws {
    if let success = dialect.success, try number(success, record) == 0 { return }
    var row = ClipResult(clip: 0, startSeconds: 0, endSeconds: 0, status: .ok)
    let id = try face(record, frame: frame)
    if let first = frames[frame].faces.first(where: { $0.row.faceID == id }) {
      // Tables of several sensors repeat a face's row with every other sensor's.
      guard dialect.sensor == nil else { return }
      throw doubled(record, first.line)
    }
    row.faceID = id
    var winner: Int?
    if dialect.classes.isEmpty {
      guard let column = dialect.label, let text = text(column, record) else { return }
      guard let label = FrameDialect.names[text.lowercased()] else {
        throw CSVTimeline.ParseError(line: record.line, reason: "unknown expression \"\(text)\"")
      }
      if !found.contains(label) { found.append(label) }
      winner = found.firstIndex(of: label)
    } else {
      guard let values = try measures(record) else { return }
      let sum = values.reduce(0, +)
      row.probabilities = values.map { Float(sum > 0 ? $0 / sum : 1 / Double(values.count)) }
      // A face of which nothing was measured shows no class more than another.
      if sum == 0 { row.status = .lowQuality }
    }
    if let box = dialect.box {
      let values = try box.compactMap { try number($0, record) }
      if values.count == 4 { row.box = Rect(x: values[0], y: values[1], width: values[2], height: values[3]) }
    }
    row.detectionScore = try dialect.score.flatMap { try number($0, record) }
    if dialect.face == nil {
      // No two faces are the same to the last digit: this is a table that was appended to itself.
      func values(_ row: ClipResult) -> [Double] {
        row.probabilities.map(Double.init) + (row.box.map { [$0.x, $0.y, $0.width, $0.height] } ?? [])
      }
      let same = frames[frame].faces.first {
        $0.checksum == record.checksum
          || ((row.box != nil || unordered != nil) && $0.winner == winner && values($0.row) == values(row))
      }
      if let same { throw doubled(record, same.line) }
    }
    frames[frame].faces.append(Face(row: row, winner: winner, line: record.line, checksum: record.checksum))
  }

  private func doubled(_ record: DelimitedReader.Record, _ first: Int) -> CSVTimeline.ParseError {
    .init(line: record.line, reason: "a second row for the same face and time; the first is line \(first)")
  }

  /// A number for each class that is not negative; nil when the row has none.
  private func measures(_ record: DelimitedReader.Record) throws -> [Double]? {
    let values = try dialect.classes.compactMap { try number($0.column, record) }
    guard values.count == dialect.classes.count else { return nil }
    switch dialect.scale {
    case .evidence: return values.map { 1 / (1 + pow(10, -max(-30, min(30, $0)))) }
    case .share:
      // What rounding leaves below 0 is 0.
      if let (wrong, value) = zip(dialect.classes, values).first(where: { $1 < -0.01 }) {
        throw CSVTimeline.ParseError(line: record.line, reason: "column \(wrong.column) is below 0: \(value)")
      }
      return values.map { max(0, $0) }
    }
  }

  private mutating func face(_ record: DelimitedReader.Record, frame: Int) throws -> Int {
    guard let column = dialect.face, let name = text(column, record) else { return frames[frame].faces.count }
    let index = faceIndices[ExactName(name), default: faceIndices.count]
    faceIndices[ExactName(name)] = index
    return Self.named + index
  }
}
