import DferImage
import DferModels
import DferTensor
import Foundation

/// What a frozen encoder makes of some views of each clip: read once, kept on disk, and drawn from in every later step, so
/// that only the decoders cost time. A view of a clip is always the same, whenever it is asked for first.
struct EncodedClips: Sendable {
  /// Views of each clip.
  private let views: Int
  private let tubelet, whole: FeatureCache

  /// - Throws: `CheckpointError` when the files cannot be opened.
  init(_ folder: URL, _ model: ExpressionModel, _ settings: TrainingSettings) throws {
    precondition(
      settings.freezesEncoder && settings.cachedAugmentations > 0, "EncodedClips: an encoder that learns, or no views")
    let (card, config, trunk) = (model.card, model.card.config, model.card.config.trunk)
    var encoder = Fingerprint()
    for (name, tensor) in zip(model.weights.names, model.weights.tensors) where name.hasPrefix("encoder.") {
      encoder.add(tensor.values)
    }
    let key = """
      dfer features 1; encoder \(encoder.value) \(CanonicalJSON.text(trunk))\(config.regionSize.map { ", regions \($0)" } ?? ""); \
      input \(card.imageMean) \(card.imageStd), crop \(card.crop.sideFactor); views \(settings.cachedAugmentations), strength \
      \(settings.augmentationStrength), tubes \(settings.keepTubes), masks \(settings.drawnMasks), seed \(settings.seed)\
      \(settings.randomization.map { ", domain \(CanonicalJSON.text($0))" } ?? "")
      """
    views = settings.cachedAugmentations
    let size = settings.tubes(config).visibleCells * trunk.hiddenSize
    tubelet = try FeatureCache(folder, key: "\(key); one slot", size: size)
    whole = try FeatureCache(folder, key: "\(key); whole clips", size: size * trunk.temporalSize)
  }

  /// Views of some clips of a set; those that were never asked for are read now and put into the cache.
  ///
  /// - Parameters:
  ///   - indices: of the clips in the set.
  ///   - weights: those of the frozen encoder among them.
  ///   - random: chooses among a clip's views.
  /// - Throws: `CheckpointError` when the disk takes no more.
  func sample(
    _ indices: [Int], of set: LabelledSet, isWhole: Bool, for training: ClipTraining, _ weights: ParameterStore,
    _ random: inout RandomSource
  ) throws -> ClipTraining.Sample {
    let (file, width) = (isWhole ? whole : tubelet, training.card.config.trunk.hiddenSize)
    var values: [Float] = []
    values.reserveCapacity(indices.count * file.size)
    var seen: [ClipTraining.AugmentedSample] = []
    for index in indices {
      let record = index * views + Int(random.next() % UInt64(views))
      var source = RandomSource(seed: training.settings.seed &+ UInt64(record) &* 0xD1B5_4A32_D192_ED03)
      let sample = training.augmented(set.clips[index], &source)
      seen.append(sample)
      let mark = Self.mark(of: sample.clip)
      if let known = file.read(record, mark: mark) {
        values += known
      } else {
        let batch = Batch([sample.masked], frames: training.frames(isWhole), training.card)
        let tubelet = training.firstTemporalIndex(isWhole, &source)
        let kept = training.tubes(for: 1, isWhole: isWhole, &source)
        var tape = Tape(weights)
        let tokens = training.encode(.clips(batch.input, kept: kept, firstTemporalIndex: tubelet), &tape).tensor
        values += try file.write(record, mark: mark, tokens.values)
      }
    }
    return ClipTraining.Sample(
      input: .tokens(Tensor(values, shape: [indices.count, file.size / width, width])),
      targets: Batch.targets(
        seen.map { ($0.clip, $0.augmentation) }, frames: training.frames(isWhole), training.card,
        minimumVotes: training.settings.minimumVotes),
      names: seen.map(\.clip.name), isWhole: isWhole)
  }

  /// Changes with anything that the encoder sees of a clip: other data under the same name are read anew.
  private static func mark(of clip: LabelledClip) -> UInt64 {
    var print = Fingerprint()
    print.add(clip.name.utf8)
    for box in clip.boxes { for number in [box.x, box.y, box.width, box.height] { print.add(number.bitPattern) } }
    // A mask is drawn along them.
    for point in clip.points.joined() { for number in [point.x, point.y] { print.add(number.bitPattern) } }
    for image in clip.images { print.add(image.pixels) }
    return print.value
  }
}
