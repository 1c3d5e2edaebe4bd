import DferImage

/// A face that the detector saw in one look, in upright frame pixels.
public struct Detection: Sendable, Hashable {
  public var box: Rect
  /// 0...1.
  public var score: Double
  /// Eyes, nose tip, mouth corners; the subject's right side first.
  public var points: [Point]
  /// Probability that a mask is worn, 0...1.
  public var maskWorn: Double

  public init(box: Rect, score: Double, points: [Point] = [], maskWorn: Double = 0) {
    self.box = box
    self.score = score
    self.points = points
    self.maskWorn = maskWorn
  }

  /// The points as they lie when the box is moved and scaled to `other`.
  func points(movedTo other: Rect) -> [Point] {
    guard box.width > 0, box.height > 0 else { return [] }
    let (sx, sy) = (other.width / box.width, other.height / box.height)
    return points.map { Point(x: other.x + ($0.x - box.x) * sx, y: other.y + ($0.y - box.y) * sy) }
  }
}

/// Joins the boxes of single looks into faces with ids.
///
/// Ids start at 0, in the order in which faces are confirmed, and are never reused. A face that was away for longer than
/// `longestGap` gets a new id: without comparing appearances, which would be a biometric, nobody can be certain who it
/// is. Boxes are asked for with a delay of `lag` seconds, when what came before and after is known: then they are
/// interpolated between looks and smoothed from both sides.
public struct FaceTracker: Sendable {
  public struct Options: Sendable, Hashable {
    /// Score from which a find may start a track.
    public var minimumScore = 0.55
    /// Score from which a find may continue one.
    public var keepScore = 0.4
    /// Mean of a track's three best scores that makes it a face. Things that look like a face from some side score
    /// again and again, but never well.
    public var confirmScore = 0.70
    /// Seconds without a find that a track survives.
    public var longestGap = 0.5
    /// Seconds over which a face must be seen before it counts.
    public var shortestTrack = 0.4
    /// Pixels along the longer side below which faces are ignored.
    public var minimumFace = 0.0
    /// How many faces are reported at a time: the largest, where one that was reported before counts 1.5 times.
    public var maximumFaces = Int.max
    /// Seconds to each side over which a box is averaged.
    public var smoothing = 0.25

    public init() {}
  }

  /// A face at one moment.
  public struct Face: Sendable, Hashable {
    public let id: Int
    /// Smoothed box, upright frame pixels.
    public let box: Rect
    public let score: Double
    public let maskWorn: Double
    /// Eyes, nose tip and mouth corners as the detector saw them, carried along with the box; empty when it gives none.
    public let points: [Point]
  }

  private struct Sighting: Sendable {
    let time: Double
    let detection: Detection
  }

  private struct Track: Sendable {
    var id: Int?
    var sightings: [Sighting]

    var last: Sighting { sightings[sightings.count - 1] }
    var length: Double { last.time - sightings[0].time }

    /// Mean of the three best scores, or of all when there are fewer.
    var bestScore: Double {
      let best = sightings.map(\.detection.score).sorted(by: >).prefix(3)
      return best.reduce(0, +) / Double(best.count)
    }
  }

  public let options: Options
  private var tracks: [Track] = []
  private var nextID = 0
  private var reported: Set<Int> = []
  private var looks: (first: Double, last: Double, count: Int)?
  /// Seconds without a find that a track survives: longer than in the options when looks are rare.
  private var longestGap: Double

  public init(_ options: Options = Options()) {
    self.options = options
    longestGap = options.longestGap
  }

  /// Says how far apart looks will be: a track must survive one look that misses it.
  public mutating func expectLooks(every seconds: Double) { longestGap = max(options.longestGap, 2.2 * seconds) }

  /// Seconds after which a box can no longer change: long enough to confirm a face, to bridge a gap and to smooth.
  /// At most one second, so that little has to be kept waiting.
  public var lag: Double { min(1, max(options.shortestTrack, longestGap, options.smoothing)) }

