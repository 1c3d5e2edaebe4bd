import DferImage
import DferModels
import DferTensor
import Foundation

/// Teaches a behaviour decoder to read the features of a network that does not move.
package struct BehaviourTraining: TrainingTask {
  package struct Settings: TrainingOptions {
    package var steps = 3000
    package var batch = 64
    /// Highest learning rate.
    package var rate = 2e-3
    package var warmupSteps = 100
    package var weightDecay = 0.05
    package var emaDecay = 0.995
    package var maxGradientNorm = 1.0
    package var evaluationInterval = 250
    package var seed: UInt64 = 0
    /// Fraction of a batch that each source gets, where there is such data.
    package var people = 0.25
    package var teacher = 0.2
    /// How much a teacher's points count beside people's.
    package var teacherPoints: Float = 0.5
    package var records = BehaviourRecords.Options()
    /// Counts and names of the data.
    package var data = ""

    package init() {}
  }

  package struct Details: Sendable {
    package var points, rotation, eyes, strengths: Float
  }

  package struct Sample {
    var features: BehaviourFeatures
    var targets: [BehaviourRecords.Target]
  }

  package let settings: Settings
  private let initial: BehaviourModel
  private let records: BehaviourRecords
  private let validation: BehaviourRecords?
  private let pools: [BehaviourFace.Source: [Int]]
  private var orders: [BehaviourFace.Source: EpochOrder] = [:]

  /// - Parameters:
  ///   - decoder: where to start; nil: a fresh one.
  ///   - base: the network that the records were made with.
  ///   - validation: never learned from; the weights that are best on them are kept.
  /// - Throws: `TrainingError` when there is nothing to learn from.
  package init(
    _ decoder: BehaviourModel? = nil, on base: ExpressionModel, _ settings: Settings, records: BehaviourRecords,
    validation: BehaviourRecords?
  ) throws {
    guard records.count > 0 else { throw TrainingError.noClips("the training data") }
    if let validation, validation.count == 0 { throw TrainingError.noClips("the validation data") }
    guard let config = BehaviourConfig(base.card.config) else { throw TrainingError.noDetail }
    (self.settings, self.records, self.validation) = (settings, records, validation)
    initial =
      decoder
      ?? BehaviourModel(
        BehaviourModel.Card(
          version: "1", date: "", licence: "weights: those of the data they are trained on", config: config,
          base: base.featureFingerprint, metrics: "{}", training: "[]"))
    var pools: [BehaviourFace.Source: [Int]] = [:]
    for (number, source) in BehaviourFace.Source.allCases.enumerated() {
      let indices = records.indices(of: source)
      if !indices.isEmpty { pools[source] = indices }
      orders[source] = EpochOrder(seed: settings.seed &+ UInt64(number))
    }
    self.pools = pools
    isFresh = decoder == nil
  }

  private let isFresh: Bool

  package func initialState() -> TrainingState {
    var weights = initial.weights
    if isFresh {
      var random = RandomSource(seed: settings.seed)
      initial.network.initialize(&weights, &random)
    }
    var options = ParameterPlan.Options()
    options.weightDecay = settings.weightDecay
    options.withoutDecay = ["queries"]
    return TrainingState(
      weights, AdamW(weights, ParameterPlan(weights, options)), emaDecay: settings.emaDecay, seed: settings.seed)
  }

  // MARK: A step

  package mutating func sample(_ step: Int, _: ParameterStore, _: inout RandomSource) throws -> Sample {
    let wishes: [(BehaviourFace.Source, Double)] = [
      (.people, settings.people), (.teacher, settings.teacher), (.renderer, 1 - settings.people - settings.teacher),
    ]
    let present = wishes.filter { pools[$0.0] != nil && $0.1 > 0 }
    let sum = present.reduce(0) { $0 + $1.1 }
    var indices: [Int] = []
    for (place, wish) in present.enumerated() {
      let isLast = place == present.count - 1
      let count = isLast ? settings.batch - indices.count : Int((Double(settings.batch) * wish.1 / sum).rounded())
      guard count > 0, let pool = pools[wish.0] else { continue }
      indices += orders[wish.0]?.indices(step: step, batch: count, count: pool.count).map { pool[$0] } ?? []
    }
    return Sample(features: try records.features(indices), targets: indices.map { records.targets[$0] })
  }

  package func loss(_ sample: Sample, _: TaskWeighting?, _ tape: inout Tape) -> StepLoss<Details> {
    let output = initial.network(sample.features, &tape)
    let truth = BehaviourNumbers(sample.targets, teacherPoints: settings.teacherPoints)
    let points = truth.points.loss(output.points, beta: 0.01, &tape)
    let rotation = truth.rotation.loss(output.rotation, beta: 0.05, &tape)
    let eyes = truth.eyes.loss(output.eyes, beta: 0.05, &tape)
    let strengths = tape.binaryCrossEntropy(
      output.strengths, targets: truth.strengths.values, weights: truth.strengths.weights)
    // Points, rotation and eyes are about one half when points are off by 5 % of the eye distance, heads by 6 degrees, eyes by
    // 8. Most of a cross-entropy is there however well movements are told: its gradient, a tenth on average, is what counts.
    let total = tape.weightedSum([(40, points), (8, rotation), (5, eyes), (10, strengths)])
    func number(_ value: Value) -> Float { value.tensor.values[0] }
    let details = Details(
      points: number(points), rotation: number(rotation), eyes: number(eyes), strengths: number(strengths))
    return StepLoss(total, details, names: sample.targets.map(\.name))
  }

  // MARK: The log

  package static let stepColumns = ["step", "rate", "loss", "points", "rotation", "eyes", "strengths", "gradient"]
  package static let validationColumns = ["valid_nme", "valid_rotation_deg", "valid_eyes_deg", "valid_strength_r"]

  package static func cells(_ r: StepReport<Details>) -> [String] {
    ["\(r.step)", "\(r.rate)"] + [r.loss, r.points, r.rotation, r.eyes, r.strengths].map { "\($0)" } + ["\(r.gradient)"]
  }

  package static func cells(_ result: BehaviourEvaluation) -> [String] {
    [result.points?.all, result.rotation?.mean, result.eyes?.mean, result.meanStrengthCorrelation].map(\.cell)
  }

  // MARK: The result

  package func validate(_ weights: ParameterStore) throws -> BehaviourEvaluation? {
    try validation.map { try BehaviourEvaluation(initial.network, weights, on: $0) }
  }

  package func score(_ result: BehaviourEvaluation) -> Double { result.score }

  /// Writes the averaged weights with a card that says how they were made and how wrong they are.
  package func export(_ state: TrainingState, _ result: BehaviourEvaluation?, to folder: TrainingFolder) throws
    -> [String]
  {
    let path = folder.file(TrainingFolder.weights)
    var card = initial.card
    card.date = Date.now.formatted(.iso8601.year().month().day())
    if let result { result.note(in: &card) }
    card.training = WeightFile.stages(
      card.training, and: CanonicalJSON.text(Provenance(steps: state.step, settings: settings)))
    let weights = state.average.applied(to: state.weights)
    try SafetensorsFile.write(
      tensors: zip(weights.names, weights.tensors).map { (name: $0.0, tensor: $0.1) }, metadata: card.metadata,
      to: path, as: .f16)
    return [path]
  }

  private struct Provenance: Encodable {
    var by = "dfer train behaviour"
    var steps: Int
    var settings: Settings
  }
}

