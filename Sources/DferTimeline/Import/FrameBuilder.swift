import DferImage
import Foundation

/// Turns the records of another program's table into rows. A frame's values hold until the next frame; a longer pause
/// than two frames is unread time.
struct FrameBuilder {
  private struct Frame {
    /// In the clock's own unit.
    let time: Double
    let number: Double?
    var faces: [ClipResult] = []
  }

  private let dialect: FrameDialect
  private let index: [String: Int]
  private let frameRate: Double
  private let labels: [String]
  private var frames: [Frame] = []
  private var faceIDs: [String: Int] = [:]
  private var images: [String: Int] = [:]
  /// Labels that were found, when the table has only winning labels.
  private var found: [String] = []
  private var winners: [[Int]] = []

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
      guard name.isEmpty || known.contains(where: name.contains) else { return }
    }
    guard let (time, number) = try time(record) else { return }
    if frames.last?.time != time {
      if let last = frames.last, time < last.time {
        throw CSVTimeline.ParseError(line: record.line, reason: "time goes back")
      }
      frames.append(Frame(time: time, number: number))
      winners.append([])
    }
    try addFace(record)
  }

  /// Labels in the order of the rows' probabilities, and the rows.
  consuming func finish() -> (labels: [String], rows: [ClipResult]) {
    let unit = secondsPerUnit()
    let steps = zip(frames, frames.dropFirst()).map { ($1.time - $0.time) * unit }.sorted()
    let step = steps.isEmpty ? 0.04 : steps[steps.count / 2]
    let order = found.sorted()
    var rows: [ClipResult] = []
    for (clip, frame) in frames.enumerated() {
      let start = frame.time * unit
      let next = clip + 1 < frames.count ? frames[clip + 1].time * unit : start + step
      let end = next - start > 2 * step + 1e-6 ? start + step : next
      var faces = frame.faces
      if faces.isEmpty { faces = [ClipResult(clip: 0, startSeconds: 0, endSeconds: 0, status: .noFace)] }
      for place in faces.indices {
        (faces[place].clip, faces[place].startSeconds, faces[place].endSeconds) = (clip, start, end)
        if let number = frame.number, number >= 0, number < 1e15 { faces[place].frames = Int(number)..<Int(number) + 1 }
        if place < winners[clip].count {
          let winner = found[winners[clip][place]]
          faces[place].probabilities = order.map { $0 == winner ? 1 : 0 }
        }
      }
      rows += faces
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
    case .image(let column):
      guard let image = text(column, record) else { return nil }
      let place = images[image, default: images.count]
      images[image] = place
      return (Double(place), Double(place))
    }
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

  private mutating func addFace(_ record: DelimitedReader.Record) throws {
    if let success = dialect.success, try number(success, record) == 0 { return }
    var row = ClipResult(clip: 0, startSeconds: 0, endSeconds: 0, status: .ok)
    let id = try face(record)
    // Tables of several sensors repeat a face's row with every other sensor's.
    guard !frames[frames.count - 1].faces.contains(where: { $0.faceID == id }) else { return }
    row.faceID = id
    if dialect.classes.isEmpty {
      guard let column = dialect.label, let text = text(column, record) else { return }
      guard let label = FrameDialect.names[text.lowercased()] else {
        throw CSVTimeline.ParseError(line: record.line, reason: "unknown expression \"\(text)\"")
      }
      if !found.contains(label) { found.append(label) }
      winners[winners.count - 1].append(found.firstIndex(of: label) ?? 0)
    } else {
      guard let values = try shares(record) else { return }
      row.probabilities = values
    }
    if let box = dialect.box {
      let values = try box.compactMap { try number($0, record) }
      if values.count == 4 { row.box = Rect(x: values[0], y: values[1], width: values[2], height: values[3]) }
    }
    row.boxScore = try dialect.score.flatMap { try number($0, record) }
    frames[frames.count - 1].faces.append(row)
  }

  /// The classes' values as shares of 1; nil when the row has none.
  private func shares(_ record: DelimitedReader.Record) throws -> [Float]? {
    let values = try dialect.classes.compactMap { try number($0.column, record) }
    guard values.count == dialect.classes.count else { return nil }
    let measures = values.map { value in
      switch dialect.scale {
      case .share: max(0, value)
      case .evidence: 1 / (1 + pow(10, -max(-30, min(30, value))))
      }
    }
    let sum = measures.reduce(0, +)
    return measures.map { Float(sum > 0 ? $0 / sum : 1 / Double(measures.count)) }
  }

  private mutating func face(_ record: DelimitedReader.Record) throws -> Int {
    guard let column = dialect.face, let name = text(column, record) else {
      return frames[frames.count - 1].faces.count
    }
    if let number = Int(name), (0...1_000_000).contains(number) { return number }
    let id = faceIDs[name, default: faceIDs.count]
    faceIDs[name] = id
    return id
  }
}
