/// Figures of a timeline, over the time that each row stands for (`TimeShare`).
package struct TimelineStatistics: Sendable {
  /// One class of one face.
  package struct Class: Sendable, Hashable {
    /// Seconds in which it is the likeliest class.
    package fileprivate(set) var seconds = 0.0
    /// Mean probability over all read time, weighted by time.
    package fileprivate(set) var mean = 0.0
    /// Standard deviation of the probability over all read time, weighted by time (of the population, not of a sample).
    package fileprivate(set) var standardDeviation = 0.0
    package fileprivate(set) var maximum = 0.0
    /// Segments with this label.
    package fileprivate(set) var episodes = 0
    fileprivate var squares = 0.0

    package var meanEpisode: Double? { episodes > 0 ? seconds / Double(episodes) : nil }
  }

  /// One face.
  package struct Face: Sendable, Hashable {
    package let id: Int
    /// Start of its first row's share and end of its last, in seconds.
    package fileprivate(set) var start: Double
    package fileprivate(set) var end: Double
    /// Seconds that were read.
    package fileprivate(set) var readSeconds = 0.0
    /// Mean probability of the likeliest class over read time.
    package fileprivate(set) var confidence = 0.0
    /// Read seconds in which the label is in doubt.
    package fileprivate(set) var doubtfulSeconds = 0.0
    /// Changes from one label to another without a break between them.
    package fileprivate(set) var transitions = 0
    package fileprivate(set) var rows = 0
    /// The largest `motion` of its rows; nil when they do not say.
    package fileprivate(set) var motion: Double?
    /// Whether it never moved: a poster or a photograph. Nil when rows do not say, or when too little of it was read.
    package var isStill: Bool? { ClipResult.isStill(motion: motion, seconds: readSeconds) }
    /// In the order of `labels`.
    package fileprivate(set) var classes: [Class]
    /// Seconds between its first and last moment in which it was not seen, or not well enough.
    package var unreadSeconds: Double { max(0, end - start - readSeconds) }
    package var episodes: Int { classes.reduce(0) { $0 + $1.episodes } }
  }

  /// Class names in the order of the rows' probabilities.
  package let labels: [String]
  /// By id.
  package let faces: [Face]
  /// Seconds from the start of the first row to the end of the last.
  package let duration: Double
  /// Seconds in holes of the video.
  package let gapSeconds: Double
  package let noFaceSeconds: Double

  package init(_ rows: some Sequence<ClipResult>, labels: [String]) {
    self.init(SegmentTimeline(rows, labels: labels))
  }

  /// The figures of a timeline that kept its shares.
  package init(_ timeline: SegmentTimeline) {
    labels = timeline.rowLabels
    duration = timeline.duration - (timeline.shares.map(\.start).min() ?? 0)
    func seconds(_ statuses: ClipResult.Status...) -> Double {
      timeline.shares.filter { statuses.contains($0.row.status) }.reduce(0) { $0 + $1.seconds }
    }
    gapSeconds = seconds(.decodeGap, .streamGap)
    noFaceSeconds = seconds(.noFace)
    var faces: [Int: Face] = [:]
    for share in timeline.shares {
      guard let id = share.row.faceID else { continue }
      faces[id, default: Face(id: id, start: share.start, end: share.end, classes: labels.map { _ in Class() })]
        .add(share, labels: labels)
    }
    for segment in timeline.faceSegments {
      guard let id = segment.faceID, let index = labels.firstIndex(of: segment.label) else { continue }
      faces[id]?.classes[index].episodes += 1
      faces[id]?.classes[index].seconds += segment.seconds
    }
    for id in faces.keys {
      let segments = timeline.segments(of: id)
      faces[id]?.transitions = zip(segments, segments.dropFirst()).filter { abs($0.end - $1.start) < 1e-6 }.count
      faces[id]?.settle()
    }
    self.faces = faces.values.sorted { $0.id < $1.id }
  }
}

extension TimelineStatistics.Face {
  fileprivate mutating func add(_ share: TimeShare, labels: [String]) {
    rows += 1
    motion = share.row.motion.map { max($0, motion ?? 0) } ?? motion
    start = min(start, share.start)
    end = max(end, share.end)
    guard let reading = share.reading(labels) else { return }
    readSeconds += share.seconds
    confidence += reading.confidence * share.seconds
    if Doubt.isDoubtful(reading.confidence) { doubtfulSeconds += share.seconds }
    for (index, probability) in share.row.shownProbabilities.enumerated() {
      let value = Double(probability)
      classes[index].mean += value * share.seconds
      classes[index].squares += value * value * share.seconds
      classes[index].maximum = max(classes[index].maximum, value)
    }
  }

  /// Turns sums into means.
  fileprivate mutating func settle() {
    guard readSeconds > 0 else { return }
    confidence /= readSeconds
    for index in classes.indices {
      classes[index].mean /= readSeconds
      let mean = classes[index].mean
      classes[index].standardDeviation = max(0, classes[index].squares / readSeconds - mean * mean).squareRoot()
      classes[index].squares = 0
    }
  }
}

/// Statistics as CSV: a row for each face, and one with empty cells for a video without any.
package struct StatisticsTable: Sendable {
  /// Class names of all videos, in order.
  package let labels: [String]

  package init(labels: [String]) { self.labels = labels }

  package var header: String {
    let fixed = [
      "video", "face_id", "video_s", "gap_s", "no_face_s", "start_s", "end_s", "read_s", "unread_s", "rows",
      "confidence", "episodes", "transitions", "transitions_per_min", "max_motion", "still_face", "unsure_s",
    ]
    let perClass = labels.map(RowLayout.safe).flatMap { label in
      ["share", "mean", "sd", "max", "episodes", "episode_s"].map { "\($0)_\(label)" }
    }
    return (fixed + perClass).joined(separator: ",")
  }

  package func lines(_ video: String, _ statistics: TimelineStatistics) -> [String] {
    let name = Quoting.cell(Quoting.path(video))
    let common = [statistics.duration, statistics.gapSeconds, statistics.noFaceSeconds].map(seconds)
    guard !statistics.faces.isEmpty else {
      let cells = [name, ""] + common
      let empty = header.split(separator: ",").count - cells.count
      return [(cells + Array(repeating: "", count: empty)).joined(separator: ",")]
    }
    return statistics.faces.map { face in
      let isRead = face.readSeconds > 0
      var cells = [name, String(face.id)] + common
      cells += [face.start, face.end, face.readSeconds, face.unreadSeconds].map(seconds)
      cells += [
        String(face.rows), isRead ? number(face.confidence) : "", String(face.episodes), String(face.transitions),
      ]
      cells.append(isRead ? number(Double(face.transitions) * 60 / face.readSeconds) : "")
      cells += [face.motion.map { fixedDecimal($0, places: 3) } ?? "", face.isStill.map { $0 ? "1" : "0" } ?? ""]
      cells.append(isRead ? seconds(face.doubtfulSeconds) : "")
      for label in labels {
        guard isRead, let index = statistics.labels.firstIndex(of: label) else {
          cells += Array(repeating: "", count: 6)
          continue
        }
        let figures = face.classes[index]
        cells += [figures.seconds / face.readSeconds, figures.mean, figures.standardDeviation, figures.maximum].map(
          number)
        cells += [String(figures.episodes), figures.meanEpisode.map(seconds) ?? ""]
      }
      return cells.joined(separator: ",")
    }
  }

  private func seconds(_ value: Double) -> String { fixedDecimal(value, places: 3) }
  private func number(_ value: Double) -> String { fixedDecimal(value, places: 6) }
}
