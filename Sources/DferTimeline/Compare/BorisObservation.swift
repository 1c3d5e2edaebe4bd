import Foundation

/// One observation of a BORIS project, or of its table of aggregated events: the states of each subject.
struct BorisObservation: Sendable {
  let id: String
  var media: [String] = []
  var tracks: [ExactName: [Annotation.Interval]] = [:]
  /// Why its times are not those of its video; nil when they are.
  var fault: String?

  /// Tracks by subject. Throws `AnnotationError`.
  func annotation() throws -> Annotation {
    if let fault { throw AnnotationError("observation \"\(id)\" \(fault)") }
    return Annotation(
      tracks: tracks.sorted { $0.key < $1.key }.map { Annotation.Track(name: $0.key.text, intervals: $0.value) })
  }

  /// The one that is named, else the only one, else the only one of that video. Throws `AnnotationError`.
  static func choose(from all: [BorisObservation], videos: [String], id: String?) throws -> BorisObservation {
    func list(_ observations: [BorisObservation]) -> String {
      let names = observations.prefix(8).map { "\"\($0.id)\"" }.joined(separator: ", ")
      return names + (observations.count > 8 ? " and \(observations.count - 8) more" : "")
    }
    // The other of two files may be the one with several.
    if all.count == 1 { return all[0] }
    if let id {
      if let named = all.first(where: { ExactName($0.id) == ExactName(id) }) { return named }
      throw AnnotationError("no observation \"\(id)\"; it has \(list(all))")
    }
    guard !all.isEmpty else { throw AnnotationError("no observation") }
    let fitting = all.filter { $0.media.contains { AnnotationFile.isSameVideo($0, videos) } }
    if fitting.count == 1 { return fitting[0] }
    throw AnnotationError("\(all.count) observations (\(list(all))); --observation says which one to take")
  }

  // MARK: Table

  /// The observations of a table of aggregated events, with tabs, commas or semicolons; nil for any other table.
  static func all(ofTable bytes: [UInt8]) throws -> [BorisObservation]? {
    let line = bytes.prefix(20_000).split(maxSplits: 1, whereSeparator: { $0 == 0x0A || $0 == 0x0D }).first ?? []
    let separator =
      (["\t", ",", ";"] as [Unicode.Scalar]).max { one, two in
        line.count { $0 == UInt8(ascii: one) } < line.count { $0 == UInt8(ascii: two) }
      } ?? "\t"
    var reader = DelimitedReader(bytes, separator: separator)
    reader.allowsBareQuotes = true
    guard let header = try? reader.next()?.cells, header.contains("Behavior"),
      header.contains(where: { $0.hasPrefix("Start") })
    else { return nil }
    return try read(&reader, header)
  }

  private static func read(_ reader: inout DelimitedReader, _ header: [String]) throws -> [BorisObservation] {
    func index(_ names: String...) -> Int? { names.lazy.compactMap { header.firstIndex(of: $0) }.first }
    func place(_ names: String...) throws -> Int {
      guard let index = names.lazy.compactMap({ header.firstIndex(of: $0) }).first else {
        throw AnnotationError("no column \"\(names[0])\"; an aggregated table of BORIS has it")
      }
      return index
    }
    let (subject, label) = try (place("Subject"), place("Behavior"))
    let (start, end) = try (place("Start (s)", "Start"), place("Stop (s)", "Stop"))
    let needed = max(subject, label, start, end)
    let (id, type) = (index("Observation id"), index("Behavior type", "Type"))
    let (media, offset) = (
      index("Media file name", "Media file", "Media file path"), index("Time offset (s)", "Time offset")
    )
    var order: [ExactName] = []
    var found: [ExactName: BorisObservation] = [:]
    while let record = try reader.next() {
      let line = record.line
      if record.cells == [""] { continue }
      guard record.cells.count > needed else { throw AnnotationError("line \(line): no times") }
      // Empty cells at the end of a line may be missing.
      let cells = record.cells + Array(repeating: "", count: max(0, header.count - record.cells.count))
      let name = id.map { cells[$0] } ?? ""
      let key = ExactName(name)
      if found[key] == nil { order.append(key) }
      var observation = found.removeValue(forKey: key) ?? BorisObservation(id: name)
      defer { found[key] = observation }
      if let media, !cells[media].isEmpty,
        !observation.media.contains(where: { ExactName($0) == ExactName(cells[media]) })
      {
        observation.media.append(cells[media])
        if observation.media.count > 1 {
          observation.fault = "has events of several videos, so its times are not those of one"
        }
      }
      if let offset, !cells[offset].isEmpty {
        guard let seconds = Double(cells[offset]) else { throw AnnotationError("line \(line): no time offset") }
        if seconds != 0 { observation.fault = offsetFault(seconds) }
      }
      if let type, cells[type].uppercased().hasPrefix("POINT") { continue }
      guard let from = Double(cells[start]), let to = Double(cells[end]), abs(from) < 1e12, abs(to) < 1e12 else {
        let hasComma = [cells[start], cells[end]].contains { $0.contains(",") }
        throw AnnotationError(
          "line \(line): no times\(hasComma ? ", but decimal commas; save the table with decimal points" : "")")
      }
      guard from <= to else { throw AnnotationError("line \(line): \(cells[label]) stops before it starts") }
      if from < to {
        observation.tracks[ExactName(cells[subject]), default: []].append(
          .init(label: cells[label], start: from, end: to))
      }
    }
    return order.compactMap { found[$0] }
  }

