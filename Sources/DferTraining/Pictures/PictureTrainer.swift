import DferModels
import DferTensor

/// Trains a network for single pictures on labelled faces, one step at a time.
///
/// As in `Trainer`, a training that was stopped and resumed gives the same weights as one that was not.
public struct PictureTrainer: Sendable {
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

  public let card: PictureCard
  public let settings: PictureSettings
  public internal(set) var state: TrainingState
  private let model: PictureModel
  private var order: EpochOrder

  /// Goes on from the weights of `model`.
  public init(_ model: PictureModel, _ settings: PictureSettings) {
    (card, self.model, self.settings) = (model.card, model, settings)
    order = EpochOrder(seed: settings.seed)
    var options = ParameterPlan.Options()
    options.weightDecay = settings.weightDecay
    if let stem = model.network.stem { options.rates["\(stem.path)."] = settings.stemRate }
    state = TrainingState(
      model.weights, AdamW(model.weights, ParameterPlan(model.weights, options)),
      averageDecay: settings.averageDecay, seed: settings.seed)
  }

  /// Takes one step.
  /// - Throws: `TrainingError.notFinite` before anything has moved.
  public mutating func step(on set: LabelledSet) throws -> Report {
    guard !set.clips.isEmpty else { throw TrainingError.noClips("the training data") }
    let places = order.places(step: state.step, batch: settings.batch, count: set.clips.count)
    let views = places.map { set.clips[$0] }.map { clip in
      (maskedAtTimes(clip), View(around: card.crop.sideFactor, strength: settings.strength, random: &state.random))
    }
    var batch = PictureBatch(views, model, leastVotes: settings.leastVotes)
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
      tape.gradients(of: loss).parameters, loss: value, rate: rate, longest: settings.longestGradient,
      names: batch.names, statistics: statistics)
    return Report(
      step: state.step, rate: rate, loss: value, gradient: length,
      agreement: Agreement.topShare(output.expression.tensor, batch.shares, weights: batch.weights))
  }

  /// The network with its averaged weights, as it would be used.
  public var averaged: PictureModel { PictureModel(card, model.network, state.average.applied(to: state.weights)) }

  // MARK: Parts of a step

  private func loss(_ output: PictureOutput, _ batch: PictureBatch, _ tape: inout Tape) -> Value {
    let expression = expressionLoss(output, batch, &tape)
    guard let mask = output.mask else { return expression }
    return tape.weightedSum([(settings.expressionWeight, expression), (settings.maskWeight, tape.crossEntropy(mask, labels: batch.masks))])
  }

  private func expressionLoss(_ output: PictureOutput, _ batch: PictureBatch, _ tape: inout Tape) -> Value {
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
