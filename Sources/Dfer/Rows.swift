import DferImage
import DferModels
import DferTimeline
import DferVideo
import Foundation

/// Where a clip lies in its video.
struct ClipPlace {
  let clip: Int
  let start, end: Double
  let frames: Range<Int>
  let slots: Range<Int>
  /// False when the end of the video, or of an unbroken part of it, cuts the clip short.
  let isWhole: Bool
  /// UTC date of the start, for live sources.
  let wallTime: Date?
}

extension ClipResult {
  /// A hole in a file or in a live stream.
  static func gap(_ gap: Gap, clip: Int, wallTime: Date?) -> ClipResult {
    var row = ClipResult(
      clip: clip, startSeconds: gap.start, endSeconds: gap.end,
      status: gap.reason.isOfStream ? .streamGap : .decodeGap)
    row.wallTime = wallTime
    return row
  }

  static func noFace(_ place: ClipPlace) -> ClipResult { ClipResult(place, status: .noFace) }

  /// The row of one face: what the network read, and where the face was at the clip's middle.
  static func face(
    _ id: Int, samples: [(slot: Int, sample: FaceSample)], reading: ExpressionReading, place: ClipPlace, frames: Int
  ) -> ClipResult {
    let status: Status = !place.isWhole ? .partialClip : samples.count * 2 < frames ? .lowQuality : .ok
    var row = ClipResult(place, status: status)
    row.faceID = id
    row.probabilities = reading.probabilities
    row.blendshapes = reading.blendshapes
    row.maskWorn = reading.maskWorn.map(Double.init)
    row.faceFrames = samples.count
    row.coverage = Double(samples.count) / Double(frames)
    row.boxScore = samples.reduce(0) { $0 + $1.sample.score } / Double(samples.count)
    row.motion = FaceMotion.of(samples.map(\.sample.crop))
    row.occlusion = samples.reduce(0) { $0 + $1.sample.maskWorn } / Double(samples.count)

    let middle = place.slots.lowerBound + place.slots.count / 2
    let index = samples.indices.min { abs(samples[$0].slot - middle) < abs(samples[$1].slot - middle) } ?? 0
    let sample = samples[index].sample
    row.box = sample.box
    // The network saw the samples spread over its frames: find one that shows this sample.
    let order = ClipSampler.evenly(samples.count, over: frames)
    if let frame = order.firstIndex(of: index), frame < reading.landmarks.count {
      row.landmarks = reading.landmarks[frame].map {
        Point(x: sample.square.x + $0.x * sample.square.width, y: sample.square.y + $0.y * sample.square.height)
      }
      if row.landmarks.count >= 2 {
        let (left, right) = (row.landmarks[0], row.landmarks[1])
        row.rollDegrees = atan2(right.y - left.y, right.x - left.x) * 180 / .pi
      }
    }
    return row
  }

  /// Flattens the probabilities of a masked face: a reading that may rest on a mouth that nobody sees must not look
  /// certain. With a mask of probability m they become proportional to p^(1 / (1 + 2 m)), so the order stays.
  mutating func allowForMask() {
    let mask = maskWorn ?? occlusion ?? 0
    guard mask > 0.1, !probabilities.isEmpty else { return }
    let powers = probabilities.map { Float(pow(Double(max($0, 1e-9)), 1 / (1 + 2 * mask))) }
    let sum = powers.reduce(0, +)
    probabilities = powers.map { $0 / sum }
  }

  private init(_ place: ClipPlace, status: Status) {
    self.init(clip: place.clip, startSeconds: place.start, endSeconds: place.end, status: status)
    frames = place.frames
    wallTime = place.wallTime
  }
}

extension Detection {
  /// A find in the detector's image, carried over to the frame.
  init(_ face: FaceDetection, scaledBy x: Double, _ y: Double) {
    self.init(
      box: Rect(x: face.box.x * x, y: face.box.y * y, width: face.box.width * x, height: face.box.height * y),
      score: face.score, points: face.points.map { Point(x: $0.x * x, y: $0.y * y) }, maskWorn: face.maskWorn)
  }
}
