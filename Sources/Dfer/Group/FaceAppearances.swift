import DferImage
import DferModels
import DferTimeline
import DferTracking
import DferVideo

/// What the faces of a timeline look like at their clearest moments, from the video read once more. Embeddings are in memory
/// only.
package struct FaceAppearances {
  private let detector: FaceDetector
  private let embedder: FaceEmbedder

  /// Moments of a face that are looked at, spread over the time that it is there.
  private static let moments = 8
  /// Side of the part of the image that is searched for the face, over the longer side of its box, and in pixels.
  private static let (searched, pixels) = (1.8, 192)
  /// The least score of a face that is where the row says that one is.
  private static let least: Float = 0.35
  /// The least overlap with the row's box.
  private static let overlap = 0.35

  /// Seconds for which a last frame of unknown duration is shown, at most.
  private static let lastFrame = 1.0

  /// Why rows cannot be of this video.
  package enum Mismatch: Error, CustomStringConvertible {
    case ends(at: Double, rows: Double)

    package var description: String {
      switch self {
      case .ends(let end, let rows):
        "it ends at \(fixedDecimal(end, places: 1)) s, and the rows at \(fixedDecimal(rows, places: 1)) s"
      }
    }
  }

  package init(detector: FaceDetector, embedder: FaceEmbedder) {
    (self.detector, self.embedder) = (detector, embedder)
  }

  /// - Parameters:
  ///   - rows: of one video, in the order of time.
  ///   - video: read from front to back.
  ///   - isCancelled: asked before each frame.
  /// - Returns: each face of the rows; nil when cancelled.
  /// - Throws: `Mismatch`, or what `video` throws.
  package func read(
    _ rows: [ClipResult], from video: some VideoEvents, isCancelled: () -> Bool = { false }
  ) throws -> [FaceGrouping.Face]? {
    var wanted = Self.moments(of: rows)[...]
    var embeddings: [Int: [[Float]]] = [:]
    func look(at row: ClipResult, in frame: any VideoFrame) {
      guard let id = row.faceID, let found = embedding(of: row, in: frame) else { return }
      embeddings[id, default: []].append(found)
    }
    var shown: (any VideoFrame)?
    while !wanted.isEmpty, let event = try video.next() {
      if isCancelled() { return nil }
      guard case .frame(let frame) = event else { continue }
      // A frame is shown until the next one comes.
      while let row = wanted.first, row.middleSeconds < frame.time.seconds {
        look(at: row, in: shown ?? frame)
        wanted.removeFirst()
      }
      shown = frame
    }
    // Moments are left over at the end of the video: of its last frame, which is shown for as long as it says, or of another video.
    if let shown, !wanted.isEmpty {
      let end = shown.time.seconds + max(shown.duration ?? 0, Self.lastFrame)
      for row in wanted where row.middleSeconds < end { look(at: row, in: shown) }
      // A gap may come behind the last frame.
      if let row = rows.last(where: { $0.frames != nil }), row.startSeconds >= end {
        throw Mismatch.ends(at: shown.time.seconds + (shown.duration ?? 0), rows: row.endSeconds)
      }
    }
    return Dictionary(grouping: rows.filter { $0.faceID != nil }) { $0.faceID ?? 0 }.map { id, own in
      FaceGrouping.Face(
        id: id, embeddings: embeddings[id] ?? [],
        coverage: Dictionary(own.map { ($0.clip, $0.coverage ?? 1) }, uniquingKeysWith: max))
    }
  }

  /// Each face's clearest rows in equal parts of its time, in the order of time.
  static func moments(of rows: [ClipResult]) -> [ClipResult] {
    Dictionary(grouping: rows.filter { $0.faceID != nil && hasBox($0) }) { $0.faceID ?? 0 }.values.flatMap { own in
      let read = own.contains { $0.status == .ok } ? own.filter { $0.status == .ok } : own
      return (0..<min(moments, read.count)).compactMap { part in
        let (low, high) = (part * read.count / moments, (part + 1) * read.count / moments)
        let range = read.count <= moments ? part..<part + 1 : low..<high
        return read[range].max { clearness($0) < clearness($1) }
      }
    }.sorted { $0.middleSeconds < $1.middleSeconds }
  }

  /// Whether the box can be that of a face.
  private static func hasBox(_ row: ClipResult) -> Bool {
    guard let box = row.box else { return false }
    return [box.x, box.y, box.width, box.height].allSatisfy { abs($0) < 1e5 } && box.width >= 2 && box.height >= 2
  }

  /// A face that looks into the camera and that the detector is sure of is told best from others.
  private static func clearness(_ row: ClipResult) -> Double {
    (row.detectionScore ?? 0) - abs(row.behaviour.yaw ?? 0) / 60
  }

  private func embedding(of row: ClipResult, in frame: any VideoFrame) -> [Float]? {
    guard let box = row.box else { return nil }
    let square = box.square(factor: Self.searched)
    // A head on its side or upside down is looked at upright.
    let quarters = Int(((row.rollDegrees ?? 0) / 90).rounded())
    let turn = QuarterTurn(rawValue: (quarters % 4 + 4) % 4) ?? .upright
    let part = frame.crop(square, side: Self.pixels).turned(turn.inverse)
    let (side, scale) = (Double(Self.pixels), Double(Self.pixels) / square.width)
    let (across, down) = quarters % 2 == 0 ? (box.width, box.height) : (box.height, box.width)
    let place = Rect(
      x: (side - across * scale) / 2, y: (side - down * scale) / 2, width: across * scale, height: down * scale)
    let found = detector.detect(part, threshold: Self.least).map { (face: $0, overlap: $0.box.overlap(place)) }
    guard let best = found.max(by: { $0.overlap < $1.overlap }), best.overlap >= Self.overlap,
      best.face.points.count == 5
    else { return nil }
    return embedder.embed(FaceEmbedder.Face(part, points: best.face.points))
  }
}
