import DferImage

/// What one slot of the clip grid shows of one face.
struct FaceSample: Sendable {
  /// Square crop as the network wants it.
  let crop: Image
  /// The square that was cut, in upright frame pixels; crop coordinates 0...1 map onto it.
  let square: Rect
  /// The face box, in upright frame pixels.
  let box: Rect
  /// The detector's score of the nearest look, 0...1.
  let score: Double
  /// Probability that a mask is worn, 0...1.
  let maskWorn: Double
  /// The detector's five points, in 0...1 of the crop.
  let points: [Point]
  /// Seconds from the container's start.
  let time: Double
}

/// The recent crops of all faces, by face and slot. It holds no more than the clips that are still open need.
struct FaceCrops: Sendable {
  private var samples: [Int: [Int: FaceSample]] = [:]

  subscript(face: Int, slot: Int) -> FaceSample? {
    get { samples[face]?[slot] }
    set { samples[face, default: [:]][slot] = newValue }
  }

  /// Faces that are seen in at least one of `slots`, in order of their ids, with their samples in order of time.
  func faces(in slots: Range<Int>) -> [(face: Int, samples: [(slot: Int, sample: FaceSample)])] {
    samples.keys.sorted().compactMap { face in
      let seen = slots.compactMap { slot in samples[face]?[slot].map { (slot: slot, sample: $0) } }
      return seen.isEmpty ? nil : (face, seen)
    }
  }

  /// Forgets everything before `slot`.
  mutating func forget(before slot: Int) {
    for (face, seen) in samples {
      let kept = seen.filter { $0.key >= slot }
      samples[face] = kept.isEmpty ? nil : kept
    }
  }
}
