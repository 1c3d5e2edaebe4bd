import Foundation

/// Why an annotation cannot be read.
public struct AnnotationError: Error, Hashable, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}

extension Annotation {
  /// Reads ELAN files (`.eaf`), BORIS projects (`.boris`), BORIS tables of aggregated events (`.tsv`), and whatever
  /// `ImportedTimeline` reads. Throws `AnnotationError`, `CSVTimeline.ParseError`, or what Foundation says of the file.
  public init(path: String, frameRate: Double? = nil) throws {
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    switch (path as NSString).pathExtension.lowercased() {
    case "eaf": try self.init(elan: data)
    case "boris": try self.init(borisProject: data)
    case "tsv" where data.prefix(4096).range(of: Data("\tBehavior\t".utf8)) != nil:
      try self.init(borisTable: String(decoding: data, as: UTF8.self))
    default:
      let timeline = try ImportedTimeline(bytes: Array(data), frameRate: frameRate)
      let videos = timeline.videos
      guard videos.count == 1 else {
        throw AnnotationError("rows of \(videos.count) videos; compare each video's own file")
      }
      self.init(SegmentTimeline(videos[0].rows, labels: timeline.labels))
    }
  }

  /// ELAN: a track for each tier of the type "expression", or for any time-aligned tier when there is none.
  init(elan data: Data) throws {
    let file = try ElanFile(data)
    let expressions = file.tiers.filter { $0.type == "expression" }
    let tracks = (expressions.isEmpty ? file.tiers : expressions).map { tier in
      let intervals = tier.annotations.compactMap { annotation -> Interval? in
        guard let start = file.slots[annotation.start], let end = file.slots[annotation.end], start < end else {
          return nil
        }
        return Interval(label: annotation.value, start: start, end: end)
      }
      return Track(name: tier.name, intervals: intervals)
    }
    self.init(tracks: tracks.filter { !$0.intervals.isEmpty })
  }

  /// BORIS's aggregated events: a track for each subject, its state events as intervals.
  init(borisTable text: String) throws {
    var lines = text.split(whereSeparator: \.isNewline).map {
      $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }
    guard !lines.isEmpty else { throw AnnotationError("an empty table") }
    let header = lines.removeFirst()
    func place(_ name: String) throws -> Int {
      guard let place = header.firstIndex(of: name) else { throw AnnotationError("no column \"\(name)\"") }
      return place
    }
    let (subject, label, start, end) = try (place("Subject"), place("Behavior"), place("Start (s)"), place("Stop (s)"))
    let needed = max(subject, label, start, end)
    var tracks: [String: [Interval]] = [:]
    for (number, cells) in lines.enumerated() {
      guard cells.count > needed, let from = Double(cells[start]), let to = Double(cells[end]), abs(from) < 1e12,
        abs(to) < 1e12
      else { throw AnnotationError("line \(number + 2): no times") }
      if from < to { tracks[cells[subject], default: []].append(Interval(label: cells[label], start: from, end: to)) }
    }
    self.init(tracks: tracks)
  }

  /// A BORIS project with one observation: events of a state are its starts and stops in turn.
  init(borisProject data: Data) throws {
    let project: BorisFile
    do { project = try JSONDecoder().decode(BorisFile.self, from: data) } catch {
      throw AnnotationError("not a BORIS project")
    }
    guard project.observations.count == 1, let observation = project.observations.values.first else {
      throw AnnotationError("\(project.observations.count) observations; export one as aggregated events (.tsv)")
    }
    let states = Set(project.behaviors_conf.values.filter { $0.type.hasPrefix("State") }.map(\.code))
    var running: [[String]: Double] = [:]
    var tracks: [String: [Interval]] = [:]
    for event in observation.events.sorted(by: { $0.time < $1.time }) where states.contains(event.code) {
      let key = [event.subject, event.code]
      if let start = running.removeValue(forKey: key) {
        if start < event.time {
          tracks[event.subject, default: []].append(Interval(label: event.code, start: start, end: event.time))
        }
      } else {
        running[key] = event.time
      }
    }
    if let open = running.keys.sorted(by: { $0[1] < $1[1] }).first {
      throw AnnotationError("\(open[1]) of \(open[0]) starts and never stops")
    }
    self.init(tracks: tracks)
  }

  private init(tracks: [String: [Interval]]) {
    self.init(tracks: tracks.sorted { $0.key < $1.key }.map { Track(name: $0.key, intervals: $0.value) })
  }
}

/// The parts of a BORIS project that hold events.
private struct BorisFile: Decodable {
  struct Behaviour: Decodable {
    let type: String
    let code: String
  }

  struct Observation: Decodable { let events: [Event] }

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

  let behaviors_conf: [String: Behaviour]
  let observations: [String: Observation]
}

/// Tiers, time slots and time-aligned annotations of an EAF file.
private struct ElanFile {
  struct Tier {
    let name: String
    let type: String
    var annotations: [(start: String, end: String, value: String)] = []
  }

  private(set) var tiers: [Tier] = []
  /// Seconds.
  private(set) var slots: [String: Double] = [:]

  init(_ data: Data) throws {
    var scanner = XMLScanner(data)
    guard case .start("ANNOTATION_DOCUMENT", _) = try scanner.next() else { throw AnnotationError("not an ELAN file") }
    var times: (start: String, end: String)?
    var value: String?
    while let event = try scanner.next() {
      switch event {
      case .start("TIME_SLOT", let attributes):
        guard let id = attributes["TIME_SLOT_ID"], let time = attributes["TIME_VALUE"].flatMap({ Int($0) }) else {
          continue
        }
        slots[id] = Double(time) / 1000
      case .start("TIER", let attributes):
        tiers.append(Tier(name: attributes["TIER_ID"] ?? "", type: attributes["LINGUISTIC_TYPE_REF"] ?? ""))
      case .start("ALIGNABLE_ANNOTATION", let attributes):
        times = (attributes["TIME_SLOT_REF1"] ?? "", attributes["TIME_SLOT_REF2"] ?? "")
      case .start("ANNOTATION_VALUE", _): value = ""
      case .text(let text): value? += text
      case .end("ANNOTATION_VALUE"):
        if let times, let value, !tiers.isEmpty {
          tiers[tiers.count - 1].annotations.append((times.start, times.end, value))
        }
        (times, value) = (nil, nil)
      default: break
      }
    }
  }
}
