import Foundation

/// Why an annotation cannot be read, or not be compared.
package struct AnnotationError: Error, Hashable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}

/// A file that says what each face shows: ELAN, BORIS, or rows. It may hold several observations or link several videos;
/// `annotation` picks the one that is asked for and never mixes them.
package struct AnnotationFile: Sendable {
  private enum Content: Sendable {
    case rows(SegmentTimeline)
    case elan(ElanFile)
    case boris([BorisObservation])
  }

  private let content: Content

  /// Reads ELAN files (`.eaf`), BORIS projects (`.boris`), BORIS tables of aggregated events, and whatever
  /// `ImportedTimeline` reads. Throws `AnnotationError`, `CSVTimeline.ParseError`, or what Foundation says of the file.
  package init(path: String, frameRate: Double? = nil) throws {
    let data = try Data(ofFileOrPipe: path)
    let bytes = Array(data)
    try TextKind.refuseOther(bytes)
    switch (path as NSString).pathExtension.lowercased() {
    case "eaf": content = .elan(try ElanFile(data))
    case "boris": content = .boris(try BorisObservation.all(ofProject: data))
    default:
      if let observations = try BorisObservation.all(ofTable: bytes) {
        content = .boris(observations)
        return
      }
      let timeline = try ImportedTimeline(bytes: bytes, frameRate: frameRate)
      guard timeline.videos.count == 1 else {
        throw AnnotationError("rows of \(timeline.videos.count) videos; compare each video's own file")
      }
      content = .rows(SegmentTimeline(timeline.videos[0].rows, labels: timeline.labels))
    }
  }

  /// The videos that the file itself names, as paths or URLs.
  package var media: [String] {
    switch content {
    case .rows: []
    case .elan(let file): file.media.map(\.location)
    case .boris(let observations): observations.flatMap(\.media)
    }
  }

  /// What the file says of one video.
  ///
  /// - Parameters:
  ///   - videos: names or paths of what the annotation is compared with; they choose among observations and media.
  ///   - observation: name of the observation to take, for files with several.
  package func annotation(of videos: [String] = [], observation: String? = nil) throws -> Annotation {
    let annotation: Annotation
    switch content {
    case .rows(let timeline): annotation = Annotation(timeline)
    case .elan(let file): annotation = try file.annotation(of: videos)
    case .boris(let observations):
      annotation = try BorisObservation.choose(from: observations, videos: videos, id: observation).annotation()
    }
    try annotation.refuseOverlaps()
    return annotation
  }

  /// Whether the two may name the same video: the last parts of their paths or URLs are the same bytes.
  package static func isSameVideo(_ one: String, _ others: [String]) -> Bool {
    others.contains { name(of: one) == name(of: $0) }
  }

  package static func name(of location: String) -> ExactName {
    let isURL = location.contains("://")
    let path = isURL ? String(location.prefix { $0 != "?" && $0 != "#" }) : location
    let last = path.utf8.split(whereSeparator: { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }).last.map(
      Substring.init)
    let name = last.map(String.init) ?? path
    return ExactName(isURL ? name.removingPercentEncoding ?? name : name)
  }
}

extension Annotation {
  /// Reads a file that holds one annotation. Throws like `AnnotationFile`.
  package init(path: String, frameRate: Double? = nil) throws {
    self = try AnnotationFile(path: path, frameRate: frameRate).annotation()
  }

  /// Refuses tracks that say two things of one moment: its seconds would be counted twice. Throws `AnnotationError`.
  func refuseOverlaps() throws {
    for track in tracks {
      var latest: Interval?
      for interval in track.intervals {
        // Annotation programs count in milliseconds, and round each end by itself.
        if let before = latest, interval.start < before.end - 0.0015 {
          func time(_ seconds: Double) -> String { fixedDecimal(seconds, places: 3) }
          throw AnnotationError(
            "\(before.label) and \(interval.label) of \"\(track.name)\" overlap from \(time(interval.start)) to "
              + "\(time(min(before.end, interval.end))) s; a face has one label at a time, so leave one of them out or give it another subject"
          )
        }
        if interval.end > latest?.end ?? -.infinity { latest = interval }
      }
    }
  }
}
