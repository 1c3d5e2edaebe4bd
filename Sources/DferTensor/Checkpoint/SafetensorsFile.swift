/// A file of named tensors in the safetensors format: eight bytes of header length, a JSON header, then raw numbers.
///
/// Opening reads and checks the header only; numbers are read when asked for.
/// Format: https://github.com/huggingface/safetensors
package struct SafetensorsFile: TensorFile {
  package let path: String
  private let header: SafetensorsHeader
  private let body: CheckpointBody
  /// Where the numbers begin.
  private let start: Int

  /// The largest header that the reference implementation takes, in bytes.
  private static let headerLimit = 100_000_000

  /// Opens the file and checks its whole header: every byte behind it must belong to exactly one tensor.
  /// - Throws: `CheckpointError` with the first fault found.
  package init(path: String) throws {
    self.path = path
    body = try CheckpointBody(path: path)
    let size = body.size
    guard size >= 8 else {
      throw CheckpointError(path: path, reason: "\(size) bytes are too few for a safetensors file")
    }
    let length = try body.read(at: 0, count: 8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(size - 8) else {
      throw CheckpointError(
        path: path,
        reason: "the header should have \(length) bytes, but the file ends before: cut off, or no safetensors")
    }
    guard length <= Self.headerLimit else {
      throw CheckpointError(path: path, reason: "a header of \(length) bytes is over the format's limit")
    }
    start = 8 + Int(length)
    do {
      header = try SafetensorsHeader(json: body.read(at: 8, count: Int(length)), bodySize: size - start)
    } catch let fault as HeaderFault {
      throw CheckpointError(path: path, reason: fault.reason)
    }
  }

  /// Free text of the file: configuration, labels, licence.
  package var metadata: [String: String] { header.metadata }

  /// All tensor names, sorted; without those that only say how another tensor is meant.
  package var names: [String] { header.entries.keys.filter { !isScale($0) }.sorted() }

  /// How many numbers all these tensors hold together.
  package var count: Int {
    header.entries.reduce(0) { isScale($1.key) ? $0 : $0 + $1.value.bytes.count / $1.value.format.size }
  }

  /// Shape of a tensor, nil when the file has none of that name.
  package func shape(of name: String) -> [Int]? { header.entries[name]?.shape }

  /// Number format of a tensor, nil when the file has none of that name.
  package func dtype(of name: String) -> NumberFormat? { header.entries[name]?.format }

  /// The tensor as 32-bit floats, whatever its format in the file.
  package func tensor(_ name: String) throws -> Tensor {
    let entry = try entry(name)
    var values = Kernels.widen(try bytes(name), entry.format)
    if let scales = try scales(of: name), !values.isEmpty {
      let inputs = values.count / scales.count
      for (output, scale) in scales.enumerated() {
        for place in output * inputs..<(output + 1) * inputs { values[place] *= scale }
      }
    }
    return Tensor(values, shape: entry.shape)
  }

  /// The numbers of a tensor in one of the whole-number formats.
  package func integers(_ name: String) throws -> [Int] {
    let format = try entry(name).format
    switch format {
    case .f64, .f32, .f16, .bf16:
      throw CheckpointError(path: path, reason: "tensor \(name) is \(format.rawValue), not a format of whole numbers")
    default:
      return try Kernels.integers(try bytes(name), format).map {
        guard let number = $0 else {
          throw CheckpointError(path: path, reason: "tensor \(name) holds a number beyond 63 bits")
        }
        return number
      }
    }
  }

  /// The tensor's bytes as they lie in the file.
  package func bytes(_ name: String) throws -> [UInt8] {
    let range = try entry(name).bytes
    return try body.read(at: start + range.lowerBound, count: range.count)
  }

  private func entry(_ name: String) throws -> SafetensorsHeader.Entry {
    guard let entry = header.entries[name] else {
      throw CheckpointError(path: path, reason: "there is no tensor \(name)")
    }
    return entry
  }
}
