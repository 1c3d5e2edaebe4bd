import DferModels
import DferTensor
import Foundation

/// Teaches a network for single images labelled faces.
package struct ImageTraining: TrainingTask {
  package struct Details: Sendable {
    /// Fraction of faces whose class was named right; nil without labels.
    package var agreement: Double?
  }

  package let settings: ImageSettings
  let model: ImageModel
  private let data: LabelledSet
  private let validation: LabelledSet?
  private let suite: SuiteValidation?
  private var order: EpochOrder
  /// Indices of the faces, each as often as it is drawn.
  private let pool: [Int]
  private let prior: ClassPrior?

  /// Goes on from the weights of `model`.
  ///
  /// - Parameters:
  ///   - validation: never learned from; decides which weights are kept.
  ///   - suite: the same over several domains, by their mean; in place of `validation`.
  /// - Throws: `TrainingError.noClips`.
  package init(
    _ model: ImageModel, _ settings: ImageSettings, on data: LabelledSet, validation: LabelledSet? = nil,
    suite: SuiteValidation? = nil
  ) throws {
    guard !data.clips.isEmpty else { throw TrainingError.noClips("the training data") }
    if let validation, validation.clips.isEmpty { throw TrainingError.noClips("the validation data") }
    (self.model, self.settings, self.data, self.validation) = (model, settings, data, validation)
    self.suite = suite
    order = EpochOrder(seed: settings.seed)
    pool = data.draws(Array(data.clips.indices))
    prior = data.classPrior(adjustment: settings.logitAdjustment ?? 0, minimumVotes: settings.minimumVotes)
  }

  package func initialState() -> TrainingState {
    var options = ParameterPlan.Options()
    options.weightDecay = settings.weightDecay
    if let stem = model.network.stem { options.rates["\(stem.path)."] = settings.stemRate }
    return TrainingState(
      model.weights, AdamW(model.weights, ParameterPlan(model.weights, options)), emaDecay: settings.emaDecay,
      seed: settings.seed)
  }

  // MARK: A step

  package mutating func sample(_ step: Int, _: ParameterStore, _ random: inout RandomSource) throws -> ImageBatch {
    let side = model.card.crop.sideFactor
    var samples: [(clip: LabelledClip, augmentation: Augmentation)] = []
    for index in order.indices(step: step, batch: settings.batch, count: pool.count) {
      let clip = maskedAtTimes(data.clips[pool[index]], &random)
      samples.append(
        (
          clip,
          Augmentation(
            around: side, strength: settings.augmentationStrength, domain: settings.randomization, random: &random)
        ))
    }
    var batch = ImageBatch(samples, model, minimumVotes: settings.minimumVotes)
    if settings.mixup > 0, Double(random.uniform()) < settings.mixup {
      batch.mix(Mixup(batch.names.count, random: &random))
    }
    return batch
  }

  package func loss(_ batch: ImageBatch, _: TaskWeighting?, _ tape: inout Tape) -> StepLoss<Details> {
    let output = model.network(Value(batch.input), &tape)
    var total = expressionLoss(output, batch, &tape)
    if let mask = output.mask {
      total = tape.weightedSum([
        (settings.expressionWeight, total), (settings.maskWeight, tape.crossEntropy(mask, labels: batch.masks)),
      ])
    }
    let agreement = Agreement.topShare(output.expression.tensor, batch.shares, weights: batch.weights)
    return StepLoss(total, Details(agreement: agreement), names: batch.names)
  }

  private func expressionLoss(_ output: ImageOutput, _ batch: ImageBatch, _ tape: inout Tape) -> Value {
    let logits = tape.adjusted(output.expression, by: prior?.lossOffsets(model.card.labels))
    let loss = SoftLabelLoss(
      smoothing: settings.smoothing, classWeights: settings.classWeights,
      temperature: settings.distillationTemperature ?? 1)
    return loss(logits, batch.shares, weights: batch.weights, &tape)
  }

  /// A face whose outline is known gets a mask drawn on in this share of the steps; it is known that others wear none.
  private func maskedAtTimes(_ clip: LabelledClip, _ random: inout RandomSource) -> LabelledClip {
    guard settings.drawnMasks > 0, clip.contour.count == 68 else { return clip }
    guard Double(random.uniform()) < settings.drawnMasks else {
      var clip = clip
      clip.wearsMask = false
      return clip
    }
    return clip.wearing(DrawnMask(random: &random))
  }

  // MARK: The log

  package static let stepColumns = ["step", "rate", "loss", "gradient", "agreement"]
  package static let validationColumns = ["valid_war", "valid_uar"]

  package static func cells(_ r: StepReport<Details>) -> [String] {
    ["\(r.step)", "\(r.rate)", "\(r.loss)", "\(r.gradient)", r.agreement.cell]
  }

  package static func cells(_ result: Evaluation) -> [String] {
    if let mean = result.suite?.mean { return ["\(mean.war)", "\(mean.uar)"] }
    let classes = result.selected ?? result.all
    return [(classes?.war).cell, (classes?.uar).cell]
  }

  // MARK: The result

  /// The network with these weights, as it would be used.
  package func reader(_ weights: ParameterStore) -> ImageModel { ImageModel(model.card, model.network, weights) }

  package func validate(_ weights: ParameterStore) throws -> Evaluation? {
    let card = model.card
    if let suite {
      let info = SuiteResult.Weights(
        path: "", system: card.system.rawValue, version: card.version, temperature: card.temperature)
      let evaluator = ImageEvaluator(reader(weights))
      return try suite.evaluation(info) { _, set in ("single images", evaluator.read(set.clips)) }
    }
    guard let validation else { return nil }
    return Evaluation(
      ImageEvaluator(reader(weights)).read(validation.clips), of: validation.clips, faceless: validation.faceless,
      labels: card.labels, temperature: card.temperature, without: ["contempt"])
  }

  /// As for clips: over a suite the mean recall of its domains, else accuracy and mean recall count half each. Where a network has two tasks, both count.
  package func score(_ result: Evaluation) -> Double {
    if let suite = result.suite { return suite.mean.uar }
    return ((result.selected ?? result.all).map { ($0.war + $0.uar) / 2 } ?? 0) + (result.masks?.accuracy ?? 0)
  }

  /// Writes averaged weights with a card that says how they were made and what they reach.
  package func export(_ state: TrainingState, _ result: Evaluation?, to folder: TrainingFolder) throws -> [String] {
    let (path, weights) = (folder.file(TrainingFolder.weights), state.average.applied(to: state.weights))
    var card = model.card
    card.prior = prior ?? card.prior
    card.date = Date.now.formatted(.iso8601.year().month().day())
    if let result {
      // Probabilities should mean something: the temperature comes from the same validation data.
      card.temperature = result.fittedTemperature ?? card.temperature
      card.metrics = CanonicalJSON.text(Metrics(result))
    }
    card.training = WeightFile.stages(
      card.training, and: CanonicalJSON.text(Provenance(steps: state.step, settings: settings)))
    // Variances of batch norms can be too small for half floats.
    let hasStatistics = weights.names.contains { $0.hasSuffix("running_var") }
    try SafetensorsFile.write(
      tensors: zip(weights.names, weights.tensors).map { (name: $0, tensor: $1) }, metadata: card.metadata, to: path,
      as: hasStatistics ? .f32 : .f16)
    return [path]
  }

  private struct Metrics: Encodable {
    /// Without contempt, the usual seven classes.
    var validationFaces: Int?
    var war, uar, maskAccuracy: Double?
    var suite: CalibratedWeights.Metrics?

    init(_ result: Evaluation) {
      suite = result.suite.map(CalibratedWeights.metrics)
      maskAccuracy = result.masks?.accuracy
      let classes = result.selected ?? result.all
      (validationFaces, war, uar) = (classes?.samples, classes?.war, classes?.uar)
    }
  }

  private struct Provenance: Encodable {
    var by = "dfer train"
    var steps: Int
    var settings: ImageSettings
  }
}
