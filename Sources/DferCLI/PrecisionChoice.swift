import ArgumentParser
import DferTensor

/// `--precision` of a training.
struct LearningPrecision: ParsableArguments {
  enum Choice: String, CaseIterable, ExpressibleByArgument { case fp32, bf16 }

  @Option(
    help: ArgumentHelp(
      "Numbers in the products of linear layers and their gradients; weights and sums are in 32 bits at either.",
      valueName: "precision"))
  var precision = Choice.fp32

  /// For settings, in which fp32 is not named.
  var chosen: Precision? { precision == .bf16 ? .bf16 : nil }
}

/// `--precision`: what matrix products are made of.
enum PrecisionChoice: String, CaseIterable, ExpressibleByArgument {
  case auto, fp32, bf16, int16, int8

  var precision: Precision {
    switch self {
    case .auto: .automatic
    case .fp32: .fp32
    case .bf16: .bf16
    case .int16: .int16
    case .int8: .int8
    }
  }
}
