import DferModels
import DferTensor
import Foundation

/// Teaches a network for clips labelled faces: stills as single tubelets, and whole clips.
package struct ClipTraining: TrainingTask {
  package struct Details: Sendable {
    package var box, landmark, expression, blendshape: Float
    /// Fraction of faces whose class was named right; nil without labels.
    package var agreement: Double?
    /// Standard deviation of the predicted boxes over that of the true ones: near 0 means that the network says the same of
    /// every image. nil without boxes.
    package var spread: Double?
  }

  package let settings: TrainingSettings
  let card: ModelCard
  let network: MTCAE
  let data: LabelledSet
  let validation: LabelledSet?
  let suite: SuiteValidation?
  private let initial: ParameterStore
  private let cache: EncodedClips?
  var order: EpochOrder
  /// Indices of stills and of moving clips, each as often as it is drawn.
  let pools: (stills: [Int], moving: [Int])
  private let prior: ClassPrior?

  /// Goes on from the weights of `model`.
  ///
  /// - Parameters:
  ///   - validation: never learned from; decides which weights are kept.
  ///   - suite: the same over several domains, by their mean; in place of `validation`.
  ///   - cache: folder for what a frozen encoder reads, with `settings.cachedAugmentations` augmented samples of each clip.
  /// - Throws: `TrainingError` when there are no faces, or when the network cannot learn from what the settings say.
  package init(
    _ model: ExpressionModel, _ settings: TrainingSettings, on data: LabelledSet, validation: LabelledSet? = nil,
    suite: SuiteValidation? = nil, cache: URL? = nil
  ) throws {
    guard !data.clips.isEmpty else { throw TrainingError.noClips("the training data") }
    if let validation, validation.clips.isEmpty { throw TrainingError.noClips("the validation data") }
    for prefix in settings.frozen where !model.weights.names.contains(where: { $0.hasPrefix(prefix) }) {
      let starts = Set(model.weights.names.map { $0.prefix { $0 != "." } + "." })
      throw TrainingError.nothingFrozen(prefix: prefix, names: starts.map(String.init).sorted())
    }
    (card, self.settings, self.data, self.validation) = (model.card, settings, data, validation)
    (initial, self.suite) = (model.weights, suite)
    pools = (
      data.draws(data.clips.indices.filter { data.clips[$0].images.count == 1 }),
      data.draws(data.clips.indices.filter { data.clips[$0].images.count != 1 })
    )
    prior = data.classPrior(adjustment: settings.logitAdjustment ?? 0, minimumVotes: settings.minimumVotes)
    order = EpochOrder(seed: settings.seed)
    self.cache = try cache.map { try EncodedClips($0, model, settings) }
    var network = model.network
    network.encoder.gradientCheckpointing = settings.gradientCheckpointing
    self.network = network
    guard settings.clipShare >= 1 || card.config.readsShortClips else {
      throw card.config.encoder == .maeDFER ? TrainingError.cutsRegions : TrainingError.poolsOverClips
    }
  }

  package func initialState() -> TrainingState {
    var options = ParameterPlan.Options()
    options.weightDecay = settings.weightDecay
    options.layerDecay = settings.layerDecay
    options.rates = ["heads.": settings.headRate, "encoder.stem.": settings.stemRate]
    options.frozen = settings.frozen
    options.withoutDecay = Initialization.tokens
    var state = TrainingState(
      initial, AdamW(initial, ParameterPlan(initial, options)), emaDecay: settings.emaDecay, seed: settings.seed)
    if settings.weighsTasks {
      state.tasks = TaskWeighting(tasks: 4, width: card.config.trunk.hiddenSize, random: &state.random)
    }
    return state
  }

  // MARK: A step

  package mutating func sample(_ step: Int, _ weights: ParameterStore, _ random: inout RandomSource) throws -> Sample {
    let isWhole = Double(random.uniform()) < settings.clipShare
    let indices = sampleIndices(step, isWhole)
    return try cache.map { try $0.sample(indices, of: data, isWhole: isWhole, for: self, weights, &random) }
      ?? fresh(isWhole ? withEpisodes(indices, &random) : indices.map { data.clips[$0] }, isWhole: isWhole, &random)
  }

  package func loss(_ sample: Sample, _ weighting: TaskWeighting?, _ tape: inout Tape) -> StepLoss<Details> {
    let tokens = encode(sample.input, &tape)
    let temporalSize = sample.isWhole ? card.config.trunk.temporalSize : 1
    let output = network.cascade(tokens, tokensPerTemporalIndex: tokens.shape[1] / temporalSize, &tape)
    let features = weighting.map { _ in tape.meanOfTokens(tokens).tensor }
    let parts = settings.loss(
      output, sample.targets, factors: features.flatMap { weighting?.factors($0) },
      adjustment: prior?.lossOffsets(card.labels), &tape)
    func number(_ value: Value) -> Float { value.tensor.values[0] }
    let details = Details(
      box: number(parts.box), landmark: number(parts.landmark), expression: number(parts.expression),
      blendshape: number(parts.blendshape),
      agreement: Self.agreement(output.expression.tensor, sample.targets.expression),
      spread: Self.spread(output.box.tensor, sample.targets.box))
    var loss = StepLoss(parts.total, details, names: sample.names)
    loss.weighting = features.map {
      ($0, [details.box, details.landmark, details.expression, details.blendshape])
    }
    return loss
  }

  func encode(_ input: Sample.Input, _ tape: inout Tape) -> Value {
    switch input {
    case .tokens(let tokens): Value(tokens)
    case .clips(let clips, let kept, let first): network.encoder(clips, kept: kept, firstTemporalIndex: first, &tape)
    }
  }

  // MARK: The log

  package static let stepColumns = [
    "step", "rate", "loss", "box", "landmark", "expression", "blendshape", "gradient", "agreement", "spread",
  ]
  package static let validationColumns = ["valid_war", "valid_uar", "valid_nme", "valid_iou"]

  package static func cells(_ r: StepReport<Details>) -> [String] {
    let losses = [r.loss, r.box, r.landmark, r.expression, r.blendshape].map { "\($0)" }
    return ["\(r.step)", "\(r.rate)"] + losses + ["\(r.gradient)", r.agreement.cell, r.spread.cell]
  }

  package static func cells(_ result: Evaluation) -> [String] {
    if let mean = result.suite?.mean { return ["\(mean.war)", "\(mean.uar)", "", ""] }
    return [
      result.all?.war, result.all?.uar, result.localization?.normalisedMeanError, result.localization?.boxOverlap,
    ].map(\.cell)
  }

  // MARK: The result

  package func validate(_ weights: ParameterStore) throws -> Evaluation? {
    if let suite {
      let info = SuiteResult.Weights(path: "", system: card.model, version: card.version, temperature: card.temperature)
      return try suite.evaluation(info) { domain, set in
        let usual = Evaluator.InputMode.usual(for: set.clips, card.config)
        let mode = domain.inputMode == .tubelet && !card.config.readsShortClips ? usual : domain.inputMode ?? usual
        return (mode.words, self.evaluator(mode, weights).read(set.clips))
      }
    }
    guard let validation else { return nil }
    let evaluator = evaluator(.usual(for: validation.clips, card.config), weights)
    return Evaluation(evaluator.read(validation.clips), of: validation.clips, faceless: validation.faceless, card)
  }

  /// The network with these weights, as it would be used.
  package func evaluator(_ inputMode: Evaluator.InputMode, _ weights: ParameterStore) -> Evaluator {
    Evaluator(card: card, network: network, weights: weights, inputMode: inputMode)
  }

  /// Over a suite the mean recall of its domains. Else one number for the whole cascade: accuracy and mean recall count half each, the landmark error against them, the box
  /// overlap for them. What was not measured counts nothing.
  package func score(_ result: Evaluation) -> Double {
    if let suite = result.suite { return suite.mean.uar }
    let expression = result.all.map { ($0.war + $0.uar) / 2 } ?? 0
    return expression - (result.localization?.normalisedMeanError ?? 0) + (result.localization?.boxOverlap ?? 0)
  }

  /// Writes the averaged weights with a card that says how they were made and what they reach.
  package func export(_ state: TrainingState, _ result: Evaluation?, to folder: TrainingFolder) throws -> [String] {
    let path = folder.file(TrainingFolder.weights)
    var card = card
    card.prior = prior ?? card.prior
    try WeightFile.write(
      state.average.applied(to: state.weights), card, result, stage: Provenance(steps: state.step, settings: settings),
      to: path)
    return [path]
  }

  private struct Provenance: Encodable {
    var by = "dfer train"
    var steps: Int
    var settings: TrainingSettings
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
    /// Standard deviation of the first frame's four numbers over the batch, summed.
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
