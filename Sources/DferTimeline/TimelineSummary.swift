/// What a timeline adds up to, kept while rows go by: time share of every class for each face, and the gaps.
public struct TimelineSummary: Sendable {
  /// One face's share.
  public struct Face: Sendable {
    public fileprivate(set) var clips = 0
    /// The largest `motion` of its rows; nil when they do not say.
    public fileprivate(set) var motion: Double?
    public fileprivate(set) var clipsOfLabel: [String: Int] = [:]
    fileprivate var confidence = 0.0
    public var meanConfidence: Double { clips > 0 ? confidence / Double(clips) : 0 }
  }

  public let labels: [String]
  /// Seconds that one clip stands for.
  public let hop: Double
  public private(set) var faces: [Int: Face] = [:]
  public private(set) var statuses: [ClipResult.Status: Int] = [:]
  public private(set) var duration = 0.0
  public private(set) var rows = 0
  /// Seconds without any video.
  public private(set) var gapSeconds = 0.0

  public init(labels: [String], hop: Double) {
    self.labels = labels
    self.hop = hop
  }

  public mutating func add(_ row: ClipResult) {
    rows += 1
    statuses[row.status, default: 0] += 1
    duration = max(duration, row.endSeconds)
    if row.status == .decodeGap || row.status == .streamGap { gapSeconds += row.endSeconds - row.startSeconds }
    guard let id = row.faceID, let best = row.best(labels) else { return }
    var face = faces[id] ?? Face()
    face.clips += 1
    face.clipsOfLabel[best.label, default: 0] += 1
    face.confidence += Double(best.confidence)
    if let motion = row.motion { face.motion = max(motion, face.motion ?? 0) }
    faces[id] = face
  }

  /// The summary as lines of text. Faces beyond the twenty with the most clips are counted, not listed.
  public var lines: [String] {
    var lines = ["\(fixedDecimal(duration, places: 1)) s, \(rows) rows, \(faces.count) \(faces.count == 1 ? "face" : "faces")"]
    let order = faces.sorted { ($1.value.clips, $0.key) < ($0.value.clips, $1.key) }
    for (id, face) in order.prefix(20).sorted(by: { $0.key < $1.key }) {
      let shares = face.clipsOfLabel.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { label, count in
        "\(label) \(fixedDecimal(Double(count) * 100 / Double(face.clips), places: 0)) %"
      }
      lines.append(
        "  face \(id)  \(fixedDecimal(Double(face.clips) * hop, places: 1)) s  " + shares.joined(separator: ", ")
          + "  (mean confidence \(fixedDecimal(face.meanConfidence, places: 2)))"
          + (face.motion.map { $0 < ClipResult.stillMotion } == true ? "  never moves: a picture?" : ""))
    }
    if faces.count > 20 { lines.append("  and \(faces.count - 20) more faces") }
    let notes = [
      (ClipResult.Status.noFace, "clip", "without a face"),
      (.lowQuality, "row", "with the face in less than half of the clip"), (.partialClip, "clip", "cut short"),
      (.decodeGap, "hole", "in the video"), (.streamGap, "hole", "in the stream"),
    ].compactMap { status, noun, rest in statuses[status].map { "\($0) \(noun)\($0 == 1 ? "" : "s") \(rest)" } }
    if !notes.isEmpty { lines.append("  " + notes.joined(separator: ", ")) }
    return lines
  }
}
