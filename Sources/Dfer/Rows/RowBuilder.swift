import DferImage
import DferModels
import DferTimeline
import DferTracking
import DferVideo
import Foundation

/// Makes rows of clips and gaps: the only place that fills the columns of a `ClipResult`.
struct RowBuilder: Sendable {
  /// Frames that the network reads of a clip.
  let frames: Int
  let includesWallTime: Bool
  /// Whether faces that wear a mask get a lower confidence.
  let isMaskAware: Bool
  /// Whether rows carry what each frame shows.
  var keepsMoments = false
  /// Whether these are all decoded frames.
  var readsEveryFrame = false

  /// What the network says of some faces of a clip. Of what they do the frame in the middle is enough where no table tells
  /// of the others.
  func read(
    _ faces: ArraySlice<PendingClip.Face>, of clip: PendingClip, number: Int, classifier: any ClipClassifying,
    cache: EmbeddingCache?
  ) throws -> [ExpressionReading] {
    let samples = faces.map { $0.spread(over: frames) }
    let (crops, points) = (samples.map { $0.map(\.crop) }, samples.map { $0.map(\.points) })
    var readings = try classifier.read(
      crops, points: points, cache: cache, clip: number,
      behaviourOf: keepsMoments && !readsEveryFrame ? nil : faces.map { middle(of: $0, in: clip).frame ?? 0 })
    guard readsEveryFrame, readings.count == faces.count else { return readings }
    for (index, face) in faces.enumerated() {
      readings[index].frameBehaviours = classifier.behaviours(of: face.frames.map(\.crop))
    }
    return readings
  }

  /// The rows of a clip: one for each face, of each of which there is a reading. A clip without faces has a row too.
  func rows(of clip: PendingClip, number: Int, readings: [ExpressionReading]) -> [ClipResult] {
    guard !clip.faces.isEmpty else { return [row(of: clip, number: number, status: .noFace)] }
    return zip(clip.faces, readings).map { face, reading in
      var row = row(of: face, reading, in: clip, number: number)
      if readsEveryFrame { row.moments = zip(reading.frameBehaviours, face.frames).compactMap { Moment($0, of: $1) } }
      return row
    }
  }

  /// The row of a gap in a file or in a live stream.
  func row(of gap: Gap, number: Int, wallTime: Date) -> ClipResult {
    var row = ClipResult(
      clip: number, startSeconds: gap.start, endSeconds: gap.end, status: GapRules.status(of: gap.reason))
    if includesWallTime { row.wallTime = wallTime }
    return row
  }

  /// Adds what the network looks at in the middle of a clip, for each face.
  func addViews(of clip: PendingClip, classifier: any ClipClassifying, to views: inout ViewSheet) {
    for face in clip.faces {
      let middle = face.samples[face.samples.count / 2]
      views.add(classifier.views(of: middle.crop, points: middle.points))
    }
  }

  /// The row of one face: what the network read, and where the face was at the clip's middle.
  private func row(
    of face: PendingClip.Face, _ reading: ExpressionReading, in clip: PendingClip, number: Int
  ) -> ClipResult {
    let samples = face.samples
    // What is no number was not read, however long the face was seen.
    let isPoor = samples.count * 2 < frames || !reading.isFinite
    var row = row(
      of: clip, number: number, status: !clip.isWhole && reading.isFinite ? .partialClip : isPoor ? .lowQuality : .ok)
    row.faceID = face.id
    row.probabilities = reading.probabilities
    row.blendshapes = reading.isFinite ? reading.blendshapes : []
    row.maskProbability = reading.maskWorn.map(Double.init)
    row.faceFrames = samples.count
    row.coverage = Double(samples.count) / Double(frames)
    row.detectionScore = samples.reduce(0) { $0 + $1.score } / Double(samples.count)
    row.motion = FaceMotion.of(samples.map(\.crop))
    row.detectorMaskProbability = samples.reduce(0) { $0 + $1.maskWorn } / Double(samples.count)

    let (nearest, middle) = middle(of: face, in: clip)
    row.box = samples[nearest].box
    if let frame = middle, frame < reading.landmarks.count, reading.isFinite {
      row.landmarks = reading.landmarks[frame].map {
        CropGeometry.inFrame($0, of: samples[nearest].square, turn: samples[nearest].turn)
      }
      if row.landmarks.count >= 2 {
        let (left, right) = (row.landmarks[0], row.landmarks[1])
        row.rollDegrees = atan2(right.y - left.y, right.x - left.x) * 180 / .pi
      }
    }
    // What was asked for of one frame alone is of this one.
    if let frame = reading.behaviours.count == 1 ? 0 : middle, frame < reading.behaviours.count {
      row.take(reading.behaviours[frame], of: samples[nearest])
    }
    if keepsMoments, !readsEveryFrame {
      let order = ClipSampler.evenly(samples.count, over: frames)
      row.moments = samples.indices.compactMap { sample in
        order.firstIndex(of: sample).flatMap { frame in
          frame < reading.behaviours.count ? Moment(reading.behaviours[frame], of: samples[sample]) : nil
        }
      }
    }
    if isMaskAware { row.allowForMask() }
    return row
  }

  /// The sample that is nearest to a clip's middle, and a frame of the network's that shows it: the network sees the samples
  /// spread over its frames.
  private func middle(of face: PendingClip.Face, in clip: PendingClip) -> (sample: Int, frame: Int?) {
    let (samples, middle) = (face.samples, clip.samples.lowerBound + clip.samples.count / 2)
    let nearest = samples.indices.min { abs(samples[$0].index - middle) < abs(samples[$1].index - middle) } ?? 0
    return (nearest, ClipSampler.evenly(samples.count, over: frames).firstIndex(of: nearest))
  }

  private func row(of clip: PendingClip, number: Int, status: ClipResult.Status) -> ClipResult {
    var row = ClipResult(clip: number, startSeconds: clip.start, endSeconds: clip.end, status: status)
    row.frames = clip.frames
    row.shot = clip.shot
    if includesWallTime { row.wallTime = clip.wallTime }
    return row
  }
}

extension ClipResult {
  /// Flattens the probabilities of a masked face: a reading that may rest on a mouth that nobody sees must not look
  /// certain. With a mask of probability m they become proportional to p^(1 / (1 + 2 m)), so the order stays.
  mutating func allowForMask() {
    let mask = maskProbability ?? detectorMaskProbability ?? 0
    guard mask > 0.1, !probabilities.isEmpty else { return }
    let powers = probabilities.map { Float(pow(Double(max($0, 1e-9)), 1 / (1 + 2 * mask))) }
    let sum = powers.reduce(0, +)
    probabilities = powers.map { $0 / sum }
  }
}
