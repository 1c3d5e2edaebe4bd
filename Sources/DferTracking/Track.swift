import DferImage

/// The detections of one face, or of what may become one.
struct Track: Sendable {
  struct Sighting: Sendable {
    let time: Double
    let detection: FaceDetection
  }

  /// nil until the track is confirmed.
  var id: Int?
  private(set) var sightings: [Sighting]
  /// Checks that found the face upside down, less those that found it upright.
  private(set) var upsideDownVotes = 0
  private(set) var lastCheck: Double?
  /// Whether another face took this one's place: nothing continues the track.
  private(set) var isEnded = false
  /// The face in the last detector run that saw it.
  var patch: FacePatch?
  /// Runs up to that one between which it held still.
  var stillRuns = 0
  /// Where another face may have taken this one's place, until the next detector run tells.
  var replacement: FaceTracker.Replacement?

  init(_ detection: FaceDetection, at time: Double) {
    sightings = [Sighting(time: time, detection: detection)]
  }

  var first: Sighting { sightings[0] }
  var last: Sighting { sightings[sightings.count - 1] }
  var length: Double { last.time - first.time }

  /// Mean of a number of the detections over the last `seconds`, and of three sightings at least where there are so many.
  func recentMean(over seconds: Double, _ number: (FaceDetection) -> Double) -> Double {
    let first = sightings.firstIndex { last.time - $0.time <= seconds + 1e-6 } ?? 0
    let recent = sightings[max(0, min(first, sightings.count - 3))...]
    return recent.reduce(0) { $0 + number($1.detection) } / Double(recent.count)
  }

  mutating func add(_ detection: FaceDetection, at time: Double) {
    sightings.append(Sighting(time: time, detection: detection))
  }

  /// Ends the track: it is seen for the last time at `time`.
  mutating func end(at time: Double) {
    sightings.removeAll { $0.time > time }
    if last.time < time { add(last.detection, at: time) }
    isEnded = true
  }

  mutating func vote(isUpsideDown: Bool, at time: Double) {
    upsideDownVotes = min(2, max(-2, upsideDownVotes + (isUpsideDown ? 1 : -1)))
    lastCheck = time
  }

  /// Forgets all sightings before the last one that is older than `time`.
  mutating func forget(before time: Double) {
    guard let keep = sightings.lastIndex(where: { $0.time < time }), keep > 0 else { return }
    sightings.removeFirst(keep)
  }

  func nearestSighting(to time: Double) -> Sighting {
    sightings.min { abs($0.time - time) < abs($1.time - time) } ?? last
  }

  /// Where the face should be: its last box, moved on by its mean motion over the last half second.
  func predictedBox(at time: Double) -> Rect {
    guard let earlier = sightings.first(where: { last.time - $0.time <= 0.5 }), earlier.time < last.time else {
      return last.detection.box
    }
    let (from, to) = (earlier.detection.box.centre, last.detection.box.centre)
    let share = (time - last.time) / (last.time - earlier.time)
    var box = last.detection.box
    box.x += (to.x - from.x) * share
    box.y += (to.y - from.y) * share
    return box
  }

  /// The mean box over `reach` seconds to each side, narrowed near the ends of the track so that it leans to neither;
  /// nil outside the track.
  func smoothedBox(at time: Double, over reach: Double) -> Rect? {
    guard let middle = box(at: time) else { return nil }
    let reach = min(reach, time - first.time, last.time - time)
    guard reach > 1e-3 else { return middle }
    let boxes = [-1, -0.5, 0, 0.5, 1].compactMap { box(at: time + reach * $0) }
    let count = Double(boxes.count)
    func mean(_ part: (Rect) -> Double) -> Double { boxes.reduce(0) { $0 + part($1) } / count }
    return Rect(x: mean(\.x), y: mean(\.y), width: mean(\.width), height: mean(\.height))
  }

  /// The box at `time`, straight between the sightings around it; nil outside the track.
  private func box(at time: Double) -> Rect? {
    guard let next = sightings.firstIndex(where: { $0.time >= time - 1e-6 }) else { return nil }
    let after = sightings[next]
    guard after.time > time + 1e-6 else { return after.detection.box }
    guard next > 0 else { return nil }
    let before = sightings[next - 1]
    return before.detection.box.interpolated(
      to: after.detection.box, (time - before.time) / (after.time - before.time))
  }
}
