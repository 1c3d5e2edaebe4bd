import CKernels
import Foundation

/// What the arithmetic runs on, for `info` commands and benchmark headers.
package enum ComputeInfo {
  /// The processor family that OpenBLAS chose its kernels for, such as `SkylakeX`.
  package static var blasCore: String { Kernels.blasCore }

  package static var threads: Int { Compute.threads }

  /// Instruction set of the element-wise kernels.
  package static var instructionSet: String { name(ofLevel: ck_level()) }

  /// Says so when `OPENBLAS_CORETYPE` holds OpenBLAS to kernels that are slower than this processor.
  package static var warning: String? {
    guard let forced = ProcessInfo.processInfo.environment["OPENBLAS_CORETYPE"], !forced.isEmpty else { return nil }
    return warning(forced: forced, used: blasCore, level: ck_best_level())
  }

  static func warning(forced: String, used core: String, level: Int32) -> String? {
    guard levelOfCore(core) < level else { return nil }
    return "OPENBLAS_CORETYPE=\(forced) in the environment: OpenBLAS runs its \(core) kernels on a processor with "
      + "\(name(ofLevel: level)). On many processors that is half the speed; unset it to compare."
  }

  /// The instruction set, in the numbering of `ck_level`, of OpenBLAS kernels written for `core`.
  private static func levelOfCore(_ core: String) -> Int32 {
    switch core.lowercased() {
    case "skylakex", "cooperlake", "sapphirerapids": 2
    case "haswell", "zen", "excavator", "steamroller", "piledriver": 1
    default: 0
    }
  }

  private static func name(ofLevel level: Int32) -> String {
    #if arch(x86_64)
      ["SSE2", "AVX2", "AVX-512"][Int(level)]
    #else
      "baseline"
    #endif
  }
}
