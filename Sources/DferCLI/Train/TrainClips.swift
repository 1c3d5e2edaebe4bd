import ArgumentParser
import Dfer
import DferModels
import DferTensor
import DferTraining
import Foundation

struct TrainClips: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "clips",
    abstract: "Fine-tune the clip network (mtcae-dfer).",
    discussion: """
      The data is what dfer evaluate takes: a packed set, or a manifest of clips.

        dfer train clips --data train.csv --valid valid.csv -o mine
        dfer train clips --data train.csv --valid valid.csv -o mine --resume
        dfer train clips --data few.csv --valid valid.csv -o mine \\
          --freeze encoder. --steps 300 --learning-rate 1e-3
      """)

  @OptionGroup
  var files: TrainingFiles

  @OptionGroup
  var compute: ThreadOptions

  @OptionGroup(title: "Initialization")
  var initialization: InitializationOptions

  @OptionGroup(title: "Network")
  var network: ClipNetworkOptions

  @OptionGroup(title: "Optimisation")
  var optimisation: OptimisationOptions<TrainingSettings>

  @OptionGroup(title: "Optimisation")
  var arithmetic: LearningPrecision

  @OptionGroup(title: "Labels and losses")
  var labels: LabelOptions

  @OptionGroup(title: "Clip losses")
  var losses: ClipLossOptions

  @OptionGroup(title: "Augmentation")
  var augmentation: AugmentationOptions

  @OptionGroup(title: "Other faces, other classes")
  var transfer: TransferOptions

  @OptionGroup(title: "Distillation")
  var distillation: DistillationOptions

  func validate() throws {
    func check(_ ok: Bool, _ message: String) throws { if !ok { throw ValidationError(message) } }
    _ = try labels.weights(4)
    try check(transfer.validSuite == nil || files.valid == nil, "give --valid or --valid-suite, not both")
    let isWhole = (network.clipFraction ?? 0) > 0 || network.variant == .maeDFER
    try check(network.episodes == 0 || isWhole, "--episodes requires whole clips: give --clip-fraction")
    try check(network.cache == nil || augmentation.mixup == 0, "--mixup mixes images, which --cache does not read")
    try check(
      network.variant == nil || initialization.new != nil, "--variant requires --new: weights have their encoder")
  }

  private func settings(_ set: LabelledSet, _ config: MTCAEConfig) throws -> TrainingSettings {
    var settings = TrainingSettings()
    optimisation.apply(to: &settings)
    settings.precision = arithmetic.chosen
    augmentation.apply(to: &settings)
    (settings.frozen, settings.layerDecay, settings.headRate) = (network.freeze, network.layerDecay, network.headRate)
    (settings.stemRate, settings.gradientCheckpointing) = (initialization.stemRate, network.gradientCheckpointing)
    settings.keepTubes = network.keepTubes
    settings.clipShare = network.clipFraction ?? (config.readsShortClips ? settings.clipShare : 1)
    settings.loss.smoothing = labels.smoothing
    settings.loss.distillationTemperature = distillation.loss
    if let weights = try labels.weights(4) {
      (settings.loss.boxWeight, settings.loss.landmarkWeight) = (weights[0], weights[1])
      (settings.loss.expressionWeight, settings.loss.blendshapeWeight) = (weights[2], weights[3])
    }
    if labels.balance { settings.loss.classWeights = set.balancingWeights() }
    settings.loss.localization = losses.localizationLoss
    if network.cache != nil { settings.cachedAugmentations = network.cachedViews }
    (settings.weighsTasks, settings.episodes) = (losses.weighTasks, network.episodes)
    transfer.apply(to: &settings)
    settings.data =
      set.description(of: files.data, teachers: distillation.teacher, share: distillation.teacherWeight)
      + transfer.description
    return settings
  }

  private func startingModel(_ installed: () throws -> String) throws -> ExpressionModel {
    try initialization.new.map {
      try ExpressionModel(
        fresh: $0, encoder: network.variant ?? .videoMAE, stem: initialization.stem, seed: optimisation.seed)
    } ?? ExpressionModel(weights: initialization.weights ?? installed())
  }

  func run() throws {
    if let threads = compute.threads { Compute.threads = threads }
    // Looked for only where it is needed: own weights and a packed set do without an installation.
    func pipeline() throws -> Pipeline { try Installation.pipeline("mtcae-dfer") }
    let own = try transfer.ownLabels()
    var start = try startingModel { try pipeline().modelWeights.path }
    if let own { start = start.naming(own.names) }
    let model = try initialization.encoder.map { try start.starting(fromEncoder: $0) } ?? start
    func detector() throws -> FaceDetector { try FaceDetector(weights: pipeline().detectorWeights.path) }
    let faces = TrainingFaces(files: files, transfer: transfer, distillation: distillation) {
      try LabelledSet($0, card: model.card, every: $1, detector: detector)
    }
    let set = try faces.taught(labels: model.card.labels, own: own)
    let validation = try faces.validation()
    let suite = try transfer.suite(for: FaceReader.clips(model).modelInfo, detector: detector)
    set.warnOfPeople(alsoIn: validation ?? suite?.people)
    if network.episodes > 0, set.stillsAtRest.isEmpty {
      Terminal.write("dfer: warning: no single image is labelled neutral, so --episodes has no effect\n")
    }
    let task = try ClipTraining(
      model, settings(set, model.card.config), on: set, validation: validation, suite: suite,
      cache: network.cache.map { URL(fileURLWithPath: $0) })
    var loop = try TrainingLoop(task, folder: URL(fileURLWithPath: files.output), resumes: files.resume)
    try TrainingProgress.run(
      &loop, result: loop.weights,
      values: { ["loss": Double($0.loss), "right": $0.agreement ?? 0, "spread": $0.spread ?? 0] },
      line: { mean in
        "loss \(TrainingProgress.two(mean("loss"))), right \(Int(100 * mean("right"))) %, "
          + "spread \(TrainingProgress.two(mean("spread")))"
      }, validated: \.headlines)
  }
}
