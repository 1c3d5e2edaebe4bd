import DferModels
import DferTensor
import Foundation

/// Why a training stopped by itself. The last checkpoint is untouched.
public enum TrainingError: Error, CustomStringConvertible {
  case noClips(String)
  case notFinite(step: Int, clips: [String])
  case poolsOverClips
  case cutsRegions
  case noPretraining(String)

  public var description: String {
    switch self {
    case .noClips(let what): "\(what) holds no labelled faces"
    case .notFinite(let step, let clips):
      "step \(step): the loss is no longer a number; a lower --learning-rate usually helps. Faces of this step:"
        + clips.prefix(8).map { "\n  \($0)" }.joined() + (clips.count > 8 ? "\n  and \(clips.count - 8) more" : "")
    case .poolsOverClips:
      "the box and landmark heads of these weights answer for whole clips: they cannot learn from one tubelet, "
        + "so --clip-fraction must be 1"
    case .cutsRegions:
      "the encoder of these weights cuts whole clips into regions: it cannot learn from one tubelet or image alone, so "
        + "--clip-fraction must be 1 (single images are then repeated to clips)"
    case .noPretraining(let system): "\(system) has no masked pre-training"
    }
  }
}

/// Trains a network on labelled faces, one step at a time.
///
/// Which faces a step sees depends on the seed and on the step's number only, and all other randomness comes from the
/// state. So a training that was stopped and resumed gives the same weights as one that was not.
public struct Trainer: Sendable {
  /// What happened in a step.
  public struct Report: Sendable {
    public var step: Int
    public var rate: Double
    public var loss, box, landmark, expression, blendshape: Float
    /// Length of the gradient before it was shortened.
    public var gradient: Double
    /// Share of faces whose class was named right; nil without labels.
    public var agreement: Double?
    /// Deviation of the boxes that were read over that of the true ones: near 0 means that the network says the same of
    /// every image. nil without boxes.
    public var spread: Double?
  }

  public let card: ModelCard
  public let settings: TrainingSettings
  public internal(set) var state: TrainingState
  private(set) var network: MTCAE
  private var order: EpochOrder
  private let cache: EncodedClips?

  /// Goes on from the weights of `model`.
  ///
  /// - Parameter cache: folder for what a frozen encoder reads, with `settings.cachedAugmentations` views of each clip.
  public init(_ model: ExpressionModel, _ settings: TrainingSettings, cache: URL? = nil) throws {
    (card, network, self.settings) = (model.card, model.network, settings)
    order = EpochOrder(seed: settings.seed)
    self.cache = try cache.map { try EncodedClips($0, model, settings) }
    network.encoder.gradientCheckpointing = settings.gradientCheckpointing
    guard settings.clipShare >= 1 || card.config.readsShortClips else {
      throw card.config.encoder == .maeDFER ? TrainingError.cutsRegions : TrainingError.poolsOverClips
    }
    var options = ParameterPlan.Options()
    options.weightDecay = settings.weightDecay
    options.layerDecay = settings.layerDecay
    options.rates = ["heads.": settings.headRate, "encoder.stem.": settings.stemRate]
    options.frozen = settings.frozen
    options.withoutDecay = Initialization.tokens
    let plan = ParameterPlan(model.weights, options)
    state = TrainingState(
      model.weights, AdamW(model.weights, plan), emaDecay: settings.emaDecay, seed: settings.seed)
    if settings.weighsTasks {
      state.tasks = TaskWeighting(tasks: 4, width: card.config.trunk.hiddenSize, random: &state.random)
    }
  }

  /// Takes one step.
  /// - Throws: `TrainingError.notFinite` before anything has moved.
  public mutating func step(on set: LabelledSet) throws -> Report {
    guard !set.clips.isEmpty else { throw TrainingError.noClips("the training data") }
    let trunk = card.config.trunk
    let isWhole = Double(state.random.uniform()) < settings.clipShare
    let indices = sampleIndices(isWhole, in: set)
    let sample =
      try cache.map { try $0.sample(indices, of: set, isWhole: isWhole, for: self, &state.random) }
      ?? fresh(isWhole ? withEpisodes(indices, in: set) : indices.map { set.clips[$0] }, isWhole: isWhole)
    var tape = state.tape()
    let tokens = encode(sample.input, &tape)
    let output = network.cascade(tokens, tokensPerTemporalIndex: tokens.shape[1] / (isWhole ? trunk.temporalSize : 1), &tape)
    let features = state.tasks.map { _ in tape.meanOfTokens(tokens).tensor }
    let parts = settings.loss(output, sample.targets, factors: features.flatMap { state.tasks?.factors($0) }, &tape)
    state.random = tape.random
    let rate = settings.schedule.rate(state.step)
    let length = try state.descend(
      tape.gradients(of: parts.total).parameters, loss: parts.total.tensor.values[0], rate: rate,
      longest: settings.maxGradientNorm, names: sample.names)
    func number(_ value: Value) -> Float { value.tensor.values[0] }
    if let features {
      state.tasks?.learn(
        features, losses: [parts.box, parts.landmark, parts.expression, parts.blendshape].map(number), rate: rate)
    }
    return Report(
      step: state.step, rate: rate, loss: number(parts.total), box: number(parts.box), landmark: number(parts.landmark),
      expression: number(parts.expression), blendshape: number(parts.blendshape), gradient: length,
      agreement: Self.agreement(output.expression.tensor, sample.targets.expression),
      spread: Self.spread(output.box.tensor, sample.targets.box))
  }

