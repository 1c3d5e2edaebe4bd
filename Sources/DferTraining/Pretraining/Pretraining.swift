import DferImage
import DferModels
import DferTensor
import DferTimeline
import Foundation

/// Masked pre-training: most of every clip is hidden, and the network learns to reconstruct it.
package struct Pretraining: TrainingTask {
  /// Beside the loss, the mean squared error of the hidden pixels; 1 is what a grey prediction gets under the targets
  /// `pixels` and `colours`.
  package struct Details: Sendable {
    /// Clips of the step, and whether they were whole.
    package var clips: Int
    package var isWhole: Bool
  }

  package let settings: PretrainingSettings
  let network: PretrainingNetwork
  let input: InputSpec
  /// Side of the crop over the longer side of the face.
  let sideFactor: Double
  let data: LabelledSet
  private let initial: ParameterStore

  /// - Parameter model: gives the sizes, and the weights that the encoder starts with where it is one of the variant's
  ///   kind.
  /// - Throws: `TrainingError.noClips`.
  package init(_ model: ExpressionModel, _ settings: PretrainingSettings, on data: LabelledSet) throws {
    precondition(settings.variant != .imageMAE, "Pretraining: single images for a network of clips")
    var (store, random) = (ParameterStore(), RandomSource(seed: settings.seed))
    let network = PretrainingNetwork(model.card.config, settings, in: &store)
    Initialization.fill(&store, model.card.config, &random)
    let isSame = settings.variant == .init(model.card.config.encoder)
    try self.init(
      network, store, from: isSame ? model.weights : ParameterStore(), model.card.input, model.card.crop, settings, data
    )
  }

  /// Pre-training of the encoder of a network for single images; `settings.variant` is `imageMAE`.
  ///
  /// - Parameter model: gives the sizes, and the weights that the encoder starts with.
  /// - Throws: `TrainingError.noPretraining` for other systems than Emotic MAE, or `TrainingError.noClips`.
  package init(_ model: ImageModel, _ settings: PretrainingSettings, on data: LabelledSet) throws {
    guard let image = model.network as? EmoticMAE else { throw TrainingError.noPretraining(model.card.system.rawValue) }
    precondition(settings.variant == .imageMAE, "Pretraining: \(settings.variant) for single images")
    var (store, random) = (ParameterStore(), RandomSource(seed: settings.seed))
    let network = PretrainingNetwork(image.config, settings, in: &store)
    MAEPretraining.initialize(&store, random: &random)
    let input = InputSpec(
      imageSize: model.card.imageSize, frames: 1, mean: model.card.imageMean, standardDeviation: model.card.imageStd)
    try self.init(network, store, from: model.weights, input, model.card.crop, settings, data)
  }

  /// - Parameter start: has the encoder's first numbers, under the same names.
  private init(
    _ network: PretrainingNetwork, _ store: ParameterStore, from start: ParameterStore, _ input: InputSpec,
    _ crop: ModelCard.Crop, _ settings: PretrainingSettings, _ data: LabelledSet
  ) throws {
    guard !data.clips.isEmpty else { throw TrainingError.noClips("the data") }
    (self.network, self.input, sideFactor, self.settings) = (network, input, crop.sideFactor, settings)
    self.data = data
    var store = store
    for (name, tensor) in zip(start.names, start.tensors) where network.isOfEncoder(name) {
      if let parameter = store.parameter(named: name) { store[parameter] = tensor }
    }
    initial = store
  }

  package func initialState() -> TrainingState {
    var plan = ParameterPlan.Options()
    plan.weightDecay = settings.weightDecay
    plan.withoutDecay = Initialization.tokens
    var options = AdamW.Options()
    options.beta2 = settings.beta2
    // The newest weights are the result, so nothing is averaged.
    return TrainingState(
      initial, AdamW(initial, ParameterPlan(initial, plan), options), emaDecay: 0, seed: settings.seed)
  }

  // MARK: A step

  package mutating func sample(_: Int, _: ParameterStore, _ random: inout RandomSource) throws -> Sample {
    let moving = data.clips.indices.filter { data.clips[$0].images.count > 1 }
    let isWhole = settings.variant == .maeDFER || Double(random.uniform()) < settings.clipShare
    let pool = isWhole && !moving.isEmpty ? moving : Array(data.clips.indices)
    var chosen: [LabelledClip] = []
    for _ in 0..<(isWhole ? max(1, settings.batch / 4) : settings.batch) {
      let clip = data.clips[pool[Int(random.next() % UInt64(pool.count))]]
      let isStill = input.frames > 1 || clip.images.count == 1
      chosen.append(isStill ? clip : clip.still(Int(random.next() % UInt64(clip.images.count))))
    }
    var samples: [(clip: LabelledClip, augmentation: Augmentation)] = []
    for clip in chosen {
      samples.append((clip, Augmentation(around: sideFactor, strength: settings.augmentationStrength, random: &random)))
    }
    return sample(samples, isWhole: isWhole, random: &random)
  }

  package func loss(_ sample: Sample, _: TaskWeighting?, _ tape: inout Tape) -> StepLoss<Details> {
    let painted = network(sample.shown, visible: sample.visible, firstTemporalIndex: sample.firstTemporalIndex, &tape)
    let loss = tape.meanSquared(painted, Value(sample.target.rows(of: sample.hidden)))
    return StepLoss(loss, Details(clips: sample.names.count, isWhole: sample.isWhole), names: sample.names)
  }

  /// Clips with a mask, and what the mask hides.
  package struct Sample {
    /// As the encoder gets it, and as it was.
    var shown, clips: Tensor
    var visible, hidden: [[Int]]
    var firstTemporalIndex: Int
    var target: PixelTarget
    var isWhole: Bool
    var names: [String]
  }

  func sample(
    _ samples: [(clip: LabelledClip, augmentation: Augmentation)], isWhole: Bool, random: inout RandomSource
  ) -> Sample {
    let trunk = network.trunk
    let temporalSize = isWhole ? trunk.temporalSize : 1
    var clips = Batch.input(samples, frames: temporalSize * trunk.tubeletSize, tubelet: trunk.tubeletSize, input)
    if clips.shape[2] < trunk.tubeletSize {
      // A still fills its tubelet.
      var tape = Tape(ParameterStore())
      clips = tape.repeatFrame(Value(clips), trunk.tubeletSize).tensor
    }
    let mask = network.mask(ratio: settings.ratio)
    let visible = samples.map { _ in mask.visible(temporalSize: temporalSize, random: &random) }
    let tokens = temporalSize * trunk.tokensPerTemporalIndex
    let hidden = visible.map { seen in
      let seen = Set(seen)
      return (0..<tokens).filter { !seen.contains($0) }
    }
    return Sample(
      shown: trunk.stemWidths == nil ? clips : clips.hiding(allBut: visible, trunk), clips: clips, visible: visible,
      hidden: hidden, firstTemporalIndex: isWhole ? 0 : Int(random.next() % UInt64(trunk.temporalSize)),
      target: PixelTarget(
        clips, trunk, mean: input.mean, standardDeviation: input.standardDeviation, form: network.target),
      isWhole: isWhole, names: samples.map(\.clip.name))
  }

  // MARK: The log

  package static let stepColumns = ["step", "rate", "loss", "gradient", "clips", "whole"]
  package static let validationColumns: [String] = []

  package static func cells(_ r: StepReport<Details>) -> [String] {
    ["\(r.step)", "\(r.rate)", "\(r.loss)", "\(r.gradient)", "\(r.clips)", r.isWhole ? "1" : "0"]
  }

  package static func cells(_: NoValidation) -> [String] { [] }

  // MARK: The result

  /// Name of the result.
  package static let encoder = "encoder.safetensors"

  package static let validatesInitialWeights = false
  /// The newest encoder is the result, whenever the run ends.
  package static let exportsWhenStopped = true

  package func validate(_: ParameterStore) -> NoValidation? { nil }
  package func score(_: NoValidation) -> Double { 0 }

  /// Writes the encoder, and an image of what is reconstructed.
  package func export(_ state: TrainingState, _: NoValidation?, to folder: TrainingFolder) throws -> [String] {
    let encoder = folder.file(Self.encoder)
    try writeEncoder(state, to: encoder)
    let number = String(state.step)
    let image = folder.file("rebuilt-\(String(repeating: "0", count: max(0, 6 - number.count)))\(number).png")
    try OutputFile(image, overwrite: true, kind: .whole).writeWhole(Data(PNG.data(reconstruction(by: state.weights))))
    return [encoder, image]
  }

  /// Writes the encoder alone, under the names that published files have.
  private func writeEncoder(_ state: TrainingState, to path: String) throws {
    let tensors = zip(state.weights.names, state.weights.tensors).filter { network.isOfEncoder($0.0) }
    let metadata = [
      "dfer_encoder": "1", "variant": settings.variant.rawValue, "steps": String(state.step), "settings": settings.json,
      "licence": "weights: those of the data they are trained on", "config": network.config,
      "image_mean": CanonicalJSON.text(input.mean), "image_std": CanonicalJSON.text(input.standardDeviation),
    ]
    try SafetensorsFile.write(tensors: tensors.map { (name: $0.0, tensor: $0.1) }, metadata: metadata, to: path)
  }
}
