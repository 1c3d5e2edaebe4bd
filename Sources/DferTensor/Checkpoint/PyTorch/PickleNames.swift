/// The classes and functions that a pickle may name. Nothing is ever looked up or called: each is a word that this
/// machine understands, and every other word is refused.
enum PickleNames {
  /// What may be said to be called, and what comes of it.
  enum Call {
    case orderedDictionary
    /// A view of a storage.
    case tensor
    /// The first argument as it is.
    case first
    /// Something without tensors.
    case inert
  }

  static let calls: [String: Call] = [
    "collections.OrderedDict": .orderedDictionary,
    "torch._utils._rebuild_tensor_v2": .tensor, "torch._utils._rebuild_tensor": .tensor,
    "torch._utils._rebuild_parameter": .first, "torch._utils._rebuild_parameter_with_state": .first,
    "torch.Size": .first, "torch.device": .inert,
    // Options of the training run, and figures that it kept: they are passed over.
    "argparse.Namespace": .inert, "_codecs.encode": .inert, "numpy.dtype": .inert,
    "numpy.core.multiarray.scalar": .inert, "numpy._core.multiarray.scalar": .inert,
  ]

  /// Formats of numbers by the class of their storage.
  static let storages: [String: NumberFormat] = [
    "torch.FloatStorage": .f32, "torch.HalfStorage": .f16, "torch.BFloat16Storage": .bf16,
    "torch.DoubleStorage": .f64, "torch.LongStorage": .i64, "torch.IntStorage": .i32, "torch.ShortStorage": .i16,
    "torch.CharStorage": .i8, "torch.ByteStorage": .u8, "torch.BoolStorage": .bool,
  ]

  /// Names of number formats, which stand in checkpoints as values.
  private static let formats: Set<String> = [
    "float32", "float16", "bfloat16", "float64", "int64", "int32", "int16", "int8", "uint8", "bool",
  ]

  static func knows(_ name: String) -> Bool {
    calls[name] != nil || storages[name] != nil
      || (name.hasPrefix("torch.") && formats.contains(String(name.dropFirst("torch.".count))))
  }

  static func refusal(of name: String) -> PickleFault {
    PickleFault(
      "it asks for \(name.prefix(100)), and a weight file needs only tensors, dictionaries, numbers and text: refused, and nothing was run"
    )
  }
}