  /// The network with its averaged weights, as it would be used.
  public func evaluator(_ inputMode: Evaluator.InputMode) -> Evaluator {
    Evaluator(card: card, network: network, weights: state.average.applied(to: state.weights), inputMode: inputMode)
  }

  // MARK: Parts of a step

  /// What a step learns from.
  struct Sample {
    enum Input {
      case clips(Tensor, kept: [[Int]]?, firstTemporalIndex: Int)
      /// What a frozen encoder made of them, [batch, tokens, width].
      case tokens(Tensor)
    }

    var input: Input
    var targets: CascadeTargets
    var names: [String]
  }

  /// Which clips a step sees. One tubelet is cut from stills only, where there are any: a moment of what moves may look like
  /// any class. Of whole clips every second one moves, where there are both, or every fourth, where episodes move too: stills
  /// keep looks, clips teach time.
  mutating func sampleIndices(_ isWhole: Bool, in set: LabelledSet) -> [Int] {
    let count = isWhole ? max(1, settings.batch / card.config.trunk.temporalSize) : settings.batch
    let stills = set.clips.indices.filter { set.clips[$0].images.count == 1 }
    let moving = set.clips.indices.filter { set.clips[$0].images.count != 1 }
    guard !stills.isEmpty, !moving.isEmpty else {
      return Array(order.indices(step: state.step, batch: settings.batch, count: set.clips.count).prefix(count))
    }
    func some(_ pool: [Int], _ count: Int) -> [Int] {
      order.indices(step: state.step, batch: count, count: pool.count).map { pool[$0] }
    }
    guard isWhole else { return some(stills, count) }
    // A step of one clip sees each kind in turns.
    let moves = count == 1 ? state.step % 2 : settings.episodes > 0 ? (count + 3) / 4 : (count + 1) / 2
    return some(moving, moves) + some(stills, count - moves)
  }

  /// Clips of a step; some of the stills among them become episodes.
  private mutating func withEpisodes(_ indices: [Int], in set: LabelledSet) -> [LabelledClip] {
    let calm = settings.episodes > 0 ? set.stillsAtRest : []
    guard !calm.isEmpty else { return indices.map { set.clips[$0] } }
    return indices.map { index in
      let clip = set.clips[index]
      guard clip.images.count == 1, Double(state.random.uniform()) < settings.episodes else { return clip }
      let other = set.clips[calm[Int(state.random.next() % UInt64(calm.count))]]
      return clip.coming(outOf: other, Episode(random: &state.random), frames: card.config.trunk.numFrames)
    }
  }

  /// New views of some clips.
  private mutating func fresh(_ clips: [LabelledClip], isWhole: Bool) -> Sample {
    let views = clips.map { augmented($0, &state.random).masked }
    var batch = Batch(views, frames: frames(isWhole), card, minimumVotes: settings.minimumVotes)
    let temporalIndex = firstTemporalIndex(isWhole, &state.random)
    let kept = tubes(for: clips.count, isWhole: isWhole, &state.random)
    if settings.mixup > 0, Double(state.random.uniform()) < settings.mixup {
      batch.mix(Mixup(clips.count, random: &state.random))
    }
    return Sample(input: .clips(batch.input, kept: kept, firstTemporalIndex: temporalIndex), targets: batch.targets, names: batch.names)
  }

  func encode(_ input: Sample.Input, _ tape: inout Tape) -> Value {
    switch input {
    case .tokens(let tokens): Value(tokens)
    case .clips(let clips, let kept, let firstTemporalIndex): network.encoder(clips, kept: kept, firstTemporalIndex: firstTemporalIndex, &tape)
    }
  }

  /// How a step looks at a clip.
  struct AugmentedSample {
    let clip: LabelledClip
    /// To be drawn on a face with known points.
    let mask: DrawnMask?
    let augmentation: Augmentation

    /// The clip as it is read. Drawing takes time, so it is left until images are wanted.
    var masked: (clip: LabelledClip, augmentation: Augmentation) { (mask.map(clip.wearing) ?? clip, augmentation) }
  }

  /// A random look; a mask is worn in some of them.
  func augmented(_ clip: LabelledClip, _ random: inout RandomSource) -> AugmentedSample {
    let isMasked = settings.drawnMasks > 0 && Double(random.uniform()) < settings.drawnMasks
    let mask = isMasked ? DrawnMask(random: &random) : nil
    return AugmentedSample(
      clip: clip, mask: mask, augmentation: Augmentation(around: card.crop.sideFactor, strength: settings.augmentationStrength, random: &random))
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

  private static func agreement(_ logits: Tensor, _ target: CascadeTargets.Expression?) -> Double? {
    guard case .shares(let shares, let weights) = target else { return nil }
    return Agreement.topShare(logits, shares, weights: weights)
  }

  private static func spread(_ boxes: Tensor, _ target: CascadeTargets.Numbers?) -> Double? {
    guard let target else { return nil }
    let rows = target.tensor.shape[0]
    let known = (0..<rows).filter { target.isKnown?[$0] ?? true }
    guard known.count > 1 else { return nil }
    /// Deviation of the first frame's four numbers over the batch, summed.
    func standardDeviation(_ values: [Float]) -> Double {
      (0..<4).reduce(0) { sum, side in
        let column = known.map { Double(values[$0 * (values.count / rows) + side]) }
        let mean = column.reduce(0, +) / Double(column.count)
        return sum + (column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(column.count)).squareRoot()
      }
    }
    let truth = standardDeviation(target.tensor.values)
    return truth > 0 ? standardDeviation(boxes.values) / truth : nil
  }
}
