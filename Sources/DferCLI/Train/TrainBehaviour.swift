import ArgumentParser
import Dfer
import DferModels
import DferTensor
import DferTraining
import Foundation

struct TrainBehaviour: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "behaviour",
    abstract: "Train the decoder of points, head pose, eyes and movements.",
    discussion: """
      The decoder reads the features of a network that is not changed. Data are packed sets of single faces with 68 \
      points (with NAME-blendshapes.csv beside them: a teacher's) and manifests of dfer synthesize (see \
      docs/behaviour.md).

        dfer synthesize --mesh ict-face-kit.safetensors --range wide --clips 1500 -o rendered
        dfer train behaviour --data points.csv --data rendered/manifest.csv --valid valid.csv -o behaviour
      """)

  @OptionGroup
  var compute: ThreadOptions

  @Option(help: ArgumentHelp("Training data. Repeatable; FILE:N takes every Nth face.", valueName: "file[:n]"))
  var data: [String] = []

  @Option(help: ArgumentHelp("Validation data, never learned from. Repeatable.", valueName: "file[:n]"))
  var valid: [String] = []

  @Option(
    name: [.short, .customLong("output")], help: ArgumentHelp("Output folder.", valueName: "folder"),
    completion: .directory)
  var output: String

  @Flag(help: "Resume the training in the output folder.")
  var resume = false

  @Option(
    help: ArgumentHelp("Network whose features are read (default: the installed one).", valueName: "file"),
    completion: .weights)
  var weights: String?

  @Option(
    help: ArgumentHelp("Start from the weights of another behaviour decoder.", valueName: "file"), completion: .weights)
  var initialization: String?

  @Option(help: "Numbers in the matrix products of the network that is read: fp32, bf16, int16, int8 or auto.")
  var precision = PrecisionChoice.fp32

  @Option(help: ArgumentHelp("Augmented samples of each face with points placed by people.", valueName: "count"))
  var views = BehaviourRecords.Options().views

  @Option(help: ArgumentHelp("Fraction of single images that are read as whole clips, 0 to 1.", valueName: "fraction"))
  var clipFraction = BehaviourRecords.Options().clipShare

  @Option(help: ArgumentHelp("Strength of the augmentation, 0 to 1.", valueName: "strength"))
  var augmentation = BehaviourRecords.Options().augmentationStrength

  @Option(
    help: ArgumentHelp(
      "Training steps. 0: measure the weights of --initialization on --valid, and write them with what was found.",
      valueName: "count"))
  var steps = BehaviourTraining.Settings().steps

  @Option(help: ArgumentHelp("Records per step.", valueName: "count"))
  var batch = BehaviourTraining.Settings().batch

  @Option(help: ArgumentHelp("Peak learning rate.", valueName: "rate"))
  var learningRate = BehaviourTraining.Settings().rate

  @Option(help: ArgumentHelp("Steps between validations and checkpoints.", valueName: "steps"))
  var evalInterval = BehaviourTraining.Settings().evaluationInterval

  @Option(help: ArgumentHelp("Random seed.", valueName: "number"))
  var seed: UInt64 = 0

  func validate() throws {
    func check(_ holds: Bool, _ message: String) throws { if !holds { throw ValidationError(message) } }
    try check(!data.isEmpty || steps == 0, "--data is missing")
    try check(steps > 0 || initialization != nil && !valid.isEmpty, "--steps 0 requires --initialization and --valid")
    try check((1...64).contains(views), "--views must be 1 to 64")
    try check((0...1).contains(clipFraction), "--clip-fraction must be 0 to 1")
    try check(augmentation > 0 && augmentation <= 1, "--augmentation must be above 0, at most 1")
    try check((0...10_000_000).contains(steps), "--steps must be 0 to 10000000")
    try check((1...4096).contains(batch), "--batch must be 1 to 4096")
    try check(learningRate > 0 && learningRate <= 1, "--learning-rate must be above 0, at most 1")
    try check(evalInterval > 0, "--eval-interval must be at least 1")
  }

  /// A decoder to go on from: that of this network, or of an earlier state of it, whose features mean much the same.
  private func start(_ path: String, on base: ExpressionModel) throws -> BehaviourModel {
    let decoder = try BehaviourModel(weights: path)
    guard decoder.card.base != base.featureFingerprint else { return decoder }
    guard steps > 0, BehaviourConfig(base.card.config) == decoder.card.config else {
      throw ValidationError("--initialization: these weights belong to another network than --weights")
    }
    return decoder.moved(to: base)
  }

  func run() throws {
    if let threads = compute.threads { Compute.threads = threads }
    Compute.precision = precision.precision
    let base = try ExpressionModel(weights: weights ?? Installation.pipeline("mtcae-dfer").modelWeights.path)
    let start = try initialization.map { try self.start($0, on: base) }
    let folder = URL(fileURLWithPath: output)
    var settings = BehaviourTraining.Settings()
    (settings.steps, settings.batch, settings.rate) = (steps, batch, learningRate)
    (settings.evaluationInterval, settings.seed) = (evalInterval, seed)
    settings.records.views = views
    settings.records.clipShare = clipFraction
    settings.records.augmentationStrength = augmentation
    settings.records.seed = seed
    var plain = settings.records
    plain.augmentationStrength = 0
    if steps == 0, let start {
      let measured = try BehaviourEvaluation.measure(
        start, on: self.records(valid, base, plain, folder),
        to: folder.appendingPathComponent("weights.safetensors").path)
      return Terminal.write(measured.lines.joined(separator: "\n") + "\n")
    }
    let records = try records(data, base, settings.records, folder)
    let validation = valid.isEmpty ? nil : try self.records(valid, base, plain, folder)
    let names = data.map { ($0 as NSString).lastPathComponent }.joined(separator: ", ")
    settings.data = "\(records.count) records of \(names)"
    let task = try BehaviourTraining(start, on: base, settings, records: records, validation: validation)
    var loop = try TrainingLoop(task, folder: folder, resumes: resume)
    try TrainingProgress.run(
      &loop, result: loop.weights,
      values: {
        [
          "loss": Double($0.loss), "points": 100 * Double($0.points), "rotation": 100 * Double($0.rotation),
          "eyes": 100 * Double($0.eyes), "strengths": Double($0.strengths),
        ]
      },
      line: { mean in
        ["loss", "points", "rotation", "eyes", "strengths"].map { "\($0) \(TrainingProgress.two(mean($0)))" }
          .joined(separator: ", ")
      }, validated: \.lines)
  }

  /// What the network makes of all faces of some files.
  private func records(
    _ files: [String], _ base: ExpressionModel, _ options: BehaviourRecords.Options, _ folder: URL
  ) throws -> BehaviourRecords {
    var records = try BehaviourRecords(base, options, name: files.joined(separator: ", "), in: folder)
    let interrupt = Interrupt()
    var terminal = Terminal()
    for file in files {
      let (path, every) = Self.subsampled(file)
      var faces = 0
      try BehaviourSet.read(path, every: every) { face in
        try records.add(face)
        faces += 1
        terminal.redraw { ["\(faces) faces of \(path)"] }
        return !interrupt.isRaised
      }
      if interrupt.isRaised { throw ExitStatus.interrupted }
      Terminal.write("\(faces) faces of \(path): \(records.count) records so far\n")
    }
    try records.finish()
    return records
  }

  /// A path, and after a colon how many faces to take one of.
  static func subsampled(_ file: String) -> (path: String, every: Int) {
    guard let colon = file.lastIndex(of: ":"), let every = Int(file[file.index(after: colon)...]), every > 0 else {
      return (file, 1)
    }
    return (String(file[..<colon]), every)
  }
}
