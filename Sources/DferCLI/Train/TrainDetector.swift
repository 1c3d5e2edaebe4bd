import ArgumentParser
import DferTensor
import DferTraining

struct TrainDetector: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "detector",
    abstract: "Fine-tune the face detector.",
    discussion: """
      The data is a packed set of images with all their faces (see docs/training.md).

        dfer train detector --data scenes.csv --paste faces.csv --valid valid.csv -o detector
      """)

  @OptionGroup
  var files: TrainingFiles

  @OptionGroup
  var compute: ThreadOptions

  @Option(help: ArgumentHelp("Initial weights (default: the installed ones).", valueName: "file"), completion: .weights)
  var weights: String?

  @Option(
    help: ArgumentHelp("Single faces to paste into other images. Repeatable.", valueName: "file"), completion: .csv)
  var paste: [String] = []

  @Option(help: ArgumentHelp("Side of the images, a multiple of 32.", valueName: "pixels"))
  var imageSize = DetectorTraining.Settings().side

  @OptionGroup(title: "Optimisation")
  var optimisation: OptimisationOptions<TrainingSettings>

  func validate() throws {
    guard imageSize.isMultiple(of: 32), (32...640).contains(imageSize) else {
      throw ValidationError("--image-size must be a multiple of 32, 32 to 640")
    }
  }

  func run() throws {
    if let threads = compute.threads { Compute.threads = threads }
    var settings = DetectorTraining.Settings()
    optimisation.apply(to: &settings)
    settings.side = imageSize
    try DetectorSession(weights: weights).train(
      files.data, pasting: paste, valid: files.valid, every: files.subsample, validEvery: files.validSubsample,
      output: files.output, resumes: files.resume, settings: settings)
  }
}
