import DferImage
import DferTimeline

/// What must not be seen in a video in which faces are made unrecognisable.
///
/// Rows say where a face was in the middle of each clip; in between it may have been anywhere near. A run that has just read the
/// video knows every box that may have been a face, ten times a second.
package struct HiddenFaces: Sendable {
  /// The boxes in one frame of a run, also those that got no row.
  package struct Sighting: Sendable {
    let time: Double
    let boxes: [Rect]

    /// - Parameter time: in seconds from the container's start.
    package init(time: Double, boxes: [Rect]) { (self.time, self.boxes) = (time, boxes) }
  }

  /// How long before and after it was seen a face may have been there, in seconds: a detector run and a half.
  private static let unseen = 0.3
  /// A face that was there for less than this time before the rows end has none, in seconds.
  private static let unconfirmed = 0.4
  /// A face of which only one place is known may have moved by this part of its size to each side.
  private static let unknownMotion = 0.5

  /// By face, in the order of time.
  private let rows: [[ClipResult]]
  /// When somebody looked for faces, in seconds: rows of a face or of none, joined where they touch.
  private let read: [ClosedRange<Double>]
  /// In the order of time.
  private let sightings: [Sighting]

  /// - Parameter sightings: of the run that made the rows, in the order of time; empty when only rows are left.
  package init(_ rows: [ClipResult], sightings: [Sighting] = []) {
    self.rows = Array(Self.byFace(rows).values)
    var read: [ClosedRange<Double>] = []
    for row in rows.sorted(by: { $0.startSeconds < $1.startSeconds }) {
      if let last = read.last, row.startSeconds <= last.upperBound + 1e-5 {
        read[read.count - 1] = last.lowerBound...max(last.upperBound, row.endSeconds)
      } else {
        read.append(row.startSeconds...max(row.startSeconds, row.endSeconds))
      }
    }
    (self.read, self.sightings) = (read, sightings)
  }

  /// The rows that say where a face was, by face, in the order of time.
  static func byFace(_ rows: [ClipResult]) -> [Int: [ClipResult]] {
    Dictionary(grouping: rows.filter { $0.faceID != nil && $0.box != nil }) { $0.faceID ?? 0 }
      .mapValues { $0.sorted { $0.middleSeconds < $1.middleSeconds } }
  }

  /// The boxes to hide at a time, for an image of a size: all of it where nobody looked.
  func boxes(at time: Double, size: Size) -> [Rect] {
    let end = sightings.isEmpty ? Self.unconfirmed : 0
    guard read.contains(where: { time >= $0.lowerBound - 1e-5 && time < $0.upperBound - end + 1e-5 }) else {
      return [Rect(x: 0, y: 0, width: Double(size.width), height: Double(size.height))]
    }
    return sightings.isEmpty ? rows.compactMap { ways(of: $0, at: time) } : seen(around: time)
  }

  /// All boxes that were seen around a time.
  private func seen(around time: Double) -> [Rect] {
    var (low, high) = (0, sightings.count)
    while low < high {
      let middle = (low + high) / 2
      if sightings[middle].time < time - Self.unseen { low = middle + 1 } else { high = middle }
    }
    let near = sightings[low...].prefix { $0.time <= time + Self.unseen }
    return near.flatMap(\.boxes) + Self.ways(between: Array(near))
  }

  /// What lies between the places of faces that are elsewhere from one look to the next: they were there in between.
  private static func ways(between looks: [Sighting]) -> [Rect] {
    func isThere(_ box: Rect, _ boxes: [Rect]) -> Bool { boxes.contains { $0.overlap(box) > 0 } }
    var (ways, gone): ([Rect], [Rect]) = ([], [])
    for (before, after) in zip(looks, looks.dropFirst()) {
      gone += before.boxes.filter { !isThere($0, after.boxes) }
      let new = after.boxes.filter { !isThere($0, before.boxes) }
      ways += gone.flatMap { gone in new.map { gone.union($0) } }
      gone.removeAll { isThere($0, new) }
    }
    return ways
  }

  /// What encloses the places of a face in the clips around a time, and where it was on its way if it moved on as it did.
  private func ways(of own: [ClipResult], at time: Double) -> Rect? {
    let near = own.indices.filter {
      own[$0].startSeconds - Self.unseen <= time && time < own[$0].endSeconds + Self.unseen
    }
    guard let first = near.first, let last = near.last else { return nil }
    var places = near.compactMap { own[$0].box }
    if own.count == 1, let box = own[0].box { places.append(box.square(factor: 1 + 2 * Self.unknownMotion)) }
    for (edge, other) in [(first, first + 1), (last, last - 1)] where own.indices.contains(other) {
      let (from, to) = (own[edge].middleSeconds, own[other].middleSeconds)
      if let box = own[edge].box, let next = own[other].box, abs(to - from) > 1e-9 {
        places.append(box.interpolated(to: next, (time - from) / (to - from)))
      }
    }
    return places.dropFirst().reduce(places.first) { $0?.union($1) }
  }
}
