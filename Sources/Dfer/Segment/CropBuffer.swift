import DferImage

/// What one sample of the clip grid shows of one face.
struct FaceSample: Sendable {
  /// Number of the sample in its segment.
  let index: Int
  /// Displayed frame that it was cut from, and its time in seconds from the container's start.
  let frame: Int
  let time: Double
  /// Square crop as the network wants it.
  let crop: Image
  /// The square that was cut, in upright frame pixels; crop coordinates 0...1 map onto it.
  let square: Rect
  /// The face box, in upright frame pixels.
  let box: Rect
  /// The detector's score of the nearest detector run, 0...1.
  let score: Double
  /// Probability that a mask is worn, 0...1.
  let maskWorn: Double
  /// The detector's five points, in 0...1 of the crop.
  let points: [Point]
  /// How the head stands in the frame; the crop is the square turned so that it is upright.
  let turn: QuarterTurn
}

/// The recent crops of all faces, by face and sample. It holds no more than the clips that are still open need.
struct CropBuffer: Sendable {
  private var samples: [Int: [Int: FaceSample]] = [:]
  /// Frames that no clip has yet, by face, in order of time.
  private var frames: [Int: [FaceSample]] = [:]
  /// Such frames that no clip has taken and none will.
  private(set) var leftOut = 0

  /// Adds what a sample shows of `face`.
  mutating func add(_ sample: FaceSample, of face: Int) { samples[face, default: [:]][sample.index] = sample }

  /// Adds a decoded frame of `face`.
  mutating func addFrame(_ frame: FaceSample, of face: Int) { frames[face, default: []].append(frame) }

  /// The frames of some faces that lie in a time. Those before its end are forgotten.
  mutating func takeFrames(of faces: [PendingClip.Face], from start: Double, to end: Double) -> [PendingClip.Face] {
    guard !frames.isEmpty else { return faces }
    let taken = faces.map { face in
      var face = face
      face.frames = (frames[face.id] ?? []).filter { $0.time >= start - 1e-6 && $0.time < end - 1e-6 }
      return face
    }
    let before = waiting
    frames = frames.mapValues { $0.filter { $0.time >= end - 1e-6 } }.filter { !$0.value.isEmpty }
    leftOut += before - waiting - taken.reduce(0) { $0 + $1.frames.count }
    return taken
  }

  /// Forgets the frames that no clip has: there will be no more clips.
  mutating func endFrames() {
    leftOut += waiting
    frames = [:]
  }

  private var waiting: Int { frames.values.reduce(0) { $0 + $1.count } }

  /// Faces that are seen in at least one of the samples `range`, in order of their ids, with their samples in order of
  /// time.
  func faces(in range: Range<Int>) -> [PendingClip.Face] {
    samples.keys.sorted().compactMap { face in
      let seen = range.compactMap { samples[face]?[$0] }
      return seen.isEmpty ? nil : PendingClip.Face(id: face, samples: seen)
    }
  }

  /// Forgets everything before sample `index`.
  mutating func forget(before index: Int) {
    for (face, seen) in samples {
      let kept = seen.filter { $0.key >= index }
      samples[face] = kept.isEmpty ? nil : kept
    }
  }
}
