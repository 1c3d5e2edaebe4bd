import ArgumentParser
import DferModels
import DferTraining

/// What `dfer pretrain` starts with.
struct PretrainingNetworkOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "System whose encoder is trained: mtcae-dfer (clips) or emotic-mae (single images).", valueName: "name"))
  var pipeline = "mtcae-dfer"

  @Option(help: ArgumentHelp("Size of a new network: tiny or compact.", valueName: "size"))
  var new = ModelPreset.compact

  @Option(
    help: ArgumentHelp(
      "mtcae-dfer: videomae (default), or mae-dfer, regional attention with a motion target.", valueName: "encoder"))
  var variant: ClipEncoder.Kind?

  @Option(
    help: ArgumentHelp(
      "emotic-mae: set a value of the new network's config (hidden_size=192). Repeatable.", valueName: "key=value"))
  var set: [String] = []

  @Option(
    help: ArgumentHelp("Initialise the first layers of a new network from a single-image network.", valueName: "file"),
    completion: .weights)
  var stem: String?

  @Option(
    help: ArgumentHelp("Continue from the encoder of these weights instead.", valueName: "file"), completion: .weights)
  var weights: String?

  @Option(help: ArgumentHelp("Number of decoder blocks.", valueName: "count"))
  var decoderBlocks = PretrainingSettings().decoderBlocks

  var isOfImages: Bool { pipeline != "mtcae-dfer" }

  func validate() throws {
    func check(_ ok: Bool, _ message: String) throws { if !ok { throw ValidationError(message) } }
    let systems = ["mtcae-dfer", ImageSystem.emoticMAE.rawValue]
    try check(
      systems.contains(pipeline),
      "--pipeline \(pipeline): only \(systems.joined(separator: " and ")) support pretraining")
    try check((1...48).contains(decoderBlocks), "--decoder-blocks must be 1 to 48")
    try check(set.isEmpty || isOfImages && weights == nil, "--set applies to a new network of emotic-mae")
    try check(new != .tiny || !isOfImages, "--new tiny applies to mtcae-dfer; use --set to make another system smaller")
    try check(stem == nil || weights == nil, "--stem applies to a new network, not to --weights")
  }
}

/// What is hidden and changed of the data in `dfer pretrain`.
struct MaskingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Fraction of patch positions to mask (default: 0.9; single images: 0.75).", valueName: "fraction"))
  var ratio: Double?

  @Option(
    help: ArgumentHelp(
      "Fraction of steps on whole clips; the others see one tubelet (default: 0.25).", valueName: "fraction"))
  var clipFraction: Double?

  @Option(help: ArgumentHelp("Strength of image augmentation, 0 to 1.", valueName: "strength"))
  var augmentationStrength = PretrainingSettings().augmentationStrength

  func validate() throws {
    func check(_ ok: Bool, _ message: String) throws { if !ok { throw ValidationError(message) } }
    try check(ratio.map { $0 > 0 && $0 < 1 } ?? true, "--ratio must be above 0, below 1")
    try check((0...1).contains(clipFraction ?? 0), "--clip-fraction must be 0 to 1")
    try check((0...1).contains(augmentationStrength), "--augmentation-strength must be 0 to 1")
  }
}
