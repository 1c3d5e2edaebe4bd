import DferTensor
import Foundation

/// A network in the ONNX format: operations of opset 17, weights, and free text about it.
/// Format: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
package struct ONNXModel: Sendable {
  /// One operation.
  struct Node: Sendable {
    var type: String
    var inputs, outputs: [String]
    var attributes: [(name: String, value: Attribute)] = []
  }

  enum Attribute: Sendable {
    case integer(Int)
    case integers([Int])
    case float(Float)
    case text(String)
  }

  /// An input or output: a size is a number, or a name for any number.
  package struct Port: Sendable, Hashable {
    package enum Size: Sendable, Hashable {
      case fixed(Int)
      case named(String)
    }
    package let name: String
    package let sizes: [Size]

    package init(_ name: String, _ sizes: [Size]) { (self.name, self.sizes) = (name, sizes) }
  }

  enum Constant: Sendable {
    case tensor(Tensor)
    case integers([Int])
  }

  package let name: String
  package internal(set) var inputs: [Port] = []
  package internal(set) var outputs: [Port] = []
  /// What the file says of itself.
  package var metadata: [String: String]
  /// Free text for people.
  package var about = ""
  var nodes: [Node] = []
  var constants: [(name: String, value: Constant)] = []

  package static let opset = 17
  /// Version of the format that goes with the opset.
  private static let formatVersion = 8
  /// Protocol Buffers hold no message beyond this.
  private static let limit = Int(Int32.max)

  init(name: String, metadata: [String: String]) { (self.name, self.metadata) = (name, metadata) }

  /// The file.
  /// - Throws: `ONNXError.tooLarge` beyond two gigabytes, which the format cannot hold in one file.
  package func serialized() throws -> [UInt8] {
    let size = constants.reduce(0) { sum, constant in
      guard case .tensor(let tensor) = constant.value else { return sum }
      return sum + 4 * tensor.count
    }
    guard size < Self.limit - (1 << 20) else { throw ONNXError.tooLarge(bytes: size) }
    var file = ProtobufWriter()
    file.integer(1, Self.formatVersion)
    file.text(2, "dfer")
    if !about.isEmpty { file.text(6, about) }
    file.message(7, graph)
    file.message(8) { opset in opset.integer(2, Self.opset) }
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
      file.message(14) { entry in
        entry.text(1, key)
        entry.text(2, value)
      }
    }
    return file.bytes
  }

  private func graph(_ graph: inout ProtobufWriter) {
    for (index, node) in nodes.enumerated() {
      graph.message(1) { message in
        for input in node.inputs { message.text(1, input) }
        for output in node.outputs { message.text(2, output) }
        message.text(3, "\(node.type)_\(index)")
        message.text(4, node.type)
        for (name, value) in node.attributes { message.message(5) { Self.attribute(name, value, &$0) } }
      }
    }
    graph.text(2, name)
    for (name, value) in constants { graph.message(5) { Self.constant(name, value, &$0) } }
    for port in inputs { graph.message(11) { Self.port(port, &$0) } }
    for port in outputs { graph.message(12) { Self.port(port, &$0) } }
  }

  private static func attribute(_ name: String, _ value: Attribute, _ message: inout ProtobufWriter) {
    message.text(1, name)
    switch value {
    case .float(let number):
      message.float(2, number)
      message.integer(20, 1)
    case .integer(let number):
      message.integer(3, number)
      message.integer(20, 2)
    case .text(let text):
      message.text(4, text)
      message.integer(20, 3)
    case .integers(let numbers):
      message.integers(8, numbers)
      message.integer(20, 7)
    }
  }

  private static func constant(_ name: String, _ value: Constant, _ message: inout ProtobufWriter) {
    switch value {
    case .tensor(let tensor):
      message.integers(1, tensor.shape)
      message.integer(2, 1)
      message.text(8, name)
      var bytes = [UInt8]()
      bytes.reserveCapacity(4 * tensor.count)
      for number in tensor.values {
        let bits = number.bitPattern
        for shift in [0, 8, 16, 24] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: bits >> shift)) }
      }
      message.bytes(9, bytes)
    case .integers(let numbers):
      message.integers(1, [numbers.count])
      message.integer(2, 7)
      message.integers(7, numbers)
      message.text(8, name)
    }
  }

  private static func port(_ port: Port, _ message: inout ProtobufWriter) {
    message.text(1, port.name)
    message.message(2) { type in
      type.message(1) { tensor in
        tensor.integer(1, 1)
        tensor.message(2) { shape in
          for size in port.sizes {
            shape.message(1) { dimension in
              switch size {
              case .fixed(let number): dimension.integer(1, number)
              case .named(let name): dimension.text(2, name)
              }
            }
          }
        }
      }
    }
  }
}

/// Why a network cannot be written or run.
package enum ONNXError: Error, CustomStringConvertible, Hashable {
  case tooLarge(bytes: Int)
  /// ONNX Runtime is not there, or cannot do what was asked for; with what to do.
  case noRuntime(String)
  case unreadable(path: String, reason: String)
  case failed(path: String, reason: String)

  package var description: String {
    switch self {
    case .tooLarge(let bytes): "the weights take \(bytes >> 20) MB, and an ONNX file holds less than 2 GB"
    case .noRuntime(let text): text
    case .unreadable(let path, let reason): "\(path): \(reason)"
    case .failed(let path, let reason): "\(path): ONNX Runtime failed: \(reason)"
    }
  }
}
