/// A file of named tensors, whatever its format: safetensors, or what PyTorch saves.
package protocol TensorFile: Sendable {
  var path: String { get }
  /// All tensor names, sorted.
  var names: [String] { get }
  /// How many numbers all tensors hold together.
  var count: Int { get }
  /// Shape of a tensor, nil when the file has none of that name.
  func shape(of name: String) -> [Int]?
  /// The tensor as 32-bit floats, whatever its format in the file.
  /// - Throws: `CheckpointError`.
  func tensor(_ name: String) throws -> Tensor
}

extension TensorFile {
  package func contains(_ name: String) -> Bool { shape(of: name) != nil }
}
