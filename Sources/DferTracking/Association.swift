import DferImage

/// Which detection continues which track.
enum Association {
  /// Pairs of expected boxes and detections, best first, each used once: indices into both.
  ///
  /// Pairs are taken greedily by cost. With the gate below, a detection rarely has two candidates, and when faces cross,
  /// the motion and the size of each decide.
  static func pairs(expected: [Rect], _ detections: [FaceDetection]) -> [(expected: Int, detection: Int)] {
    var candidates: [(cost: Double, expected: Int, detection: Int)] = []
    for (track, box) in expected.enumerated() {
      for (index, detection) in detections.enumerated() {
        if let cost = cost(of: detection.box, expected: box) { candidates.append((cost, track, index)) }
      }
    }
    candidates.sort { ($0.cost, $0.expected, $0.detection) < ($1.cost, $1.expected, $1.detection) }
    var (takenTracks, takenDetections): (Set<Int>, Set<Int>) = ([], [])
    var pairs: [(expected: Int, detection: Int)] = []
    for (_, track, index) in candidates where !takenTracks.contains(track) && !takenDetections.contains(index) {
      takenTracks.insert(track)
      takenDetections.insert(index)
      pairs.append((track, index))
    }
    return pairs
  }

  /// Whether a box may be of the same face when nothing else can be: at most 2.5 face sizes away, and of nearly the same size.
  static func maySwing(_ box: Rect, from last: Rect) -> Bool {
    let size = (box.longerSide + last.longerSide) / 2
    let (dx, dy) = (box.centre.x - last.centre.x, box.centre.y - last.centre.y)
    let ratio = max(box.area, 1) / max(last.area, 1)
    return (dx * dx + dy * dy).squareRoot() < 2.5 * size && max(ratio, 1 / ratio) < 1.5
  }

  /// How badly a box continues a track, or nil when it cannot: farther than 0.6 face sizes away, or of another size.
  static func cost(of box: Rect, expected: Rect) -> Double? {
    let size = (box.longerSide + expected.longerSide) / 2
    guard size > 0 else { return nil }
    let (dx, dy) = (box.centre.x - expected.centre.x, box.centre.y - expected.centre.y)
    let distance = (dx * dx + dy * dy).squareRoot() / size
    let ratio = max(box.area, 1) / max(expected.area, 1)
    let growth = max(ratio, 1 / ratio)
    guard distance < 0.6, growth < 4 else { return nil }
    return distance + 0.15 * (growth - 1) + 0.5 * (1 - box.overlap(expected))
  }
}
