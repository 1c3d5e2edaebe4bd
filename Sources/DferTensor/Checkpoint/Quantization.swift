/// How a weight file holds the large matrices: in whole numbers of 8 bits, each output channel with a scale of its own
/// (symmetric, `NAME` in I8 beside `NAME_scale` in F32, as compressed-tensors files have them), or in bf16.
package enum Quantization: String, Sendable, CaseIterable, Codable {
  case int8, bf16

  /// What comes behind a tensor's name for its scales.
  static let scaleSuffix = "_scale"

  /// Whether a tensor is held like this: a matrix of some size, and none of the heads, whose few numbers decide.
  func holds(_ name: String, _ shape: [Int]) -> Bool {
    shape.count >= 2 && shape.reduce(1, *) >= 4096 && !name.hasPrefix("head")
  }

  /// What of a tensor goes into a file.
  fileprivate func stored(_ name: String, _ tensor: Tensor) -> [StoredTensor] {
    guard holds(name, tensor.shape), let outputs = tensor.shape.first else {
      let fits = tensor.values.allSatisfy { Float16($0).isFinite }
      return [StoredTensor(name, tensor, as: fits ? .f16 : .f32)]
    }
    guard self == .int8 else { return [StoredTensor(name, tensor, as: .bf16)] }
    let inputs = tensor.count / outputs
    var (numbers, scales): ([Int8], [Float]) = ([], [])
    numbers.reserveCapacity(tensor.count)
    for output in 0..<outputs {
      let row = tensor.values[output * inputs..<(output + 1) * inputs]
      let largest = row.reduce(0) { max($0, abs($1)) }
      let scale = largest / 127
      scales.append(scale)
      numbers += row.map { scale > 0 ? Int8(max(-127, min(127, ($0 / scale).rounded()))) : 0 }
    }
    return [
      StoredTensor(name: name, shape: tensor.shape, format: .i8, bytes: numbers.map { UInt8(bitPattern: $0) }),
      StoredTensor(name + Self.scaleSuffix, Tensor(scales, shape: [outputs]), as: .f32),
    ]
  }
}

extension SafetensorsFile {
  /// Writes `tensors` in the given order, the large ones as `quantization` says, the others in 16-bit floats. The file appears
  /// under its name only when it is complete.
  ///
  /// - Throws: `CheckpointError` when a number is not finite or the file cannot be written.
  package static func write(
    tensors: [(name: String, tensor: Tensor)], metadata: [String: String] = [:], to path: String,
    quantized quantization: Quantization
  ) throws {
    for (name, tensor) in tensors where !tensor.values.allSatisfy(\.isFinite) {
      throw CheckpointError(path: path, reason: "tensor \(name) holds numbers that are not finite")
    }
    try write(tensors.flatMap { quantization.stored($0.name, $0.tensor) }, metadata, to: path)
  }

  /// The scales of a tensor in I8, one for each output channel; nil for other tensors, and for plain whole numbers.
  func scales(of name: String) throws -> [Float]? {
    let scale = name + Quantization.scaleSuffix
    guard dtype(of: name) == .i8, let outputs = shape(of: name)?.first, shape(of: scale) == [outputs] else {
      return nil
    }
    return try tensor(scale).values
  }

  /// Whether a tensor only says how another one is meant.
  func isScale(_ name: String) -> Bool {
    guard name.hasSuffix(Quantization.scaleSuffix) else { return false }
    let other = String(name.dropLast(Quantization.scaleSuffix.count))
    return dtype(of: other) == .i8 && shape(of: name) == shape(of: other)?.first.map { [$0] }
  }
}
