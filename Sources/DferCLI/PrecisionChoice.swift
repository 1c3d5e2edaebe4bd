import ArgumentParser
import DferTensor

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
