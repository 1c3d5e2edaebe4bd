import ArgumentParser
import Dfer
import DferModels

/// How common a reader takes the classes to be; the same for all commands that read faces.
struct PriorOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      How common the classes are where you read: balanced (all alike), training (as in the weights' training data), or a \
      CSV file with the columns label and fraction (default: as the weights were trained). The weights' card must say what they \
      learned from: that of mtcae-dfer does not.
      """, valueName: "prior"))
  var prior: String?

  /// nil: as the weights were trained.
  func reading() throws -> ReadingPrior? { try prior.map { try ReadingPrior(argument: $0) } }
}
