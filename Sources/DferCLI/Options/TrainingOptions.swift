import ArgumentParser
import DferModels
import DferTraining

/// What every training reads and writes.
struct TrainingFiles: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Training data; WEIGHT is how often its faces are drawn (default: 1). Repeatable.", valueName: "file[:weight]"),
    completion: .csv)
  var data: [String]

  @Option(
    help: ArgumentHelp("Validation data; decides which weights are kept.", valueName: "file"), completion: .csv)
  var valid: String?

  @Option(
    name: [.short, .customLong("output")],
    help: ArgumentHelp("Folder for weights, checkpoint and log.", valueName: "folder"), completion: .directory)
  var output: String

  @Flag(help: "Resume the run in the output folder; all other options must be unchanged.")
  var resume = false

  @Option(help: ArgumentHelp("Use every N-th face of the data.", valueName: "N"))
  var subsample = 1

  @Option(help: ArgumentHelp("Use every N-th face of the validation data.", valueName: "N"))
  var validSubsample = 1

  func validate() throws {
    guard subsample > 0 && validSubsample > 0 else {
      throw ValidationError("--subsample and --valid-subsample must be at least 1")
    }
  }
}

/// Networks whose predictions are learned beside the labels.
struct DistillationOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Single-image network whose predictions are learned with the labels. Repeatable: the teachers' predictions are averaged.",
      valueName: "file"), completion: .weights)
  var teacher: [String] = []

  @Option(help: ArgumentHelp("Weight of the teachers against the labels, 0 to 1.", valueName: "weight"))
  var teacherWeight: Float = 0.5

  @Option(
    help: ArgumentHelp(
      "Distillation temperature of soft labels and teachers, 1 to 20: the higher, the more classes are learned that an image does not show.",
      valueName: "number"))
  var distillationTemperature: Float = 1

  /// What the loss takes; nil where it changes nothing.
  var loss: Float? { distillationTemperature == 1 ? nil : distillationTemperature }

  func validate() throws {
    func check(_ ok: Bool, _ message: String) throws { if !ok { throw ValidationError(message) } }
    try check((0...1).contains(teacherWeight), "--teacher-weight must be 0 to 1")
    try check(teacherWeight == 0.5 || !teacher.isEmpty, "--teacher-weight requires --teacher")
    try check((1...20).contains(distillationTemperature), "--distillation-temperature must be 1 to 20")
  }
}

/// Random changes of the faces that expressions are learned from.
struct AugmentationOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Strength of image augmentation, 0 to 1.", valueName: "strength"))
  var augmentationStrength = TrainingSettings().augmentationStrength

  @Option(help: ArgumentHelp("Fraction of steps that mix pairs of faces (mixup), 0 to 1.", valueName: "fraction"))
  var mixup = TrainingSettings().mixup

  @Option(
    help: ArgumentHelp(
      "Fraction of steps that draw a mask on faces with known landmarks, 0 to 1.", valueName: "fraction"))
  var drawMasks = 0.0

  func validate() throws {
    guard (0...1).contains(augmentationStrength), (0...1).contains(drawMasks), (0...1).contains(mixup) else {
      throw ValidationError("--augmentation-strength, --mixup and --draw-masks must be 0 to 1")
    }
  }

  func apply(to settings: inout some LabelledTrainingOptions) {
    settings.augmentationStrength = augmentationStrength
    (settings.mixup, settings.drawnMasks) = (mixup, drawMasks)
  }
}

/// How expression labels are weighed.
struct LabelOptions: ParsableArguments {
  @Flag(help: "Weight rare classes more, by the square root of their rarity.")
  var balance = false

  @Option(help: ArgumentHelp("Label smoothing, 0 to below 1.", valueName: "fraction"))
  var smoothing: Float = 0

  @Option(help: ArgumentHelp(Self.lossHelp, valueName: "list"))
  var lossWeights: String?

  static let lossHelp = """
    Loss weights: box, landmarks, expression and blendshapes (default: 0.5,0.5,1.5,0.5), or expression and mask for \
    cross-task-vit (default: 1,1).
    """

  func validate() throws {
    guard smoothing >= 0 && smoothing < 1 else { throw ValidationError("--smoothing must be 0 or more, below 1") }
  }

  /// - Throws: `ValidationError` when there are not `count` of them.
  func weights(_ count: Int) throws -> [Float]? {
    guard let parts = lossWeights?.split(separator: ",", omittingEmptySubsequences: false) else { return nil }
    let weights = parts.compactMap { Float($0) }
    guard weights.count == parts.count, weights.count == count, weights.allSatisfy({ $0 >= 0 && $0.isFinite }) else {
      throw ValidationError("--loss-weights must be \(count) numbers, not below 0, separated by commas")
    }
    return weights
  }
}

/// What a clip or image network starts with.
struct InitializationOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Initial weights (default: the installed ones).", valueName: "file"), completion: .weights)
  var weights: String?

  @Option(help: ArgumentHelp("Train a new network of this size instead: tiny or compact.", valueName: "size"))
  var new: ModelPreset?

  @Option(
    help: ArgumentHelp("Initialise the first layers of a new network from a single-image network.", valueName: "file"),
    completion: .weights)
  var stem: String?

  @Option(help: ArgumentHelp("Start with the encoder of dfer pretrain.", valueName: "file"), completion: .weights)
  var encoder: String?

  @Option(help: ArgumentHelp("Learning-rate factor of a convolutional stem.", valueName: "factor"))
  var stemRate = TrainingSettings().stemRate

  func validate() throws {
    func check(_ ok: Bool, _ message: String) throws { if !ok { throw ValidationError(message) } }
    try check(
      new == nil || weights == nil, "--new trains a new network, --weights continues from a file: give one of them")
    try check(stem == nil || new != nil, "--stem requires --new")
    try check(stemRate >= 0, "--stem-rate must not be negative")
  }
}

extension ModelPreset: ExpressibleByArgument {}
extension ClipEncoder.Kind: ExpressibleByArgument {}
extension CascadeLoss.LocalizationLoss: ExpressibleByArgument {}
