import ArgumentParser
import DferTraining

/// Steps and rates of a training, with the defaults and the wording of its settings.
struct OptimisationOptions<Settings: DescribedSettings>: ParsableArguments {
  @Option(help: ArgumentHelp("Total number of steps.", valueName: "count"))
  var steps = Settings().steps

  @Option(help: ArgumentHelp(Settings.batchHelp, valueName: "count"))
  var batch = Settings().batch

  @Option(help: ArgumentHelp("Peak learning rate.", valueName: "rate"))
  var learningRate = Settings().rate

  @Option(help: ArgumentHelp("Warm-up steps of the learning rate.", valueName: "steps"))
  var warmup = Settings().warmupSteps

  @Option(help: ArgumentHelp(Settings.intervalHelp, valueName: "steps"))
  var evalInterval = Settings().evaluationInterval

  @Option(help: ArgumentHelp("Random seed; the same seed gives the same training.", valueName: "number"))
  var seed: UInt64 = 0

  func validate() throws {
    func check(_ ok: Bool, _ message: String) throws { if !ok { throw ValidationError(message) } }
    try check(steps > 0 && batch > 0 && evalInterval > 0, "--steps, --batch and --eval-interval must be at least 1")
    try check(
      learningRate > 0 && learningRate.isFinite && warmup >= 0, "--learning-rate must be above 0, --warmup not below")
  }

  func apply(to settings: inout some TrainingOptions) {
    (settings.steps, settings.batch, settings.rate) = (steps, batch, learningRate)
    (settings.warmupSteps, settings.evaluationInterval, settings.seed) = (warmup, evalInterval, seed)
  }
}

/// Settings that the command line can describe.
protocol DescribedSettings: TrainingOptions {
  static var batchHelp: String { get }
  static var intervalHelp: String { get }
}

extension TrainingSettings: DescribedSettings {
  static var batchHelp: String { "Images per step." }
  static var intervalHelp: String { "Steps between evaluations on the validation data, and between checkpoints." }
}

extension PretrainingSettings: DescribedSettings {
  static var batchHelp: String { "Single images per step; a step on whole clips takes a quarter of it." }
  static var intervalHelp: String { "Steps between checkpoints, and between images of reconstructions." }
}
