import ArgumentParser
import Dfer
import DferModels
import DferTensor
import DferTraining
import Foundation

struct TrainImages: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "images",
    abstract: "Fine-tune or train a single-image network.",
    discussion: """
        dfer train images --pipeline lanmsff --data train.csv --valid valid.csv -o mine
        dfer train images --pipeline emotic-mae --new compact --set fusion=mean \\
          --data train.csv -o new
      """)

  @Option(
    help: ArgumentHelp(
      "System to train: \(ImageSystem.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "name"))
  var pipeline: String

  @OptionGroup
  var files: TrainingFiles

  @OptionGroup
  var compute: ThreadOptions

  @OptionGroup(title: "Initialization")
  var initialization: InitializationOptions

  @OptionGroup(title: "Network and data")
  var network: ImageNetworkOptions

  @OptionGroup(title: "Optimisation")
  var optimisation: OptimisationOptions<TrainingSettings>

  @OptionGroup(title: "Optimisation")
  var arithmetic: LearningPrecision

  @OptionGroup(title: "Labels and losses")
  var labels: LabelOptions

  @OptionGroup(title: "Augmentation")
  var augmentation: AugmentationOptions

  @OptionGroup(title: "Other faces, other classes")
  var transfer: TransferOptions

  @OptionGroup(title: "Distillation")
  var distillation: DistillationOptions

  func validate() throws {
    func check(_ ok: Bool, _ message: String) throws { if !ok { throw ValidationError(message) } }
    let systems = ImageSystem.allCases.map(\.rawValue)
    guard let system = ImageSystem(rawValue: pipeline) else {
      let hint =
        nearestName(to: pipeline, among: systems).map { "did you mean '\($0)'?" }
        ?? "the systems are \(systems.joined(separator: ", "))"
      throw ValidationError("--pipeline \(pipeline): no such single-image system; \(hint)")
    }
    let unsupported: [(String, Bool)] = [
      ("--encoder", initialization.encoder != nil && system != .emoticMAE),
      ("--loss-weights", labels.lossWeights != nil && system != .crossTaskViT),
    ]
    for (name, isGiven) in unsupported where isGiven {
      throw ValidationError("\(name) is not supported by --pipeline \(pipeline)")
    }
    if system == .crossTaskViT { _ = try labels.weights(2) }
    try check(
      initialization.new != .tiny, "--new tiny is not supported by --pipeline \(pipeline); use --set to make it smaller"
    )
    try check(network.set.isEmpty || initialization.new != nil, "--set requires --new")
    try check(transfer.validSuite == nil || files.valid == nil, "give --valid or --valid-suite, not both")
    try check(network.validMasks == nil || files.valid != nil, "--valid-masks requires --valid")
  }

  func run() throws {
    if let threads = compute.threads { Compute.threads = threads }
    guard let system = ImageSystem(rawValue: pipeline) else { return }
    let start = try ImageInitialization(
      system: system, isNew: initialization.new != nil, set: network.set, size: network.imageSize,
      stem: initialization.stem, weights: initialization.weights, seed: optimisation.seed
    ).model()
    let own = try transfer.ownLabels()
    let named = try own.map { try start.naming($0.names) } ?? start
    let model = try initialization.encoder.map { try named.starting(fromEncoder: $0) } ?? named
    let card = model.card
    func detector() throws -> FaceDetector {
      try FaceDetector(weights: Installation.detectorWeights.path)
    }
    let faces = TrainingFaces(files: files, transfer: transfer, distillation: distillation) {
      try LabelledSet(
        $0, labels: card.labels, frames: card.clip.frames, imageSize: card.imageSize, every: $1,
        contours: augmentation.drawMasks > 0, detector: detector)
    }
    var set = try faces.taught(labels: card.labels, own: own)
    // After the teachers, which would label the expression of a face without votes, masked or not.
    for path in network.masks {
      set.clips += try LabelledSet.masks(path, labels: card.labels, every: files.subsample).clips
    }
    var validation = try faces.validation()
    if let path = network.validMasks {
      validation?.clips += try LabelledSet.masks(path, labels: card.labels).clips
    }
    let suite = try transfer.suite(for: FaceReader.images(model).modelInfo, detector: detector)
    set.warnOfPeople(alsoIn: validation ?? suite?.people)
    let task = try ImageTraining(model, settings(set), on: set, validation: validation, suite: suite)
    var loop = try TrainingLoop(task, folder: URL(fileURLWithPath: files.output), resumes: files.resume)
    try TrainingProgress.run(
      &loop, result: loop.weights, values: { ["loss": Double($0.loss), "right": $0.agreement ?? 0] },
      line: { mean in "loss \(TrainingProgress.two(mean("loss"))), right \(Int(100 * mean("right"))) %" },
      validated: \.headlines)
  }

  private func settings(_ set: LabelledSet) throws -> ImageSettings {
    var settings = ImageSettings()
    optimisation.apply(to: &settings)
    settings.precision = arithmetic.chosen
    augmentation.apply(to: &settings)
    (settings.smoothing, settings.stemRate) = (labels.smoothing, initialization.stemRate)
    settings.distillationTemperature = distillation.loss
    if let weights = try labels.weights(2) {
      (settings.expressionWeight, settings.maskWeight) = (weights[0], weights[1])
    }
    if labels.balance { settings.classWeights = set.balancingWeights() }
    transfer.apply(to: &settings)
    settings.data =
      set.description(
        of: files.data + network.masks, teachers: distillation.teacher, share: distillation.teacherWeight)
      + transfer.description
    return settings
  }
}

/// What only single-image networks are trained with.
struct ImageNetworkOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Side of the images (default: from the weights).", valueName: "pixels"))
  var imageSize: Int?

  @Option(
    help: ArgumentHelp("Set a value of a new network's config (fusion=mean). Repeatable.", valueName: "key=value"))
  var set: [String] = []

  @Option(
    help: ArgumentHelp("Faces labelled with mask or none, for cross-task-vit. Repeatable.", valueName: "file"),
    completion: .csv)
  var masks: [String] = []

  @Option(help: ArgumentHelp("Validation data for masks.", valueName: "file"), completion: .csv)
  var validMasks: String?

  func validate() throws {
    guard imageSize.map({ $0.isMultiple(of: 32) && (32...640).contains($0) }) ?? true else {
      throw ValidationError("--image-size must be a multiple of 32, 32 to 640")
    }
  }
}
