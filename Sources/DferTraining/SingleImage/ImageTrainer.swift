import DferModels
import DferTensor

/// Trains a network for single images on labelled faces, one step at a time.
///
/// As in `Trainer`, a training that was stopped and resumed gives the same weights as one that was not.
public struct ImageTrainer: Sendable {
  /// What happened in a step.
  public struct Report: Sendable {
    public var step: Int
    public var rate: Double
    public var loss: Float
    /// Length of the gradient before it was shortened.
    public var gradient: Double
    /// Share of faces whose class was named right; nil without labels.
    public var agreement: Double?
  }

  public let card: ImageModelCard
  public let settings: ImageSettings
  public internal(set) var state: TrainingState
  private let model: ImageModel
  private var order: EpochOrder

  /// Goes on from the weights of `model`.
  public init(_ model: ImageModel, _ settings: ImageSettings) {
    (card, self.model, self.settings) = (model.card, model, settings)
    order = EpochOrder(seed: settings.seed)
    var options = ParameterPlan.Options()
    options.weightDecay = settings.weightDecay
    if let stem = model.network.stem { options.rates["\(stem.path)."] = settings.stemRate }
    state = TrainingState(
      model.weights, AdamW(model.weights, ParameterPlan(model.weights, options)),
      emaDecay: settings.emaDecay, seed: settings.seed)
  }

  /// Takes one step.
  /// - Throws: `TrainingError.notFinite` before anything has moved.
  public mutating func step(on set: LabelledSet) throws -> Report {
    guard !set.clips.isEmpty else { throw TrainingError.noClips("the training data") }
    let indices = order.indices(step: state.step, batch: settings.batch, count: set.clips.count)
    let views = indices.map { set.clips[$0] }.map { clip in
      (maskedAtTimes(clip), Augmentation(around: card.crop.sideFactor, strength: settings.augmentationStrength, random: &state.random))
    }
    var batch = ImageBatch(views, model, minimumVotes: settings.minimumVotes)
    if settings.mixup > 0, Double(state.random.uniform()) < settings.mixup {
      batch.mix(Mixup(batch.names.count, random: &state.random))
    }
    var tape = state.tape()
    let output = model.network(Value(batch.input), &tape)
    let loss = loss(output, batch, &tape)
    state.random = tape.random
    let statistics = tape.statistics
    let (value, rate) = (loss.tensor.values[0], settings.schedule.rate(state.step))
    let length = try state.descend(
      tape.gradients(of: loss).parameters, loss: value, rate: rate, longest: settings.maxGradientNorm,
      names: batch.names, statistics: statistics)
    return Report(
      step: state.step, rate: rate, loss: value, gradient: length,
      agreement: Agreement.topShare(output.expression.tensor, batch.shares, weights: batch.weights))
  }

  /// The network with its averaged weights, as it would be used.
  public var averaged: ImageModel { ImageModel(card, model.network, state.average.applied(to: state.weights)) }

  // MARK: Parts of a step

  private func loss(_ output: ImageOutput, _ batch: ImageBatch, _ tape: inout Tape) -> Value {
    let expression = expressionLoss(output, batch, &tape)
    guard let mask = output.mask else { return expression }
    return tape.weightedSum([(settings.expressionWeight, expression), (settings.maskWeight, tape.crossEntropy(mask, labels: batch.masks))])
  }

  private func expressionLoss(_ output: ImageOutput, _ batch: ImageBatch, _ tape: inout Tape) -> Value {
    var shares = batch.shares
    let (classes, total) = (shares.columns, batch.weights.reduce(0, +))
    guard total > 0 else { return tape.scale(tape.crossEntropy(output.expression, targets: shares), by: 0) }
    for index in shares.values.indices {
      let share = (1 - settings.smoothing) * shares.values[index] + settings.smoothing / Float(classes)
      shares.values[index] = share * batch.weights[index / classes] * (settings.classWeights?[index % classes] ?? 1)
    }
    return tape.scale(tape.crossEntropy(output.expression, targets: shares), by: Float(batch.weights.count) / total)
  }

  /// A face whose outline is known gets a mask drawn on in this share of the steps; it is known that others wear none.
  private mutating func maskedAtTimes(_ clip: LabelledClip) -> LabelledClip {
    guard settings.drawnMasks > 0, clip.contour.count == 68 else { return clip }
    guard Double(state.random.uniform()) < settings.drawnMasks else {
      var clip = clip
      clip.wearsMask = false
      return clip
    }
    return clip.wearing(DrawnMask(random: &state.random))
  }
}
