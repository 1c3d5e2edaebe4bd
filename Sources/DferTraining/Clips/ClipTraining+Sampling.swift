import DferModels
import DferTensor

/// Which clips a step sees, and how.
extension ClipTraining {
  /// What a step learns from.
  package struct Sample {
    enum Input {
      case clips(Tensor, kept: [[Int]]?, firstTemporalIndex: Int)
      /// What a frozen encoder made of them, [batch, tokens, width].
      case tokens(Tensor)
    }

    var input: Input
    var targets: CascadeTargets
    var names: [String]
    /// Whole clips, or one tubelet of each.
    var isWhole: Bool
  }

  /// Indices of the clips of a step. One tubelet is cut from stills only, where there are any: a moment of what moves may look
  /// like any class. Of whole clips every second one moves, where there are both, or every fourth, where episodes move too:
  /// stills teach appearance, clips teach time.
  mutating func sampleIndices(_ step: Int, _ isWhole: Bool) -> [Int] {
    let count = isWhole ? max(1, settings.batch / card.config.trunk.temporalSize) : settings.batch
    let (stills, moving) = (pools.stills, pools.moving)
    guard !stills.isEmpty, !moving.isEmpty else {
      let all = stills + moving
      return order.indices(step: step, batch: settings.batch, count: all.count).prefix(count).map { all[$0] }
    }
    func some(_ pool: [Int], _ count: Int) -> [Int] {
      order.indices(step: step, batch: count, count: pool.count).map { pool[$0] }
    }
    guard isWhole else { return some(stills, count) }
    // A step of one clip sees each kind in turns.
    let moves = count == 1 ? step % 2 : settings.episodes > 0 ? (count + 3) / 4 : (count + 1) / 2
    return some(moving, moves) + some(stills, count - moves)
  }

  /// Clips of a step; some of the stills among them become episodes.
  func withEpisodes(_ indices: [Int], _ random: inout RandomSource) -> [LabelledClip] {
    let calm = settings.episodes > 0 ? data.stillsAtRest : []
    guard !calm.isEmpty else { return indices.map { data.clips[$0] } }
    return indices.map { index in
      let clip = data.clips[index]
      guard clip.images.count == 1, Double(random.uniform()) < settings.episodes else { return clip }
      let other = data.clips[calm[Int(random.next() % UInt64(calm.count))]]
      return clip.coming(outOf: other, Episode(random: &random), frames: card.config.trunk.numFrames)
    }
  }

  /// New augmented samples of some clips.
  func fresh(_ clips: [LabelledClip], isWhole: Bool, _ random: inout RandomSource) -> Sample {
    let samples = clips.map { augmented($0, &random).masked }
    var batch = Batch(samples, frames: frames(isWhole), card, minimumVotes: settings.minimumVotes)
    let first = firstTemporalIndex(isWhole, &random)
    let kept = tubes(for: clips.count, isWhole: isWhole, &random)
    if settings.mixup > 0, Double(random.uniform()) < settings.mixup { batch.mix(Mixup(clips.count, random: &random)) }
    return Sample(
      input: .clips(batch.input, kept: kept, firstTemporalIndex: first), targets: batch.targets, names: batch.names,
      isWhole: isWhole)
  }

  /// One augmented sample of a clip.
  struct AugmentedSample {
    let clip: LabelledClip
    /// To be drawn on a face with known points.
    let mask: DrawnMask?
    let augmentation: Augmentation

    /// The clip as it is read. Drawing takes time, so it is left until images are wanted.
    var masked: (clip: LabelledClip, augmentation: Augmentation) { (mask.map(clip.wearing) ?? clip, augmentation) }
  }

  /// A random augmentation; a mask is worn in some of them.
  func augmented(_ clip: LabelledClip, _ random: inout RandomSource) -> AugmentedSample {
    let isMasked = settings.drawnMasks > 0 && Double(random.uniform()) < settings.drawnMasks
    let mask = isMasked ? DrawnMask(random: &random) : nil
    return AugmentedSample(
      clip: clip, mask: mask,
      augmentation: Augmentation(
        around: card.crop.sideFactor, strength: settings.augmentationStrength, domain: settings.randomization,
        random: &random))
  }

  func frames(_ isWhole: Bool) -> Int { (isWhole ? card.config.trunk.temporalSize : 1) * card.config.trunk.tubeletSize }

  /// Where in time a lone tubelet lies.
  func firstTemporalIndex(_ isWhole: Bool, _ random: inout RandomSource) -> Int {
    isWhole ? 0 : Int(random.next() % UInt64(card.config.trunk.temporalSize))
  }

  /// For each clip the tokens of some patch positions, the same at every temporal index; nil for all.
  func tubes(for clips: Int, isWhole: Bool, _ random: inout RandomSource) -> [[Int]]? {
    let (mask, temporalSize) = (settings.tubes(card.config), isWhole ? card.config.trunk.temporalSize : 1)
    guard mask.hidden > 0 else { return nil }
    return (0..<clips).map { _ in mask.visible(temporalSize: temporalSize, random: &random) }
  }
}