  /// The time up to which boxes can no longer change: `lag` seconds before the last look, or later, when every track
  /// that could still grow allows it. Then live rows need not wait for a gap that is not there.
  public var settledUntil: Double {
    guard let looks else { return -.infinity }
    let open = tracks.filter { looks.last - $0.last.time <= longestGap + 1e-6 }
    let soonest = open.map { track in
      // A track without an id may get one, from its first sighting on.
      track.id == nil ? track.sightings[0].time - 1e-6 : track.last.time - options.smoothing
    }.min()
    return max(looks.last - lag, min(looks.last, soonest ?? looks.last))
  }

  /// How many faces were confirmed so far.
  public var confirmedCount: Int { nextID }

  /// Takes in one look at the frame at `time` seconds. Times must rise.
  public mutating func observe(_ detections: [Detection], at time: Double) {
    looks = looks.map { ($0.first, time, $0.count + 1) } ?? (time, time, 1)
    let large = detections.filter { max($0.box.width, $0.box.height) >= options.minimumFace && $0.score >= options.keepScore }
    // Certain finds choose first; weak ones may only continue what is left over.
    var free = Set(tracks.indices.filter { time - tracks[$0].last.time <= longestGap + 1e-6 })
    let certain = large.filter { $0.score >= options.minimumScore }
    let new = join(certain, to: &free, at: time)
    _ = join(large.filter { $0.score < options.minimumScore }, to: &free, at: time)
    for detection in new { tracks.append(Track(id: nil, sightings: [Sighting(time: time, detection: detection)])) }
    let shortest = options.shortestTrack - 1e-6
    confirm { $0.sightings.count >= 3 && $0.length >= shortest }
    forget(before: time - 2 * lag - 2)
  }

  /// Boxes at `time` of everything that is followed, whether it counts as a face or not.
  public func allBoxes(at time: Double) -> [Rect] { tracks.compactMap { smoothedBox(of: $0, at: time) } }

  /// Faces that are present at `time`, by id. Ask when `settledUntil` has passed it, or after `finish()`.
  public mutating func faces(at time: Double) -> [Face] {
    let present = tracks.compactMap { track -> Face? in
      guard let id = track.id, let box = smoothedBox(of: track, at: time) else { return nil }
      let nearest = track.sightings.min { abs($0.time - time) < abs($1.time - time) } ?? track.last
      return Face(
        id: id, box: box, score: nearest.detection.score, maskWorn: nearest.detection.maskWorn,
        points: nearest.detection.points(movedTo: box))
    }
    func weight(_ face: Face) -> Double { face.box.area * (reported.contains(face.id) ? 1.5 : 1) }
    let chosen = present.sorted { weight($0) > weight($1) }.prefix(options.maximumFaces)
    reported = Set(chosen.map(\.id))
    return chosen.sorted { $0.id < $1.id }
  }

  /// Says that no look follows in this stretch. When all of it is shorter than `shortestTrack`, a face that was seen in
  /// every look counts.
  public mutating func finish() {
    guard let looks, looks.last - looks.first < options.shortestTrack else { return }
    confirm { $0.sightings.count == looks.count && $0.sightings[0].time >= looks.first }
  }

  /// Ends all tracks: what follows is another scene.
  public mutating func endAll() {
    tracks = []
    reported = []
    looks = nil
  }

  // MARK: Joining

