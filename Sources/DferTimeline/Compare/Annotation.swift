import DferImage

/// What was said of each face of a video and when, by a program or by a person.
package struct Annotation: Sendable, Hashable {
  /// A stretch of time with one label.
  package struct Interval: Sendable, Hashable {
    package let label: String
    /// Seconds; the end is exclusive.
    package let start, end: Double

    package init(label: String, start: Double, end: Double) {
      self.label = label
      self.start = start
      self.end = end
    }
  }

  /// One face, tier or subject.
  package struct Track: Sendable, Hashable {
    package let name: String
    /// By start.
    package let intervals: [Interval]
    /// Where the face was, when that is known; by start.
    let boxes: [TimeShare]

    package init(name: String, intervals: [Interval]) {
      self.init(name: name, intervals: intervals, boxes: [])
    }

    init(name: String, intervals: [Interval], boxes: [TimeShare]) {
      self.name = name
      self.intervals = intervals.sorted { $0.start < $1.start }
      self.boxes = boxes
    }
  }

  package let tracks: [Track]

  package init(tracks: [Track]) { self.tracks = tracks }

  /// The segments of a timeline.
  package init(_ timeline: SegmentTimeline) {
    var boxes: [Int: [TimeShare]] = [:]
    for share in timeline.shares where share.row.box != nil { boxes[share.row.faceID ?? -1, default: []].append(share) }
    tracks = timeline.faces.map { face in
      let intervals = timeline.segments(of: face).map { Interval(label: $0.label, start: $0.start, end: $0.end) }
      return Track(name: TextParts.name(face), intervals: intervals, boxes: boxes[face] ?? [])
    }
  }

  /// The same with other names for labels. Labels are compared in lower case and without spaces around them.
  package func renaming(_ names: [String: String]) -> Annotation {
    func key(_ label: String) -> String {
      let words = label.lowercased().split(whereSeparator: \.isWhitespace)
      return words.joined(separator: " ")
    }
    let table = Dictionary(names.map { (key($0), key($1)) }) { $1 }
    return Annotation(
      tracks: tracks.map { track in
        let intervals = track.intervals.map { interval in
          let label = key(interval.label)
          return Interval(label: table[label] ?? label, start: interval.start, end: interval.end)
        }
        return Track(name: track.name, intervals: intervals, boxes: track.boxes)
      })
  }
}
