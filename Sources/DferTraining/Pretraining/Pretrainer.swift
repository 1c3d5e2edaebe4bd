import DferImage
import DferModels
import DferTensor

/// Masked pre-training, one step at a time: most of every clip is hidden, and the network learns to paint it.
///
/// All randomness comes from the state: a run that was stopped and resumed gives the same weights as one that was not.
public struct Pretrainer: Sendable {
  /// What happened in a step.
  public struct Report: Sendable {
    public var step: Int
    public var rate: Double
    /// Mean squared error of the hidden pixels; 1 is what a grey answer gets under the targets `pixels` and `colours`.
    public var loss: Float
    /// Length of the gradient before it was shortened.
    public var gradient: Double
    /// Clips of the step, and whether they were whole.
    public var clips: Int
    public var isWhole: Bool
  }

  public let settings: PretrainingSettings
  public internal(set) var state: TrainingState
  let network: PretrainingNetwork
  let input: InputSpec
  /// Side of the crop over the longer side of the face.
  let sideFactor: Double

  /// - Parameter model: gives the sizes, and the weights that the encoder starts with where it is one of the variant's
  ///   kind.
  public init(_ model: ExpressionModel, _ settings: PretrainingSettings) {
    precondition(settings.variant != .imageMAE, "Pretrainer: single pictures for a network of clips")
    var (store, random) = (ParameterStore(), RandomSource(seed: settings.seed))
    let network = PretrainingNetwork(model.card.config, settings, in: &store)
    Initialization.fill(&store, model.card.config, &random)
    let isSame = settings.variant == .init(model.card.config.encoder)
    self.init(network, store, from: isSame ? model.weights : ParameterStore(), model.card.input, model.card.crop, settings)
  }

  /// Pre-training of the encoder of a network for single images; `settings.variant` is `imageMAE`.
  ///
  /// - Parameter model: gives the sizes, and the weights that the encoder starts with.
  /// - Throws: `TrainingError.noPretraining` for other systems than Emotic MAE.
  public init(_ model: ImageModel, _ settings: PretrainingSettings) throws {
    guard let image = model.network as? EmoticMAE else { throw TrainingError.noPretraining(model.card.system.rawValue) }
    precondition(settings.variant == .imageMAE, "Pretrainer: \(settings.variant) for single pictures")
    var (store, random) = (ParameterStore(), RandomSource(seed: settings.seed))
    let network = PretrainingNetwork(image.config, settings, in: &store)
    MAEPretraining.initialize(&store, random: &random)
    let input = InputSpec(
      imageSize: model.card.imageSize, frames: 1, mean: model.card.imageMean, standardDeviation: model.card.imageStd)
    self.init(network, store, from: model.weights, input, model.card.crop, settings)
  }

  /// - Parameter start: has the encoder's first numbers, under the same names.
  private init(
    _ network: PretrainingNetwork, _ store: ParameterStore, from start: ParameterStore, _ input: InputSpec,
    _ crop: ModelCard.Crop, _ settings: PretrainingSettings
  ) {
    (self.network, self.input, sideFactor, self.settings) = (network, input, crop.sideFactor, settings)
    var store = store
    for (name, tensor) in zip(start.names, start.tensors) where network.isOfEncoder(name) {
      if let parameter = store.parameter(named: name) { store[parameter] = tensor }
    }
    var plan = ParameterPlan.Options()
    plan.weightDecay = settings.weightDecay
    plan.withoutDecay = Initialization.tokens
    var options = AdamW.Options()
    options.beta2 = settings.beta2
    // The newest weights are the result, so nothing is averaged.
    state = TrainingState(
      store, AdamW(store, ParameterPlan(store, plan), options), emaDecay: 0, seed: settings.seed)
  }

  /// Takes one step.
  /// - Throws: `TrainingError.notFinite` before anything has moved.
  public mutating func step(on set: LabelledSet) throws -> Report {
    guard !set.clips.isEmpty else { throw TrainingError.noClips("the data") }
    let moving = set.clips.indices.filter { set.clips[$0].images.count > 1 }
    let isWhole = settings.variant == .maeDFER || Double(state.random.uniform()) < settings.clipShare
    let pool = isWhole && !moving.isEmpty ? moving : Array(set.clips.indices)
    let chosen = (0..<(isWhole ? max(1, settings.batch / 4) : settings.batch)).map { _ in
      let clip = set.clips[pool[Int(state.random.next() % UInt64(pool.count))]]
      guard input.frames == 1, clip.images.count > 1 else { return clip }
      return clip.still(Int(state.random.next() % UInt64(clip.images.count)))
    }
    let views = chosen.map { clip in
      (clip, Augmentation(around: sideFactor, strength: settings.augmentationStrength, random: &state.random))
    }
    let part = sample(views, isWhole: isWhole, random: &state.random)

    var tape = state.tape()
    let painted = network(part.shown, visible: part.visible, firstTemporalIndex: part.firstTemporalIndex, &tape)
    let loss = tape.meanSquared(painted, Value(part.target.rows(of: part.hidden)))
    state.random = tape.random
    let rate = settings.schedule.rate(state.step)
    let length = try state.descend(
      tape.gradients(of: loss).parameters, loss: loss.tensor.values[0], rate: rate, longest: settings.maxGradientNorm,
      names: chosen.map(\.name))
    return Report(
      step: state.step, rate: rate, loss: loss.tensor.values[0], gradient: length, clips: chosen.count, isWhole: isWhole)
  }

  /// Clips with a mask, and what the mask hides.
  struct Sample {
    /// As the encoder gets it, and as it was.
    var shown, clips: Tensor
    var visible, hidden: [[Int]]
    var firstTemporalIndex: Int
    var target: PixelTarget
  }

  func sample(_ views: [(clip: LabelledClip, augmentation: Augmentation)], isWhole: Bool, random: inout RandomSource) -> Sample {
    let trunk = network.trunk
    let temporalSize = isWhole ? trunk.temporalSize : 1
    var clips = Batch.input(views, frames: temporalSize * trunk.tubeletSize, tubelet: trunk.tubeletSize, input)
    if clips.shape[2] < trunk.tubeletSize {
      // A still fills its tubelet.
      var tape = Tape(ParameterStore())
      clips = tape.repeatFrame(Value(clips), trunk.tubeletSize).tensor
    }
    let mask = network.mask(ratio: settings.ratio)
    let visible = views.map { _ in mask.visible(temporalSize: temporalSize, random: &random) }
    let tokens = temporalSize * trunk.tokensPerTemporalIndex
    let hidden = visible.map { seen in
      let seen = Set(seen)
      return (0..<tokens).filter { !seen.contains($0) }
    }
    return Sample(
      shown: trunk.stemWidths == nil ? clips : clips.hiding(allBut: visible, trunk), clips: clips, visible: visible,
      hidden: hidden, firstTemporalIndex: isWhole ? 0 : Int(random.next() % UInt64(trunk.temporalSize)),
      target: PixelTarget(clips, trunk, mean: input.mean, standardDeviation: input.standardDeviation, form: network.target))
  }
}
