/// What a timeline adds up to, kept while rows go by in the order of time: the same seconds and shares of every class for
/// each face as `TimelineStatistics`, without holding any row.
package struct TimelineSummary: Sendable {
  /// One face's share.
  package struct Face: Sendable {
    /// Seconds that were read.
    package fileprivate(set) var seconds = 0.0
    /// The largest `motion` of its rows; nil when they do not say.
    package fileprivate(set) var motion: Double?
    package fileprivate(set) var secondsOfLabel: [String: Double] = [:]
    /// Read seconds in which the label is in doubt.
    package fileprivate(set) var doubtfulSeconds = 0.0
    fileprivate var confidence = 0.0
    package var meanConfidence: Double { seconds > 0 ? confidence / seconds : 0 }
  }

  package let labels: [String]
  package private(set) var statuses: [ClipResult.Status: Int] = [:]
  /// Seconds from the start of the first row to the end of the last.
  package var duration: Double { start.map { end - $0 } ?? 0 }
  private var (start, end): (Double?, Double) = (nil, 0)
  package private(set) var rows = 0
  /// Seconds without any video.
  package private(set) var gapSeconds = 0.0
  private var settled: [Int: Face] = [:]
  private var splitter = ShareSplitter()

  package init(labels: [String]) { self.labels = labels }

  package mutating func add(_ row: ClipResult) {
    rows += 1
    statuses[row.status, default: 0] += 1
    (start, end) = (min(start ?? row.startSeconds, row.startSeconds), max(end, row.endSeconds))
    if row.status == .decodeGap || row.status == .streamGap { gapSeconds += row.endSeconds - row.startSeconds }
    for share in splitter.add(row) { Self.add(share, to: &settled, labels) }
  }

  /// With the rows so far as if no other came.
  package var faces: [Int: Face] {
    var (faces, splitter) = (settled, splitter)
    for share in splitter.finish() { Self.add(share, to: &faces, labels) }
    return faces
  }

  private static func add(_ share: TimeShare, to faces: inout [Int: Face], _ labels: [String]) {
    guard let id = share.row.faceID else { return }
    var face = faces[id] ?? Face()
    if let motion = share.row.motion { face.motion = max(motion, face.motion ?? 0) }
    if let reading = share.reading(labels) {
      face.seconds += share.seconds
      face.secondsOfLabel[reading.label, default: 0] += share.seconds
      face.confidence += reading.confidence * share.seconds
      if Doubt.isDoubtful(reading.confidence) { face.doubtfulSeconds += share.seconds }
    }
    faces[id] = face
  }

  /// The summary as lines of text. Faces beyond the twenty that were read longest are counted, not listed.
  package var lines: [String] {
    let faces = faces
    var lines = [
      "\(fixedDecimal(duration, places: 1)) s, \(rows) \(rows == 1 ? "row" : "rows"), \(faces.count) \(faces.count == 1 ? "face" : "faces")"
    ]
    let order = faces.sorted { ($1.value.seconds, $0.key) < ($0.value.seconds, $1.key) }
    for (id, face) in order.prefix(20).sorted(by: { $0.key < $1.key }) { lines.append(Self.line(id, face)) }
    if faces.count > 20 { lines.append("  and \(faces.count - 20) more \(faces.count == 21 ? "face" : "faces")") }
    let notes = [
      (ClipResult.Status.noFace, "clip", "without a face"),
      (.lowQuality, "row", "with the face in less than half of the clip"), (.partialClip, "partial clip", ""),
      (.decodeGap, "gap", "in the video"), (.streamGap, "gap", "in the stream"),
    ].compactMap { status, noun, rest in
      statuses[status].map { "\($0) \(noun)\($0 == 1 ? "" : "s")\(rest.isEmpty ? "" : " " + rest)" }
    }
    if !notes.isEmpty { lines.append("  " + notes.joined(separator: ", ")) }
    return lines
  }

  private static func line(_ id: Int, _ face: Face) -> String {
    guard face.seconds > 0 else { return "  face \(id)  not read" }
    let shares = face.secondsOfLabel.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { label, seconds in
      "\(label) \(fixedDecimal(seconds * 100 / face.seconds, places: 0)) %"
    }
    let doubt = face.doubtfulSeconds * 100 / face.seconds
    return "  face \(id)  \(fixedDecimal(face.seconds, places: 1)) s  " + shares.joined(separator: ", ")
      + "  (mean confidence \(fixedDecimal(face.meanConfidence, places: 2))"
      + (doubt >= 0.5
        ? "; \(fixedDecimal(doubt, places: 0)) % unsure, below \(fixedDecimal(Doubt.threshold, places: 2))" : "") + ")"
      + (ClipResult.isStill(motion: face.motion, seconds: face.seconds) == true ? "  never moves: a picture?" : "")
  }
}