  /// Gives each detection to the track it continues best and returns those that continue none.
  ///
  /// Pairs are taken greedily by cost. With the gate below, a detection rarely has two candidates, and when faces cross,
  /// the motion and the size of each decide.
  private mutating func join(_ detections: [Detection], to free: inout Set<Int>, at time: Double) -> [Detection] {
    var pairs: [(cost: Double, track: Int, detection: Int)] = []
    for track in free {
      let expected = predictedBox(of: tracks[track], at: time)
      for (index, detection) in detections.enumerated() {
        if let cost = Self.cost(of: detection.box, expected: expected) { pairs.append((cost, track, index)) }
      }
    }
    var left = Set(detections.indices)
    for pair in pairs.sorted(by: { ($0.cost, $0.track, $0.detection) < ($1.cost, $1.track, $1.detection) })
    where free.contains(pair.track) && left.contains(pair.detection) {
      tracks[pair.track].sightings.append(Sighting(time: time, detection: detections[pair.detection]))
      free.remove(pair.track)
      left.remove(pair.detection)
    }
    return detections.indices.filter(left.contains).map { detections[$0] }
  }

  /// How badly a box continues a track, or nil when it cannot: farther than half a face away, or of another size.
  private static func cost(of box: Rect, expected: Rect) -> Double? {
    let size = (max(box.width, box.height) + max(expected.width, expected.height)) / 2
    guard size > 0 else { return nil }
    let (dx, dy) = (box.centre.x - expected.centre.x, box.centre.y - expected.centre.y)
    let distance = (dx * dx + dy * dy).squareRoot() / size
    let ratio = max(box.area, 1) / max(expected.area, 1)
    let growth = max(ratio, 1 / ratio)
    guard distance < 0.6, growth < 4 else { return nil }
    return distance + 0.15 * (growth - 1) + 0.5 * (1 - box.overlap(expected))
  }

  /// Where a track should be: its last box, moved on by its mean motion over the last half second.
  private func predictedBox(of track: Track, at time: Double) -> Rect {
    let last = track.last
    guard let earlier = track.sightings.first(where: { last.time - $0.time <= 0.5 }), earlier.time < last.time else {
      return last.detection.box
    }
    let (from, to) = (earlier.detection.box.centre, last.detection.box.centre)
    let share = (time - last.time) / (last.time - earlier.time)
    var box = last.detection.box
    box.x += (to.x - from.x) * share
    box.y += (to.y - from.y) * share
    return box
  }

  private mutating func confirm(_ isSeenEnough: (Track) -> Bool) {
    for index in tracks.indices
    where tracks[index].id == nil && tracks[index].bestScore >= options.confirmScore && isSeenEnough(tracks[index]) {
      tracks[index].id = nextID
      nextID += 1
    }
  }

  private mutating func forget(before time: Double) {
    tracks.removeAll { $0.last.time < time }
    for index in tracks.indices {
      guard let keep = tracks[index].sightings.lastIndex(where: { $0.time < time }), keep > 0 else { continue }
      tracks[index].sightings.removeFirst(keep)
    }
  }

  // MARK: Boxes

  /// The box at `time`, straight between the looks around it; nil outside the track.
  private func box(of track: Track, at time: Double) -> Rect? {
    guard let next = track.sightings.firstIndex(where: { $0.time >= time - 1e-6 }) else { return nil }
    let after = track.sightings[next]
    guard after.time > time + 1e-6 else { return after.detection.box }
    guard next > 0 else { return nil }
    let before = track.sightings[next - 1]
    return before.detection.box.interpolated(
      to: after.detection.box, (time - before.time) / (after.time - before.time))
  }

  /// The mean box over `smoothing` seconds to each side, narrowed near the ends of the track so that it leans to neither.
  private func smoothedBox(of track: Track, at time: Double) -> Rect? {
    guard let middle = box(of: track, at: time) else { return nil }
    let reach = min(options.smoothing, time - track.sightings[0].time, track.last.time - time)
    guard reach > 1e-3 else { return middle }
    let boxes = [-1, -0.5, 0, 0.5, 1].compactMap { box(of: track, at: time + reach * $0) }
    let count = Double(boxes.count)
    func mean(_ part: (Rect) -> Double) -> Double { boxes.reduce(0) { $0 + part($1) } / count }
    return Rect(x: mean(\.x), y: mean(\.y), width: mean(\.width), height: mean(\.height))
  }
}
