import ArgumentParser
import Dfer
import DferModels
import DferTensor
import DferTraining
import Foundation

struct Pretrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Pretrain an encoder on unlabelled video.",
    discussion: """
      Most of each clip is masked, and the network learns to reconstruct it. The data is a video, a folder of videos, or \
      what dfer train takes; labels are ignored.

        dfer pretrain --data videos/ --data stills.csv -o faces
        dfer train clips --new compact --encoder faces/encoder.safetensors \\
          --data train.csv --valid valid.csv -o mine
        dfer pretrain --pipeline emotic-mae --data stills.csv -o faces

      Writes encoder.safetensors (to start a training with), last.safetensors (to resume), log.csv, and \
      rebuilt-000200.png and so on: clips as they are, as the network sees them, and as it reconstructs them. Ctrl-C \
      stops after the current step.
      """)

  @Option(
    help: ArgumentHelp("Videos, folders of videos, packed sets or manifests. Repeatable.", valueName: "path"),
    completion: .file())
  var data: [String]

  @Option(
    name: [.short, .customLong("output")],
    help: ArgumentHelp("Folder for encoder, checkpoint, log and images.", valueName: "folder"), completion: .directory)
  var output: String

  @Flag(help: "Resume the run in the output folder; all other options must be unchanged.")
  var resume = false

  @Option(help: ArgumentHelp("Length of the clips that videos are cut into.", valueName: "seconds"))
  var span = 2.0

  @Option(help: ArgumentHelp("Use every N-th face of the data.", valueName: "N"))
  var subsample = 1

  @OptionGroup(title: "Network")
  var network: PretrainingNetworkOptions

  @OptionGroup(title: "Masking")
  var masking: MaskingOptions

  @OptionGroup(title: "Optimisation")
  var optimisation: OptimisationOptions<PretrainingSettings>

  @OptionGroup(title: "Optimisation")
  var arithmetic: LearningPrecision

  @OptionGroup
  var compute: ThreadOptions

  func validate() throws {
    func check(_ ok: Bool, _ message: String) throws { if !ok { throw ValidationError(message) } }
    try check(span > 0 && span.isFinite, "--span must be above 0")
    try check(subsample > 0, "--subsample must be at least 1")
    for (name, isGiven) in [("--variant", network.variant != nil), ("--clip-fraction", masking.clipFraction != nil)] {
      try check(!isGiven || !isOfImages, "\(name) is not supported by --pipeline \(network.pipeline)")
    }
  }

  private var isOfImages: Bool { network.isOfImages }

  private func settings(_ set: LabelledSet) -> PretrainingSettings {
    var settings = PretrainingSettings()
    settings.variant = isOfImages ? .imageMAE : network.variant.map { .init($0) } ?? settings.variant
    settings.ratio = masking.ratio ?? settings.variant.usualRatio
    settings.clipShare = isOfImages ? 0 : masking.clipFraction ?? settings.clipShare
    optimisation.apply(to: &settings)
    settings.precision = arithmetic.chosen
    (settings.augmentationStrength, settings.decoderBlocks) = (masking.augmentationStrength, network.decoderBlocks)
    settings.data = set.description(of: data)
    return settings
  }

  private func readData(frames: Int, imageSize: Int) throws -> LabelledSet {
    let set = try LabelledSet.unlabelled(data, frames: frames, imageSize: imageSize, span: span, every: subsample) {
      try FaceDetector(weights: Installation.pipeline("mtcae-dfer").detectorWeights.path)
    }
    for line in set.skipped { Terminal.write("dfer: \(line)\n") }
    Terminal.write("\(set.clips.count) faces, \(set.clips.count { $0.images.count > 1 }) of them from video\n")
    return set
  }

  private func clipModel() throws -> ExpressionModel {
    let kind = network.variant ?? .videoMAE
    guard let weights = network.weights else {
      return try ExpressionModel(fresh: network.new, encoder: kind, stem: network.stem, seed: optimisation.seed)
    }
    let model = try ExpressionModel(weights: weights)
    guard model.card.config.encoder == kind else {
      throw CheckpointError(
        path: weights, reason: "its encoder is of --variant \(model.card.config.encoder.rawValue), not \(kind.rawValue)"
      )
    }
    return model
  }

  /// The data, and what learns from it.
  private func task() throws -> Pretraining {
    guard isOfImages else {
      let model = try clipModel()
      let set = try readData(frames: model.card.clip.frames, imageSize: model.card.input.imageSize)
      return try Pretraining(model, settings(set), on: set)
    }
    let model = try ImageInitialization(
      system: .emoticMAE, isNew: network.weights == nil, set: network.set, stem: network.stem, weights: network.weights,
      seed: optimisation.seed
    ).model()
    let set = try readData(frames: model.card.clip.frames, imageSize: model.card.imageSize)
    return try Pretraining(model, settings(set), on: set)
  }

  func run() throws {
    if let threads = compute.threads { Compute.threads = threads }
    var loop = try TrainingLoop(try task(), folder: URL(fileURLWithPath: output), resumes: resume)
    try TrainingProgress.run(
      &loop, result: loop.file(Pretraining.encoder), values: { ["loss": Double($0.loss)] },
      line: { mean in "loss \((mean("loss") * 1000).rounded() / 1000)" }, validated: { _ in [] }, exported: \.last)
  }
}
