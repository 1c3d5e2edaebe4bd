import ArgumentParser
import DferModels
import DferTraining

/// What of the clip network is trained, and on what part of clips.
struct ClipNetworkOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Encoder of a new network: videomae, or mae-dfer, regional attention on whole clips only.", valueName: "encoder"))
  var variant: ClipEncoder.Kind?

  @Option(help: ArgumentHelp("Freeze weights whose name starts with this (encoder.). Repeatable.", valueName: "prefix"))
  var freeze: [String] = []

  @Option(
    help: ArgumentHelp(
      "Cache the output of a frozen encoder in this folder: later steps are much faster.", valueName: "folder"),
    completion: .directory)
  var cache: String?

  @Option(help: ArgumentHelp("Augmented samples of each face in the cache.", valueName: "count"))
  var cachedViews = 4

  @Option(help: ArgumentHelp("Learning-rate factor from each encoder layer to the one before it.", valueName: "factor"))
  var layerDecay = TrainingSettings().layerDecay

  @Option(help: ArgumentHelp("Learning-rate factor of the heads.", valueName: "factor"))
  var headRate = TrainingSettings().headRate

  @Option(help: ArgumentHelp("Fraction of patch positions seen in a step.", valueName: "fraction"))
  var keepTubes = TrainingSettings().keepTubes

  @Option(
    help: ArgumentHelp(
      "Fraction of steps on whole clips; the others see one tubelet (default: 0, or 1 for whole-clip networks).",
      valueName: "fraction"))
  var clipFraction: Double?

  @Option(
    help: ArgumentHelp(
      "Fraction of single images that whole-clip steps turn into short episodes from another, neutral face and back.",
      valueName: "fraction"))
  var episodes = TrainingSettings().episodes

  @Flag(help: "Recompute encoder activations for gradients: a third slower, far less memory.")
  var gradientCheckpointing = false

  func validate() throws {
    func check(_ ok: Bool, _ message: String) throws { if !ok { throw ValidationError(message) } }
    try check((0...1).contains(layerDecay) && headRate >= 0, "--layer-decay must be 0 to 1, --head-rate not below 0")
    try check(keepTubes > 0 && keepTubes <= 1, "--keep-tubes must be above 0, at most 1")
    try check((0...1).contains(clipFraction ?? 0), "--clip-fraction must be 0 to 1")
    try check((0...1).contains(episodes), "--episodes must be 0 to 1")
    try check(episodes == 0 || cache == nil, "--episodes are new in every step: not with --cache")
    try check(cachedViews > 0, "--cached-views must be at least 1")
    try check(cachedViews == 4 || cache != nil, "--cached-views requires --cache")
    try check(cache == nil || freeze.contains { "encoder.".hasPrefix($0) }, "--cache requires --freeze encoder.")
  }
}

/// Losses that only the clip network has.
struct ClipLossOptions: ParsableArguments {
  @Flag(help: "Let loss weights adapt towards the tasks learned worst (arXiv 1911.03281).")
  var weighTasks = false

  @Option(help: ArgumentHelp("Loss of boxes and landmarks: squared (as published) or smooth (L1).", valueName: "loss"))
  var localizationLoss = CascadeLoss.LocalizationLoss.squared
}
