import DferImage

/// A face at one moment.
public struct TrackedFace: Sendable, Hashable {
  /// Counts from 0 in the order in which faces are confirmed; the `faceID` of the face's rows.
  public let id: Int
  /// Smoothed box, upright frame pixels.
  public let box: Rect
  /// The detector's score in the nearest detector run, 0...1.
  public let score: Double
  /// Probability that a mask is worn, 0...1.
  package let maskWorn: Double
  /// Eyes, nose tip and mouth corners as the detector saw them, carried along with the box; empty when it gives none.
  public let points: [Point]
  /// How the head stands.
  package var turn = QuarterTurn.upright
  /// Whether the head stands upside down.
  public var isUpsideDown: Bool { turn == .upsideDown }
}

/// Joins the detections of one continuous segment into faces with ids.
///
/// Ids rise in the order in which faces are confirmed. A face that was away for longer than `longestGap` gets a new id:
/// without comparing appearances, which would be a biometric, nobody can be certain who it is. Boxes are asked for with
/// a delay of `lag` seconds, when what came before and after is known: then they are interpolated between detector runs
/// and smoothed from both sides.
package struct FaceTracker: Sendable {
  package let options: TrackerOptions
  /// The id of the next face: hand it to the next segment's tracker, and no id is used twice.
  package private(set) var nextID: Int
  var tracks: [Track] = []
  private var reported: Set<Int> = []
  /// Detector runs so far: the time of the first, those of the last three, and how many.
  private var runs: (first: Double, recent: [Double], count: Int)?
  /// The part of `TrackerOptions.minimumFace` above which a face that counts goes on: boxes tremble.
  private static let keptSize = 0.8
  /// Seconds without a detection that a track survives: longer than in the options when detector runs are rare.
  private var longestGap: Double

  package init(_ options: TrackerOptions = TrackerOptions(), firstID: Int = 0) {
    self.options = options
    nextID = firstID
    longestGap = options.longestGap
  }

  /// Says how far apart detector runs will be: a track must survive one that misses it.
  package mutating func expectRuns(every seconds: Double) { longestGap = max(options.longestGap, 2.2 * seconds) }

  /// Seconds after which a box can no longer change: long enough to confirm a face, to bridge a gap and to smooth.
  /// At most one second, so that little has to be kept waiting.
  package var lag: Double { min(1, max(options.shortestTrack, longestGap, options.smoothing)) }

  /// The time up to which boxes can no longer change: `lag` seconds and two detector runs before the last one, because
  /// three confirm a face, or later, when every track that could still grow allows it. Then live rows need not wait for
  /// a gap that is not there.
  package var settledUntil: Double {
    guard let runs, let last = runs.recent.last else { return -.infinity }
    let open = tracks.filter { !$0.isEnded && last - $0.last.time <= longestGap + 1e-6 }
    let soonest = open.map { track in
      // A track without an id may get one, from its first sighting on.
      track.id == nil ? track.first.time - 1e-6 : track.last.time - options.smoothing
    }.min()
    let sure = runs.count < 3 ? -.infinity : min(last - lag, runs.recent[0])
    return max(sure, min(last, soonest ?? last))
  }

  /// Takes in what one detector run found in the frame at `time` seconds. Times must rise.
  package mutating func observe(_ detections: [FaceDetection], at time: Double) {
    let previous = runs?.recent.last
    runs = runs.map { ($0.first, $0.recent.suffix(2) + [time], $0.count + 1) } ?? (time, [time], 1)
    // Also those that are too small to be read: they are hidden where faces are, and may come nearer.
    let likely = detections.filter { $0.score >= options.keepScore }
    // Certain detections choose first; weak ones may only continue what is left over.
    // Between two runs nothing is known to have happened, however long that was: an image that stays on the screen for
    // seconds shows the same face all the time. Only runs that miss a face can end its track.
    var free = tracks.indices.filter {
      !tracks[$0].isEnded
        && (time - tracks[$0].last.time <= longestGap + 1e-6 || tracks[$0].last.time == previous)
    }
    var new = join(likely.filter { $0.score >= options.minimumScore }, to: &free, at: time)
    if let fast = fastFace(among: free, new, previous) {
      tracks[fast].add(new.removeFirst(), at: time)
      free.removeAll { $0 == fast }
    }
    _ = join(likely.filter { $0.score < options.minimumScore }, to: &free, at: time)
    tracks += new.map { Track($0, at: time) }
    let shortest = options.shortestTrack - 1e-6
    confirm { $0.sightings.count >= 3 && $0.length >= shortest }
    forget(before: min(time - 2 * lag - 2, runs?.recent.first ?? time))
  }

  /// Boxes at `time` of everything that is followed, whether it counts as a face or not.
  package func allBoxes(at time: Double) -> [Rect] {
    tracks.compactMap { $0.smoothedBox(at: time, over: options.smoothing) }
  }

  /// Boxes of the last detector run, whether they count as faces or not.
  package var newestBoxes: [Rect] {
    tracks.filter { $0.last.time == runs?.recent.last }.map(\.last.detection.box)
  }

  /// Faces that are present at `time`, by id. Ask when `settledUntil` has passed it, or after `finish()`.
  package mutating func faces(at time: Double) -> [TrackedFace] {
    let present = tracks.compactMap { track -> TrackedFace? in
      guard let id = track.id, let box = track.smoothedBox(at: time, over: options.smoothing),
        box.longerSide >= options.minimumFace * Self.keptSize
      else { return nil }
      let nearest = track.nearestSighting(to: time).detection
      return TrackedFace(
        id: id, box: box, score: nearest.score, maskWorn: nearest.maskWorn, points: nearest.points(movedTo: box),
        turn: nearest.turn == .upright && track.upsideDownVotes > 0 ? .upsideDown : nearest.turn)
    }
    func weight(_ face: TrackedFace) -> Double { face.box.area * (reported.contains(face.id) ? 1.5 : 1) }
    let chosen = present.sorted { weight($0) > weight($1) }.prefix(options.maximumFaces)
    reported = Set(chosen.map(\.id))
    return chosen.sorted { $0.id < $1.id }
  }

  /// Says that no detector run follows. When the segment is shorter than `shortestTrack`, or had fewer than three runs, a
  /// face that was seen in every run counts.
  package mutating func finish() {
    guard let runs, let last = runs.recent.last, runs.count < 3 || last - runs.first < options.shortestTrack else {
      return
    }
    confirm { $0.sightings.count == runs.count && $0.first.time >= runs.first }
  }

  /// Asks which of the faces that the last detector run saw stand upside down: new ones, and each again after a while.
  package mutating func checkUpright(_ isUpsideDown: (Rect) -> Bool) {
    guard let now = runs?.recent.last else { return }
    for index in tracks.indices
    where tracks[index].id != nil && tracks[index].last.time == now && tracks[index].last.detection.turn == .upright {
      if let last = tracks[index].lastCheck, now - last < UprightCheck.every { continue }
      tracks[index].vote(isUpsideDown: isUpsideDown(tracks[index].last.detection.box), at: now)
    }
  }

  /// Gives each detection to the track it continues best and returns those that continue none.
  private mutating func join(_ detections: [FaceDetection], to free: inout [Int], at time: Double) -> [FaceDetection] {
    let pairs = Association.pairs(expected: free.map { tracks[$0].predictedBox(at: time) }, detections)
    for pair in pairs { tracks[free[pair.expected]].add(detections[pair.detection], at: time) }
    let (joined, used) = (Set(pairs.map { free[$0.expected] }), Set(pairs.map(\.detection)))
    free.removeAll(where: joined.contains)
    return detections.indices.filter { !used.contains($0) }.map { detections[$0] }
  }

  /// The track that the only new detection continues although it lies farther away than faces move: the only other one, of
  /// which nothing but one sighting in the run before is known. From the second one on its motion is expected.
  private func fastFace(among free: [Int], _ new: [FaceDetection], _ previous: Double?) -> Int? {
    let young = free.filter { tracks[$0].sightings.count == 1 && tracks[$0].last.time == previous }
    guard new.count == 1, young.count == 1, let detection = new.first,
      Association.maySwing(detection.box, from: tracks[young[0]].last.detection.box)
    else { return nil }
    return young[0]
  }

  private mutating func confirm(_ isSeenEnough: (Track) -> Bool) {
    for index in tracks.indices
    where tracks[index].id == nil && isSeenEnough(tracks[index])
      && tracks[index].recentMean(over: options.shortestTrack, \.score) >= options.confirmScore
      && tracks[index].recentMean(over: options.shortestTrack, \.box.longerSide) >= options.minimumFace
    {
      tracks[index].id = nextID
      nextID += 1
    }
  }

  private mutating func forget(before time: Double) {
    tracks.removeAll { $0.last.time < time }
    for index in tracks.indices { tracks[index].forget(before: time) }
  }
}
