import ArgumentParser
import Dfer
import DferModels
import DferTensor
import DferTimeline
import DferTraining
import Foundation

struct BlendCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "blend", abstract: "Average the weights of two training runs.",
    discussion: """
      If the second network was fine-tuned from the first on other data, the average usually performs well on both.

        dfer blend stills/weights.safetensors clips/weights.safetensors --valid valid.csv -o both.safetensors
      """)

  @Argument(help: "Weight file.", completion: .weights)
  var first: String

  @Argument(help: "Weight file of the same network, trained further.", completion: .weights)
  var second: String

  @Option(
    name: [.short, .customLong("output")], help: ArgumentHelp("Weight file to write.", valueName: "file"),
    completion: .weights)
  var output: String

  @Flag(help: "Replace an existing output file.")
  var overwrite = false

  @Option(help: ArgumentHelp("Weight of the second network, 0 to 1.", valueName: "weight"))
  var weight: Float = 0.5

  @Option(
    help: ArgumentHelp(
      "Validation data: the temperature is fitted to it, and the metrics go into the model card.", valueName: "file"),
    completion: .csv)
  var valid: String?

  @Option(help: ArgumentHelp("Use every N-th face of the validation data.", valueName: "N"))
  var validSubsample = 1

  @Option(help: ArgumentHelp(Evaluator.InputMode.help, valueName: "mode"))
  var inputMode: Evaluator.InputMode?

  @OptionGroup
  var compute: ThreadOptions

  func validate() throws {
    if !(0...1).contains(weight) { throw ValidationError("--weight must be 0 to 1") }
    if validSubsample < 1 { throw ValidationError("--valid-subsample must be at least 1") }
  }

  func run() throws {
    if let threads = compute.threads { Compute.threads = threads }
    _ = try StagedPath(output, overwrite: overwrite)
    let blend = try Blend(
      ExpressionModel(weights: first), ExpressionModel(weights: second), share: weight, path: second)
    let card = blend.model.card
    let result = try valid.map { path in
      let set = try LabelledSet(path, card: card, every: validSubsample) {
        try FaceDetector(weights: Installation.pipeline("mtcae-dfer").detectorWeights.path)
      }
      let predictions = Evaluator(blend.model, inputMode: try blend.model.inputMode(inputMode, for: set)).read(
        set.clips)
      return Evaluation(predictions, of: set.clips, faceless: set.faceless, card, without: ["contempt"])
    }
    for line in result?.lines ?? [] { print(line) }
    try blend.write(to: output, result)
    print(output)
  }
}
