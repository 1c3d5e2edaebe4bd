import ArgumentParser
import Dfer
import DferModels
import DferTensor
import DferTraining
import Foundation

struct BlendCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "blend", abstract: "Average the weights of two trainings of one network.",
    discussion: """
      When SECOND was trained on from FIRST, with other data, the average usually reads both kinds of data well.

        dfer blend stills/weights.safetensors clips/weights.safetensors --valid valid.csv -o both.safetensors
      """)

  @Argument(help: "Weight file.") var first: String
  @Argument(help: "Weight file of the same network, trained on.") var second: String

  @Option(name: [.short, .customLong("output")], help: "Weight file to write.")
  var output: String

  @Option(help: "Share of the second, 0 to 1.") var share: Float = 0.5

  @Option(help: "Labelled data that neither has learned from: the temperature is fitted to it, its figures go into the card.")
  var valid: String?

  @Option(help: "Only every N-th face of it.") var validEvery = 1
  @Option(help: "What the network gets of each face: slot, clip or frames. Default: slot for stills, else clip.")
  var look: Evaluator.InputMode?
  @Flag(help: "Replace the output.") var overwrite = false
  @Option(help: "Threads for the arithmetic (default: all cores this process may use).") var threads: Int?

  func validate() throws {
    if !(0...1).contains(share) { throw ValidationError("--share must be 0 to 1") }
    if validEvery < 1 { throw ValidationError("--valid-every must be at least 1") }
    if let threads, !(1...256).contains(threads) { throw ValidationError("--threads must be 1 to 256") }
  }

  func run() throws {
    if let threads { Compute.threads = threads }
    if !overwrite, FileManager.default.fileExists(atPath: output) {
      throw CheckpointError(path: output, reason: "it exists; --overwrite replaces it")
    }
    let blend = try Blend(ExpressionModel(weights: first), ExpressionModel(weights: second), share: share, path: second)
    let card = blend.model.card
    let result = try valid.map { path in
      let set = try LabelledSet(path, card: card, every: validEvery) {
        try FaceDetector(weights: Installation.pipeline("mtcae-dfer").detectorWeights.path)
      }
      let answers = Evaluator(blend.model, inputMode: try blend.model.look(look, at: set)).read(set.clips)
      return Evaluation(answers, of: set.clips, faceless: set.faceless, card, without: ["contempt"])
    }
    for line in result?.lines ?? [] { print(line) }
    try blend.write(to: output, result)
    print(output)
  }
}