  private static func offsetFault(_ seconds: Double) -> String {
    "has a time offset of \(fixedDecimal(seconds, places: 3)) s, so its times are not those of the video; set it to 0 in BORIS"
  }

  // MARK: Project

  /// The observations of a project: events of a state are its starts and stops in turn. Throws `AnnotationError`.
  static func all(ofProject data: Data) throws -> [BorisObservation] {
    let project: BorisFile
    do { project = try JSONDecoder().decode(BorisFile.self, from: data) } catch {
      throw AnnotationError("not a BORIS project")
    }
    let states = Set(project.behaviors_conf.values.filter { $0.type.hasPrefix("State") }.map { ExactName($0.code) })
    return project.observations.sorted { ExactName($0.key) < ExactName($1.key) }.map { id, recorded in
      var observation = BorisObservation(id: id)
      let players = (recorded.file ?? [:]).filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }
      observation.media = players.flatMap(\.value)
      if let offset = recorded.timeOffset, offset != 0 {
        observation.fault = offsetFault(offset)
      } else if let player = players.first(where: { $0.value.count > 1 }) {
        observation.fault = "plays \(player.value.count) videos one after the other, so its times are not those of one"
      } else if let shift = recorded.media_info?.offset?.values.first(where: { $0 != 0 }) {
        observation.fault =
          "plays its videos \(fixedDecimal(shift, places: 3)) s apart, so its times are not those of each"
      }
      observation.read(recorded.events, states: states)
      return observation
    }
  }

  private mutating func read(_ events: [BorisFile.Event], states: Set<ExactName>) {
    struct Key: Hashable {
      let subject, code: ExactName
    }
    var running: [Key: Double] = [:]
    for event in events.sorted(by: { $0.time < $1.time }) where states.contains(ExactName(event.code)) {
      let key = Key(subject: ExactName(event.subject), code: ExactName(event.code))
      guard let start = running.removeValue(forKey: key) else {
        running[key] = event.time
        continue
      }
      if start < event.time {
        tracks[key.subject, default: []].append(.init(label: event.code, start: start, end: event.time))
      }
    }
    if let open = running.keys.min(by: { ($0.code, $0.subject) < ($1.code, $1.subject) }) {
      fault = fault ?? "has \(open.code.text) of \(open.subject.text), which starts and never stops"
    }
  }
}

/// The parts of a BORIS project that are read.
private struct BorisFile: Decodable {
  struct Behaviour: Decodable {
    let type: String
    let code: String
  }

  struct Observation: Decodable {
    let events: [Event]
    let file: [String: [String]]?
    let timeOffset: Double?
    // swift-format-ignore: AlwaysUseLowerCamelCase
    let media_info: MediaInfo?

    enum CodingKeys: String, CodingKey {
      // swift-format-ignore: AlwaysUseLowerCamelCase
      case events, file, media_info
      case timeOffset = "time offset"
    }
  }

  struct MediaInfo: Decodable { let offset: [String: Double]? }

  /// Time, subject and behaviour are the first three of a list of mixed types.
  struct Event: Decodable {
    let time: Double
    let subject: String
    let code: String

    init(from decoder: any Decoder) throws {
      var list = try decoder.unkeyedContainer()
      time = try list.decode(Double.self)
      subject = try list.decode(String.self)
      code = try list.decode(String.self)
    }
  }

  // BORIS's own name for it.
  // swift-format-ignore: AlwaysUseLowerCamelCase
  let behaviors_conf: [String: Behaviour]
  let observations: [String: Observation]
}

extension Annotation {
  /// A BORIS project with one observation. Throws `AnnotationError`.
  init(borisProject data: Data) throws {
    self = try BorisObservation.choose(from: BorisObservation.all(ofProject: data), videos: [], id: nil).annotation()
  }

  /// A BORIS table of aggregated events with one observation. Throws `AnnotationError`.
  init(borisTable bytes: [UInt8]) throws {
    guard let observations = try BorisObservation.all(ofTable: bytes) else {
      throw AnnotationError("not a table of BORIS")
    }
    self = try BorisObservation.choose(from: observations, videos: [], id: nil).annotation()
  }
}
