/// An unbroken stretch in which one face shows one label, or in which no face can be read.
package struct Segment: Sendable, Hashable {
  /// Nil when there is no face; then `label` is a status: `no_face`, `decode_gap` or `stream_gap`.
  package let faceID: Int?
  package let label: String
  /// Seconds from the container's start, inclusive.
  package let start: Double
  /// Seconds from the container's start, exclusive.
  package fileprivate(set) var end: Double
  /// Middle of the share with the greatest confidence, in seconds: when the expression is at its clearest.
  package fileprivate(set) var apex: Double
  fileprivate var peak: Double
  /// Sum of confidence times seconds.
  fileprivate var weight: Double

  package var seconds: Double { end - start }
  /// Mean confidence over time, 0...1; 0 without a face.
  package var confidence: Double { seconds > 0 ? weight / seconds : 0 }
}

/// A timeline as segments: what subtitles, annotation files and reports are made of.
package struct SegmentTimeline: Sendable {
  /// Class names, in alphabetical order.
  package let labels: [String]
  /// In order of their ends; those of one face do not overlap.
  package internal(set) var segments: [Segment] = []
  /// End of the last row, in seconds.
  package internal(set) var duration = 0.0
  /// Frames each second, counted over the rows; nil when no row says which frames it covers.
  package var frameRate: Double? { framedSeconds > 0 ? frames / framedSeconds : nil }
  var frames = 0.0
  var framedSeconds = 0.0
  /// All shares, when they were asked for.
  package internal(set) var shares: [TimeShare] = []
  /// Class names in the order of the rows' probabilities.
  package let rowLabels: [String]

  /// Faces with at least one segment, by id.
  package var faces: [Int] { Set(segments.compactMap(\.faceID)).sorted() }

  /// Segments of one face, or with nil those in which there is none, by start.
  package func segments(of face: Int?) -> [Segment] { segments.filter { $0.faceID == face } }

  /// Segments of all faces by start, then by face.
  package var faceSegments: [Segment] {
    segments.filter { $0.faceID != nil }.sorted { ($0.start, $0.faceID ?? 0) < ($1.start, $1.faceID ?? 0) }
  }

  /// The timeline of rows that are in memory already, in any order.
  package init(_ rows: some Sequence<ClipResult>, labels: [String]) {
    var collector = SegmentCollector(labels: labels, keepsShares: true)
    for row in rows.sorted(by: RowOrder.precedes) { collector.add(row) }
    self = collector.finish()
  }

  init(labels: [String]) {
    rowLabels = labels
    self.labels = labels.sorted()
  }
}

/// Joins rows to segments as they come, in the order of time.
///
/// Rows count as read when their status is `ok` or `partial_clip`. The share of a `low_quality` row belongs to no
/// segment: the face was there, but not seen well enough. Nor does a share whose label a model withholds.
struct SegmentCollector {
  private var splitter = ShareSplitter()
  private var timeline: SegmentTimeline
  private var open: [Int: Segment] = [:]
  private let keepsShares: Bool

  init(labels: [String], keepsShares: Bool = false) {
    timeline = SegmentTimeline(labels: labels)
    self.keepsShares = keepsShares
  }

  mutating func add(_ row: ClipResult) {
    timeline.duration = max(timeline.duration, row.endSeconds)
    if let frames = row.frames {
      timeline.frames += Double(frames.count)
      timeline.framedSeconds += row.endSeconds - row.startSeconds
    }
    for share in splitter.add(row) { add(share) }
  }

  mutating func finish() -> SegmentTimeline {
    for share in splitter.finish() { add(share) }
    timeline.segments += open.values.sorted { ($0.start, $0.faceID ?? -1) < ($1.start, $1.faceID ?? -1) }
    open = [:]
    return timeline
  }

  private mutating func add(_ share: TimeShare) {
    if keepsShares { timeline.shares.append(share) }
    guard share.seconds > 0, let reading = share.reading(timeline.rowLabels) else { return }
    let key = share.row.faceID ?? -1
    if var segment = open[key] {
      if segment.label == reading.label && abs(segment.end - share.start) < 1e-6 {
        segment.end = share.end
        segment.weight += reading.confidence * share.seconds
        if reading.confidence > segment.peak { (segment.peak, segment.apex) = (reading.confidence, share.middle) }
        open[key] = segment
        return
      }
      timeline.segments.append(segment)
    }
    open[key] = Segment(
      faceID: share.row.faceID, label: reading.label, start: share.start, end: share.end,
      apex: share.middle, peak: reading.confidence, weight: reading.confidence * share.seconds)
  }
}

extension TimeShare {
  /// What a segment says of this share; nil when it belongs to none. A modelled reading goes before the raw one.
  func reading(_ labels: [String]) -> (label: String, confidence: Double)? {
    let raw = rawReading(labels)
    guard raw != nil, row.faceID != nil, let modelled = row.modelled else { return raw }
    return modelled.label.map { (labels[$0], Double(modelled.confidence)) }
  }

  /// The same without any model.
  func rawReading(_ labels: [String]) -> (label: String, confidence: Double)? {
    switch row.status {
    case .ok, .partialClip:
      guard row.faceID != nil, let best = row.best(labels) else { return nil }
      return (best.label, Double(best.confidence))
    case .noFace, .decodeGap, .streamGap: return (row.status.rawValue, 0)
    case .lowQuality: return nil
    }
  }
}
