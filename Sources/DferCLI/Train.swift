import ArgumentParser
import Dfer
import DferModels
import DferTensor
import DferTraining
import Foundation

struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Teach a network your own labelled faces.",
    discussion: """
      Goes on from existing weights. DATA is what dfer evaluate takes: a packed set, or a manifest of clips.

        dfer train --data train.csv --valid valid.csv -o mine
        dfer train --data train.csv --valid valid.csv -o mine --resume
        dfer train --data few.csv --valid valid.csv -o mine --freeze encoder. --steps 300 --rate 1e-3

      Writes mine/weights.safetensors (the averaged weights that read the validation data best, ready for dfer watch and
      dfer evaluate), mine/last.safetensors (to go on from), and mine/log.csv. Ctrl-C stops after the current step.
      """)

  @Option(help: "Labelled data to learn from, a CSV file; may be given several times.")
  var data: [String]

  @Option(help: "Labelled data that is never learned from and decides which weights are kept.")
  var valid: String?

  @Option(name: [.short, .customLong("output")], help: "Folder for weights, checkpoint and log.")
  var output: String

  @Option(help: "System to train: \((FaceReader.systems + [DetectorSession.name]).joined(separator: ", ")).")
  var pipeline = "mtcae-dfer"

  @Option(help: "Side of the pictures in pixels, for systems that read single pictures (default: as in the weights).")
  var size: Int?

  @Option(help: "Faces of which is known whether they wear a mask, for cross-task-vit; may be given several times.")
  var masks: [String] = []

  @Option(help: "Such faces that are never learned from.")
  var validMasks: String?

  @Option(help: "Share of the steps in which a mask is drawn on a face whose points are known.")
  var drawMasks = 0.0

  @Option(help: "Single faces to paste into other pictures, for face-finder; may be given several times.")
  var paste: [String] = []

  @Option(
    help: ArgumentHelp(
      "Change a value of a --new network's config, for systems that read single pictures: fusion=mean; may be given several times.",
      valueName: "key=value"))
  var set: [String] = []

  @Option(help: "Weights to start with (default: the installed ones).")
  var weights: String?

  @Option(help: "Start a network of this size from nothing instead: tiny or compact.")
  var new: ModelPreset?

  @Option(help: "Encoder of the new network: videomae, or mae-dfer, attention by regions, for whole clips only.")
  var variant: ClipEncoder.Kind?

  @Option(help: "Weights of a network for single pictures whose first layers the new network starts with.")
  var stem: String?

  @Option(help: "Start with the encoder that dfer pretrain made.")
  var encoder: String?

  @Option(
    help: "Weights of a network for single pictures whose answers are learned beside the labels; may be given several times: then their mean is.")
  var teacher: [String] = []

  @Option(help: "Weight of the teachers' answers against the labels, 0 to 1.")
  var teacherShare: Float = 0.5

  @Flag(help: "Go on with the training in the output folder; all other options must be as they were.")
  var resume = false

  @Option(help: "Steps in all.")
  var steps = TrainingSettings().steps

  @Option(help: "Stills of one step.")
  var batch = TrainingSettings().batch

  @Option(help: "Highest learning rate.")
  var rate = TrainingSettings().rate

  @Option(help: "Steps over which the rate rises.")
  var warmup = TrainingSettings().warmupSteps

  @Option(help: "Do not move weights whose name starts like this, as encoder.; may be given several times.")
  var freeze: [String] = []

  @Option(
    help: "Folder for what a frozen encoder reads: every view of a face is read once, and later steps cost a small part.")
  var cache: String?

  @Option(help: "Views of each face in the cache.")
  var cachedViews = 4

  @Option(help: "Factor on the rate from each encoder layer to the one before it.")
  var layerDecay = TrainingSettings().layerDecay

  @Option(help: "Factor on the rate of the heads.")
  var headRate = TrainingSettings().headRate

  @Option(help: "Factor on the rate of a convolutional stem.")
  var stemRate = TrainingSettings().stemRate

  @Option(help: "Share of the patch positions that a step sees.")
  var keepTubes = TrainingSettings().keepTubes

  @Option(
    help: "Share of the steps that see whole clips; the others see one time slot (default: 0, or 1 for networks that read whole clips only).")
  var clipShare: Double?

  @Option(help: "Share of the stills of whole-clip steps that come out of another face at rest and go back, 0 to 1.")
  var episodes = TrainingSettings().episodes

  @Option(help: "Share of the steps in which pairs of faces are faded into each other (mixup), 0 to 1.")
  var mixup = TrainingSettings().mixup

  @Flag(help: "Let the losses' weights move towards the tasks that are learned worst (arXiv 1911.03281).")
  var weighTasks = false

  @Option(help: "Strength of the random changes of the pictures, 0 to 1.")
  var strength = TrainingSettings().augmentationStrength

  @Flag(help: "Let rare classes count more, by the square root of how rare they are.")
  var balance = false

  @Option(help: "Share of each label that is spread over all classes.")
  var smoothing: Float = 0

  @Flag(help: "Run the encoder twice instead of keeping what it computes: a third slower, far less memory.")
  var recompute = false

  @Option(
    help: "Weights of the losses: of box, landmarks, expression and blendshapes (default: 0.5,0.5,1.5,0.5); for cross-task-vit of expression and mask (default: 1,1).")
  var losses: String?

  @Option(help: "How boxes and points are measured: squared, as published, or smooth (L1, sharper).")
  var placeLoss = CascadeLoss.LocalizationLoss.squared

  @Option(help: "Steps between two looks at the validation data, and between two checkpoints.")
  var check = TrainingSettings().evaluationInterval

  @Option(help: "Only every N-th face of the data.")
  var every = 1

  @Option(help: "Only every N-th face of the validation data.")
  var validEvery = 1

  @Option(help: "The same seed gives the same training.")
  var seed: UInt64 = 0

  @Option(help: "Threads for the arithmetic (default: all cores this process may use).")
  var threads: Int?

  func validate() throws {
    func check(_ ok: Bool, _ message: String) throws { if !ok { throw ValidationError(message) } }
    try check(steps > 0 && batch > 0 && self.check > 0, "--steps, --batch and --check must be at least 1")
    try check(every > 0 && validEvery > 0, "--every and --valid-every must be at least 1")
    try check(rate > 0 && rate.isFinite && warmup >= 0, "--rate must be above 0, --warmup not below")
    try check((0...1).contains(layerDecay) && headRate >= 0 && stemRate >= 0, "--layer-decay must be 0 to 1, --head-rate and --stem-rate not below 0")
    try check(keepTubes > 0 && keepTubes <= 1, "--keep-tubes must be above 0, at most 1")
    try check((0...1).contains(clipShare ?? 0) && (0...1).contains(strength), "--clip-share and --strength must be 0 to 1")
    try check(smoothing >= 0 && smoothing < 1, "--smoothing must be 0 or more, below 1")
    try check(threads.map { (1...256).contains($0) } ?? true, "--threads must be 1 to 256")
    let systems = FaceReader.systems + [DetectorSession.name]
    if !systems.contains(pipeline) {
      let nearest = nearestName(to: pipeline, among: systems).map { ", did you mean '\($0)'?" } ?? ""
      throw ValidationError(
        "--pipeline \(pipeline): no such system\(nearest) Known are \(systems.joined(separator: ", "))")
    }
    try refuseOptionsOfOtherSystems()
    try check(size.map { $0.isMultiple(of: 32) && (32...640).contains($0) } ?? true, "--size must be a multiple of 32, 32 to 640")
    try check((0...1).contains(episodes), "--episodes must be 0 to 1")
    try check(episodes == 0 || (clipShare ?? 0) > 0 || variant == .maeDFER, "--episodes are seen in whole clips: give --clip-share")
    try check(episodes == 0 || cache == nil, "--episodes are new in every step: not with --cache")
    try check((0...1).contains(drawMasks) && (0...1).contains(mixup), "--draw-masks and --mixup must be 0 to 1")
    try check(validMasks == nil || valid != nil, "--valid-masks goes with --valid")
    try check(set.isEmpty || new != nil, "--set is for a --new network")
    try check(new != .tiny || pipeline == "mtcae-dfer", "--new tiny is for mtcae-dfer; make another system smaller with --set")
    try check((0...1).contains(teacherShare), "--teacher-share must be 0 to 1")
    try check(new == nil || weights == nil, "--new starts from nothing, --weights from a file: give one of them")
    try check(cachedViews > 0, "--cached-views must be at least 1")
    try check(cachedViews == 4 || cache != nil, "--cached-views goes with --cache")
    try check(teacherShare == 0.5 || !teacher.isEmpty, "--teacher-share goes with --teacher")
    try check(
      cache == nil || freeze.contains { "encoder.".hasPrefix($0) }, "--cache goes with --freeze encoder., whose answers it keeps")
    try check(cache == nil || mixup == 0, "--mixup fades pictures, which nobody looks at with --cache")
    try check(stem == nil || new != nil, "--stem is for a --new network")
    try check(variant == nil || new != nil, "--variant is for a --new network: weights have their encoder")
    let count = pipeline == ImageSystem.crossTaskViT.rawValue ? 2 : 4
    try check(losses == nil || lossWeights?.count == count, "--losses must be \(count) numbers, not below 0, parted by commas")
  }

  /// What a system does not look at must not seem to have been obeyed.
  private func refuseOptionsOfOtherSystems() throws {
    let (isClips, isDetector) = (pipeline == "mtcae-dfer", pipeline == DetectorSession.name)
    let usual = TrainingSettings()
    let options: [(name: String, isGiven: Bool, fits: Bool)] = [
      ("--paste", !paste.isEmpty, isDetector), ("--new", new != nil, !isDetector), ("--teacher", !teacher.isEmpty, !isDetector),
      ("--balance", balance, !isDetector), ("--stem", stem != nil, !isDetector),
      ("--encoder", encoder != nil, isClips || pipeline == ImageSystem.emoticMAE.rawValue),
      ("--freeze", !freeze.isEmpty, isClips), ("--recompute", recompute, isClips), ("--size", size != nil, !isClips),
      ("--masks", !masks.isEmpty, !isClips && !isDetector), ("--valid-masks", validMasks != nil, !isClips && !isDetector),
      ("--draw-masks", drawMasks > 0, !isDetector), ("--mixup", mixup > 0, !isDetector), ("--episodes", episodes > 0, isClips),
      ("--weigh-tasks", weighTasks, isClips), ("--variant", variant != nil, isClips), ("--cache", cache != nil, isClips),
      ("--set", !set.isEmpty, !isClips && !isDetector), ("--layer-decay", layerDecay != usual.layerDecay, isClips),
      ("--head-rate", headRate != usual.headRate, isClips), ("--stem-rate", stemRate != usual.stemRate, !isDetector),
      ("--keep-tubes", keepTubes != usual.keepTubes, isClips), ("--clip-share", clipShare != nil, isClips),
      ("--place-loss", placeLoss != usual.loss.localization, isClips), ("--smoothing", smoothing > 0, !isDetector),
      ("--strength", strength != usual.augmentationStrength, !isDetector),
      ("--losses", losses != nil, isClips || pipeline == ImageSystem.crossTaskViT.rawValue),
    ]
    for option in options where option.isGiven && !option.fits {
      throw ValidationError("\(option.name) means nothing to --pipeline \(pipeline)")
    }
  }

  /// What `--losses` says; nil when it is not given or says no such numbers.
  var lossWeights: [Float]? {
    guard let parts = losses?.split(separator: ",", omittingEmptySubsequences: false) else { return nil }
    let weights = parts.compactMap { Float($0) }
    return weights.count == parts.count && weights.allSatisfy { $0 >= 0 && $0.isFinite } ? weights : nil
  }

  private func settings(_ set: LabelledSet, _ config: MTCAEConfig) -> TrainingSettings {
    var settings = TrainingSettings()
    (settings.steps, settings.batch, settings.rate, settings.warmupSteps) = (steps, batch, rate, warmup)
    (settings.frozen, settings.layerDecay, settings.headRate) = (freeze, layerDecay, headRate)
    (settings.stemRate, settings.gradientCheckpointing) = (stemRate, recompute)
    (settings.keepTubes, settings.augmentationStrength) = (keepTubes, strength)
    settings.clipShare = clipShare ?? (config.readsShortClips ? settings.clipShare : 1)
    (settings.seed, settings.evaluationInterval, settings.loss.smoothing) = (seed, check, smoothing)
    if let lossWeights {
      (settings.loss.boxWeight, settings.loss.landmarkWeight) = (lossWeights[0], lossWeights[1])
      (settings.loss.expressionWeight, settings.loss.blendshapeWeight) = (lossWeights[2], lossWeights[3])
    }
    if balance { settings.loss.classWeights = set.balancingWeights() }
    settings.loss.localization = placeLoss
    if cache != nil { settings.cachedAugmentations = cachedViews }
    (settings.mixup, settings.drawnMasks, settings.weighsTasks) = (mixup, drawMasks, weighTasks)
    settings.episodes = episodes
    settings.data = set.description(of: data, teachers: teacher, share: teacherShare)
    return settings
  }

  /// Images with all their faces instead of single faces.
  private func trainDetector() throws {
    var settings = DetectorTrainer.Settings()
    (settings.steps, settings.batch, settings.rate, settings.warmupSteps) = (steps, batch, rate, warmup)
    (settings.evaluationInterval, settings.seed, settings.side) = (check, seed, size ?? settings.side)
    try DetectorSession(weights: weights).train(
      data, pasting: paste, valid: valid, every: every, validEvery: validEvery, output: output, resumes: resume,
      settings: settings)
  }

  private func startingModel(_ installed: () throws -> String) throws -> ExpressionModel {
    try new.map { try ExpressionModel(fresh: $0, encoder: variant ?? .videoMAE, stem: stem, seed: seed) }
      ?? ExpressionModel(weights: weights ?? installed())
  }

  func run() throws {
    if let threads { Compute.threads = threads }
    if self.pipeline == DetectorSession.name { return try trainDetector() }
    if let images = ImageTrainSession(self) { return try images.run() }
    // Looked for only where it is needed: own weights and a packed set do without an installation.
    func pipeline() throws -> Pipeline { try Installation.pipeline("mtcae-dfer") }
    let start = try startingModel { try pipeline().modelWeights.path }
    let model = try encoder.map { try start.starting(fromEncoder: $0) } ?? start
    func read(_ path: String, every: Int) throws -> LabelledSet {
      let set = try LabelledSet(path, card: model.card, every: every) {
        try FaceDetector(weights: pipeline().detectorWeights.path)
      }
      for line in set.skipped { Terminal.write("dfer: \(line)\n") }
      Terminal.write("\(set.clips.count) faces of \(path)\n")
      return set
    }
    let teachers = try teacher.map(Teacher.init)
    var set = LabelledSet(labels: model.card.labels, clips: [])
    for path in data { set.clips += try read(path, every: every).clips }
    try set.hear(teachers, share: teacherShare)
    let validation = try valid.map { try read($0, every: validEvery) }
    set.warnOfPeople(alsoIn: validation)
    if episodes > 0, set.stillsAtRest.isEmpty {
      Terminal.write("dfer: warning: no still of the data is labelled neutral, so --episodes does nothing\n")
    }
    var run = try TrainingRun(
      Trainer(model, settings(set, model.card.config), cache: cache.map { URL(fileURLWithPath: $0) }), on: set,
      validation: validation, folder: URL(fileURLWithPath: output), resumes: resume)
    let interrupt = Interrupt()
    var progress = TrainingProgress(steps: steps, from: run.trainer.state.step)
    let isDone = try run.run { event in
      switch event {
      case .step(let report):
        let values = [
          "loss": Double(report.loss), "right": report.agreement ?? 0, "spread": report.spread ?? 0,
        ]
        progress.step(report.step, values) { mean in
          "loss \(TrainingProgress.two(mean("loss"))), right \(Int(100 * mean("right"))) %, "
            + "spread \(TrainingProgress.two(mean("spread")))"
        }
      case .validated(let step, let result, let isBest):
        progress.validated(step, result.lines.first { !$0.hasPrefix(" ") } ?? "", isBest: isBest)
      }
      return !interrupt.isRaised
    }
    try TrainingProgress.end(isDone: isDone, step: run.trainer.state.step, result: run.weights)
  }
}

extension ModelPreset: ExpressibleByArgument {}
extension ClipEncoder.Kind: ExpressibleByArgument {}
extension CascadeLoss.LocalizationLoss: ExpressibleByArgument {}
