import CKernels

/// What numbers the matrix products of a network are made of. Sums are always made in 32 bits, and everything else, layer
/// norms, softmax, GELU and small products such as the heads, is computed in 32-bit floats.
package enum Precision: String, Sendable, CaseIterable, Codable {
  /// 32-bit floats.
  case fp32
  /// The upper halves of floats: their range, 8 bits of precision. The usual format of other engines.
  case bf16
  /// Whole numbers of 14 to 16 bits that share a scale by row or column and some 256 inputs: about 50 times as exact as
  /// bf16, and as fast on processors with VNNI.
  case int16
  /// Linear layers in whole numbers of 8 bits, per-channel weights and per-token inputs, with a scale for some 256 inputs;
  /// attention and convolutions in 16 bits, whole numbers or, where there are AMX tiles, bf16. At every precision, 3 x 3
  /// convolutions of stride 1 are made by Winograd's method in floats.
  case int8

  /// The most exact of those that this processor is fast with, short of what may change results: bf16 where it has AMX tiles,
  /// which make no 16-bit whole numbers, else those where it has instructions for them, else 32-bit floats.
  package static var automatic: Precision {
    if ck_has_tiles(CK_BF16) != 0 { return .bf16 }
    return ck_reduced_is_faster(CK_INT16) != 0 ? .int16 : .fp32
  }

  /// What its products are made with on this processor, in words.
  package var instructions: String {
    linearFormat.map { String(cString: ck_reduced_instructions($0)) } ?? ComputeInfo.instructionSet
  }

  /// The format of linear layers; nil: floats.
  var linearFormat: ck_format? {
    switch self {
    case .fp32: nil
    case .bf16: CK_BF16
    case .int16: CK_INT16
    case .int8: CK_INT8
    }
  }

  /// The format of attention and convolutions. AMX tiles make bf16 in a third of the time of 16-bit whole numbers.
  var sensitiveFormat: ck_format? {
    self == .int8 ? (ck_has_tiles(CK_BF16) != 0 ? CK_BF16 : CK_INT16) : linearFormat
  }
}