/// Targets of a batch as numbers, with a weight of 0 for what is not known.
struct BehaviourNumbers {
  struct Part {
    var values, weights: Tensor

    /// Smooth L1, mean over what is known.
    func loss(_ x: Value, beta: Float, _ tape: inout Tape) -> Value {
      let known = weights.values.reduce(0, +)
      guard known > 0 else { return tape.scale(tape.smoothL1(x, x), by: 0) }
      let target = Value(Tensor(zip(values.values, weights.values).map { $0 * $1 }, shape: values.shape))
      return tape.scale(
        tape.smoothL1(tape.mask(x, weights), target, beta: beta), by: Float(weights.count) / known)
    }
  }

  let points, rotation, eyes, strengths: Part

  init(_ targets: [BehaviourRecords.Target], teacherPoints: Float) {
    func part(_ width: Int, _ numbers: (BehaviourFace.Truth, BehaviourFace.Source) -> [(Float, Float)]) -> Part {
      let all = targets.flatMap { target in target.frames.flatMap { numbers($0, target.source) } }
      let shape = [targets.count, width * (targets.first?.frames.count ?? 1)]
      return Part(
        values: Tensor(all.map(\.0), shape: shape), weights: Tensor(all.map(\.1), shape: shape))
    }
    func unknown(_ count: Int) -> [(Float, Float)] { [(Float, Float)](repeating: (0, 0), count: count) }
    points = part(136) { truth, source in
      truth.points.count == 68
        ? truth.points.flatMap { point in
          let weight = source == .teacher ? teacherPoints : 1
          return [(Float(point.x), weight), (Float(point.y), weight)]
        } : unknown(136)
    }
    rotation = part(6) { truth, _ in truth.rotation.map { $0.sixNumbers.map { (Float($0), 1) } } ?? unknown(6) }
    eyes = part(6) { truth, source in
      truth.eyes.count == 2
        ? truth.eyes.flatMap { eye -> [(Float, Float)] in
          // Behind a closed lid nobody knows where an eye looks.
          let seen: Float = source == .renderer && eye.open > 0.2 ? 1 : 0
          return [(Float(eye.yaw), seen), (Float(eye.pitch), seen), (Float(eye.open), 1)]
        } : unknown(6)
    }
    strengths = part(ActionUnit.all.count) { truth, _ in
      truth.strengths.map { ($0.map { Float($0) } ?? 0, $0 == nil ? 0 : 1) }
    }
  }
}
