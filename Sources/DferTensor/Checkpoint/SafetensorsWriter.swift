import Foundation

/// A tensor as it lies in a file.
struct StoredTensor {
  let name: String
  let shape: [Int]
  let format: NumberFormat
  let bytes: [UInt8]

  init(name: String, shape: [Int], format: NumberFormat, bytes: [UInt8]) {
    (self.name, self.shape, self.format, self.bytes) = (name, shape, format, bytes)
  }

  /// - Parameter format: a format of floats of at most 32 bits.
  init(_ name: String, _ tensor: Tensor, as format: NumberFormat) {
    let bytes =
      switch format {
      case .f16: Kernels.bytes16(tensor.values)
      case .bf16: Kernels.bytesBF16(tensor.values)
      default: Kernels.bytes32(tensor.values)
      }
    self.init(name: name, shape: tensor.shape, format: format, bytes: bytes)
  }
}

extension SafetensorsFile {
  /// Writes `tensors` in the given order. The file appears under its name only when it is complete.
  ///
  /// - Parameter format: `.f32` or `.f16` (rounded to nearest even; a number beyond its range is an error).
  /// - Throws: `CheckpointError` when a number does not fit or the file cannot be written.
  package static func write(
    tensors: [(name: String, tensor: Tensor)], metadata: [String: String] = [:], to path: String,
    as format: NumberFormat = .f32
  ) throws {
    precondition(format == .f32 || format == .f16, "SafetensorsFile.write: \(format.rawValue) is not written")
    for (name, tensor) in tensors where format == .f16 {
      if tensor.values.contains(where: { $0.isFinite && !Float16($0).isFinite }) {
        throw CheckpointError(path: path, reason: "tensor \(name) holds a number beyond the range of F16")
      }
    }
    try write(tensors.map { StoredTensor($0.name, $0.tensor, as: format) }, metadata, to: path)
  }

  /// Writes numbers that are in their format already.
  static func write(_ tensors: [StoredTensor], _ metadata: [String: String], to path: String) throws {
    precondition(Set(tensors.map(\.name)).count == tensors.count, "SafetensorsFile.write: two tensors of one name")
    var file = Data()
    let header = self.header(tensors, metadata)
    file.append(contentsOf: (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) })
    file.append(contentsOf: header)
    for tensor in tensors { file.append(contentsOf: tensor.bytes) }
    do {
      try file.write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw CheckpointError(writing: path, error)
    }
  }

  /// The JSON header, padded with spaces so that the numbers start at a multiple of eight bytes.
  private static func header(
    _ tensors: [StoredTensor], _ metadata: [String: String]
  ) -> [UInt8] {
    var members: [String] = []
    if !metadata.isEmpty {
      let texts = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
      members.append("\"__metadata__\":{\(texts.joined(separator: ","))}")
    }
    var end = 0
    for tensor in tensors {
      let begin = end
      end += tensor.bytes.count
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      members.append(
        "\(quoted(tensor.name)):{\"dtype\":\"\(tensor.format.rawValue)\",\"shape\":[\(shape)],\"data_offsets\":[\(begin),\(end)]}"
      )
    }
    let json = [UInt8]("{\(members.joined(separator: ","))}".utf8)
    return json + [UInt8](repeating: UInt8(ascii: " "), count: (8 - json.count % 8) % 8)
  }

  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\u{0}"..<"\u{20}": quoted += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
