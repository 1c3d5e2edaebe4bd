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
  private let schedule: WarmupCosine
  private var order: (epoch: Int, indices: [Int]) = (-1, [])

  /// Goes on from the weights of `model`.
  public init(_ model: PictureModel, _ settings: PictureSettings) {
    (card, self.model, self.settings) = (model.card, model, settings)
    var options = ParameterPlan.Options()
    options.weightDecay = settings.weightDecay
    state = TrainingState(
      model.weights, AdamW(model.weights, ParameterPlan(model.weights, options)),
      averageDecay: settings.averageDecay, seed: settings.seed)
    schedule = WarmupCosine(
      base: settings.rate, start: settings.rate / Double(max(1, settings.warmupSteps)), minimum: settings.rate / 100,
      warmupSteps: min(settings.warmupSteps, settings.steps), steps: settings.steps)
  }

  /// Takes one step.
  /// - Throws: `TrainingError.notFinite` before anything has moved.
  public mutating func step(on set: LabelledSet) throws -> Report {
    guard !set.clips.isEmpty else { throw TrainingError.noClips("the training data") }
    let views = next(of: set).map { clip in
      (maskedAtTimes(clip), View(around: card.crop.sideFactor, strength: settings.strength, random: &state.random))
    }
    let batch = PictureBatch(views, model, leastVotes: settings.leastVotes)
    var tape = Tape(state.weights, recording: true, training: true, random: state.random)
    let output = model.network(Value(batch.input), &tape)
    let loss = loss(output, batch, &tape)
    state.random = tape.random
    let statistics = tape.statistics
    var gradients = tape.gradients(of: loss).parameters
    let length = Gradients.clip(&gradients, to: settings.longestGradient)
    let value = loss.tensor.values[0]
    guard value.isFinite, length.isFinite else {
      throw TrainingError.notFinite(step: state.step, clips: batch.names)
    }
    let rate = schedule.rate(state.step)
    state.optimiser.update(&state.weights, gradients, rate: rate)
    for (parameter, tensor) in statistics { state.weights[parameter] = tensor }
    state.average.update(state.weights)
    return Report(
      step: state.step, rate: rate, loss: value, gradient: length,
      agreement: Self.agreement(output.expression.tensor, batch))
  }

  /// The network with its averaged weights, as it would be used.
  public var averaged: PictureModel { PictureModel(card, model.network, state.average.applied(to: state.weights)) }

  // MARK: Parts of a step

  private func loss(_ output: PictureOutput, _ batch: PictureBatch, _ tape: inout Tape) -> Value {
    let expression = expressionLoss(output, batch, &tape)
    guard let mask = output.mask else { return expression }
    return tape.weightedSum([(1, expression), (settings.maskWeight, tape.crossEntropy(mask, labels: batch.masks))])
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

  /// A face whose outline is known gets a mask drawn on in this share of the steps.
  private mutating func maskedAtTimes(_ clip: LabelledClip) -> LabelledClip {
    guard settings.drawnMasks > 0, clip.contour.count == 68 else { return clip }
    var clip = clip
    clip.wearsMask = Double(state.random.uniform()) < settings.drawnMasks
    if clip.wearsMask == true {
      clip.pictures[0] = DrawnMask(random: &state.random).drawn(on: clip.pictures[0], contour: clip.contour)
    }
    return clip
  }

  /// The next clips: every epoch goes through the set once, in an order of its own.
  private mutating func next(of set: LabelledSet) -> [LabelledClip] {
    let (count, start) = (set.clips.count, state.step * settings.batch)
    return (start..<start + settings.batch).map { place in
      let epoch = place / count
      if order.epoch != epoch || order.indices.count != count {
        var random = RandomSource(seed: settings.seed &+ UInt64(epoch) &* 0x9E37_79B9)
        order = (epoch, Array(0..<count).shuffled(using: &random))
      }
      return set.clips[order.indices[place % count]]
    }
  }

  private static func agreement(_ logits: Tensor, _ batch: PictureBatch) -> Double? {
    let classes = logits.columns
    func top(_ values: [Float], _ row: Int) -> Int {
      (0..<classes).max { values[row * classes + $0] < values[row * classes + $1] } ?? 0
    }
    let labelled = batch.weights.indices.filter { batch.weights[$0] > 0 }
    guard !labelled.isEmpty else { return nil }
    return Double(labelled.count { top(logits.values, $0) == top(batch.shares.values, $0) }) / Double(labelled.count)
  }
}
