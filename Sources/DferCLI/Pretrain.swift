import ArgumentParser
import Dfer
import DferModels
import DferTensor
import DferTraining
import Foundation

struct Pretrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Let an encoder learn faces from videos without labels.",
    discussion: """
      Most of every clip is hidden, and the network learns to paint it. DATA is a video, a folder of videos, or what
      dfer train takes; labels are not looked at.

        dfer pretrain --data videos/ --data stills.csv -o faces
        dfer train --new compact --encoder faces/encoder.safetensors --data train.csv --valid valid.csv -o mine
        dfer pretrain --pipeline emotic-mae --data stills.csv -o faces        single pictures instead of clips

      Writes faces/encoder.safetensors (to start a training with), faces/last.safetensors (to go on from), faces/log.csv,
      and faces/rebuilt-000200.png and so on: clips as they are, what the network sees, what it makes of it. Ctrl-C stops
      after the current step.
      """)

  @Option(help: "Videos, folders of videos, packed sets or manifests; may be given several times.")
  var data: [String]

  @Option(name: [.short, .customLong("output")], help: "Folder for encoder, checkpoint, log and pictures.")
  var output: String

  @Option(help: "System whose encoder learns: mtcae-dfer, which reads clips, or emotic-mae, which reads single pictures.")
  var pipeline = "mtcae-dfer"

  @Option(help: "Sizes of a network that starts from nothing: tiny or compact.")
  var new = ModelPreset.compact

  @Option(help: "Weights of a network for single pictures whose first layers a new network starts with.")
  var stem: String?

  @Option(help: "Go on from the encoder of these weights, with their sizes, instead.")
  var weights: String?

  @Option(
    help: ArgumentHelp(
      "Change a value of the new network's config, for emotic-mae: hidden_size=192; may be given several times.",
      valueName: "key=value"))
  var set: [String] = []

  @Option(help: "videomae (default), or mae-dfer: attention by regions, and motion as a target of its own.")
  var variant: ClipEncoder.Kind?

  @Flag(help: "Go on with the run in the output folder; all other options must be as they were.")
  var resume = false

  @Option(help: "Share of the patch positions that are hidden (default: 0.9; single pictures: 0.75).")
  var ratio: Double?

  @Option(help: "Steps in all.")
  var steps = PretrainingSettings().steps

  @Option(help: "Stills of one step; a step on whole clips takes a quarter of it.")
  var batch = PretrainingSettings().batch

  @Option(help: "Highest learning rate.")
  var rate = PretrainingSettings().rate

  @Option(help: "Steps over which the rate rises.")
  var warmup = PretrainingSettings().warmupSteps

  @Option(help: "Share of the steps that see whole clips; the others see one time slot (default: 0.25).")
  var clipShare: Double?

  @Option(help: "Strength of the random changes of the pictures, 0 to 1.")
  var strength = PretrainingSettings().augmentationStrength

  @Option(help: "Blocks of the decoder.")
  var decoderBlocks = PretrainingSettings().decoderBlocks

  @Option(help: "Steps between two checkpoints, and between two pictures.")
  var check = PretrainingSettings().evaluationInterval

  @Option(help: "Seconds of the clips that videos are cut into.")
  var span = 2.0

  @Option(help: "Only every N-th face of the data.")
  var every = 1

  @Option(help: "The same seed gives the same training.")
  var seed: UInt64 = 0

  @Option(help: "Threads for the arithmetic (default: all cores this process may use).")
  var threads: Int?

  func validate() throws {
    func check(_ ok: Bool, _ message: String) throws { if !ok { throw ValidationError(message) } }
    try check(ratio.map { $0 > 0 && $0 < 1 } ?? true, "--ratio must be above 0, below 1")
    try check(steps > 0 && batch > 0 && self.check > 0, "--steps, --batch and --check must be at least 1")
    try check(rate > 0 && rate.isFinite && warmup >= 0, "--rate must be above 0, --warmup not below")
    try check((0...1).contains(clipShare ?? 0) && (0...1).contains(strength), "--clip-share and --strength must be 0 to 1")
    try check((1...48).contains(decoderBlocks), "--decoder-blocks must be 1 to 48")
    try check(span > 0 && span.isFinite, "--span must be above 0")
    try check(every > 0, "--every must be at least 1")
    let systems = ["mtcae-dfer", ImageSystem.emoticMAE.rawValue]
    try check(systems.contains(pipeline), "--pipeline \(pipeline): only \(systems.joined(separator: " and ")) have a pre-training")
    for (name, isGiven) in [("--variant", variant != nil), ("--clip-share", clipShare != nil)] {
      try check(!isGiven || !isOfImages, "\(name) means nothing to --pipeline \(pipeline)")
    }
    try check(set.isEmpty || isOfImages && weights == nil, "--set is for a new network of emotic-mae")
    try check(new != .tiny || !isOfImages, "--new tiny is for mtcae-dfer; make another system smaller with --set")
    try check(stem == nil || weights == nil, "--stem is for a new network, not for --weights")
    try check(threads.map { (1...256).contains($0) } ?? true, "--threads must be 1 to 256")
  }

  private var isOfImages: Bool { pipeline != "mtcae-dfer" }

  private func settings(_ set: LabelledSet) -> PretrainingSettings {
    var settings = PretrainingSettings()
    settings.variant = isOfImages ? .imageMAE : variant.map { .init($0) } ?? settings.variant
    settings.ratio = ratio ?? settings.variant.usualRatio
    settings.clipShare = isOfImages ? 0 : clipShare ?? settings.clipShare
    (settings.steps, settings.batch, settings.rate, settings.warmupSteps) = (steps, batch, rate, warmup)
    (settings.augmentationStrength, settings.decoderBlocks, settings.evaluationInterval) = (strength, decoderBlocks, check)
    settings.seed = seed
    settings.data = set.description(of: data)
    return settings
  }

  private func readData(frames: Int, imageSize: Int) throws -> LabelledSet {
    let set = try LabelledSet.unlabelled(data, frames: frames, imageSize: imageSize, span: span, every: every) {
      try FaceDetector(weights: Installation.pipeline("mtcae-dfer").detectorWeights.path)
    }
    for line in set.skipped { Terminal.write("dfer: \(line)\n") }
    Terminal.write("\(set.clips.count) faces, \(set.clips.count { $0.images.count > 1 }) of them moving\n")
    return set
  }

  private func clipModel() throws -> ExpressionModel {
    let kind = variant ?? .videoMAE
    guard let weights else { return try ExpressionModel(fresh: new, encoder: kind, stem: stem, seed: seed) }
    let model = try ExpressionModel(weights: weights)
    guard model.card.config.encoder == kind else {
      throw CheckpointError(
        path: weights, reason: "its encoder is one of --variant \(model.card.config.encoder.rawValue), not \(kind.rawValue)")
    }
    return model
  }

  /// The data, and what learns from it.
  private func start() throws -> (LabelledSet, Pretrainer) {
    guard isOfImages else {
      let model = try clipModel()
      let set = try readData(frames: model.card.clip.frames, imageSize: model.card.input.imageSize)
      return (set, Pretrainer(model, settings(set)))
    }
    let model = try ImageInitialization(
      system: .emoticMAE, isNew: weights == nil, set: self.set, stem: stem, weights: weights, seed: seed
    ).model()
    let set = try readData(frames: model.card.clip.frames, imageSize: model.card.imageSize)
    return (set, try Pretrainer(model, settings(set)))
  }

  func run() throws {
    if let threads { Compute.threads = threads }
    let (set, trainer) = try start()
    var run = try PretrainingRun(trainer, on: set, folder: URL(fileURLWithPath: output), resumes: resume)
    let interrupt = Interrupt()
    var progress = TrainingProgress(steps: steps, from: run.trainer.state.step)
    let isDone = try run.run { event in
      switch event {
      case .step(let report):
        progress.step(report.step, ["loss": Double(report.loss)]) { mean in
          "loss \((mean("loss") * 1000).rounded() / 1000)"
        }
      case .image(_, let path): progress.say(path)
      }
      return !interrupt.isRaised
    }
    try TrainingProgress.end(isDone: isDone, step: run.trainer.state.step, result: run.encoder)
  }
}
