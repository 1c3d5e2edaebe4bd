import DferModels
import DferTensor

extension LabelledSet {
  /// Reads faces of which only is known whether they wear a mask: a packed set whose column `label` says mask or none.
  ///
  /// - Parameter labels: of the network that will see them; they get no votes for any.
  package static func masks(_ csv: String, labels: [String], every: Int = 1) throws -> LabelledSet {
    var set = try PackedSet.read(csv, labels: ["none", "mask"], every: every)
    set.labels = labels
    set.clips = try set.clips.map { clip in
      guard let wears = clip.votes.firstIndex(where: { $0 > 0 }) else {
        throw DataError(path: csv, reason: "\(clip.name): its label is neither mask nor none")
      }
      var clip = clip
      (clip.wearsMask, clip.votes, clip.otherVotes) = (wears == 1, [], 0)
      return clip
    }
    return set
  }

  /// The same faces with a mask drawn on each whose outline is known, the others left out: a measure of what a
  /// network still reads when the mouth is hidden. The same seed draws the same masks.
  package func withDrawnMasks(seed: UInt64) -> LabelledSet {
    var random = RandomSource(seed: seed)
    var set = self
    set.clips = clips.filter { $0.contour.count == 68 }.map { clip in
      clip.wearing(DrawnMask(random: &random))
    }
    return set
  }
}

extension LabelledClip {
  /// The same face with the same mask in every image. The outline is the known one, else one that fits the five points;
  /// a face without either stays as it is.
  func wearing(_ mask: DrawnMask) -> LabelledClip {
    let outlines = contour.count == 68 ? [contour] : points.map(DrawnMask.contour)
    guard outlines.count == images.count, outlines.allSatisfy({ $0.count == 68 }) else { return self }
    var clip = self
    clip.images = zip(images, outlines).map { mask.drawn(on: $0, contour: $1) }
    clip.wearsMask = true
    return clip
  }
}
