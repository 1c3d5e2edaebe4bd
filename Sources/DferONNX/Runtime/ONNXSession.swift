import COnnxRuntime
import DferTensor
import Foundation

/// A network that ONNX Runtime runs. It has one input; free to use from many threads.
package final class ONNXSession: Sendable {
  /// Name of the file, for errors.
  package let path: String
  package let runtime: ONNXRuntime
  package let device: ONNXRuntime.Device
  package let input: Port
  package let outputs: [Port]
  private let handle: Handle

  /// An input or output.
  package struct Port: Sendable, Hashable {
    package let name: String
    /// nil where any size will do.
    package let sizes: [Int?]
    package let isFloat: Bool
  }

  /// ONNX Runtime guards its sessions itself.
  private struct Handle: @unchecked Sendable {
    let session: OpaquePointer
  }

  /// - Parameters:
  ///   - bytes: of an ONNX file.
  ///   - path: its name, for errors.
  ///   - threads: of the processor.
  /// - Throws: `ONNXError`: the file is no such network, has several inputs, or the device is not there.
  package init(
    _ bytes: some ContiguousBytes & Collection<UInt8>, path: String, on device: ONNXRuntime.Device,
    of runtime: ONNXRuntime, threads: Int
  ) throws {
    try runtime.check(device)
    var error = [CChar](repeating: 0, count: 1024)
    let session = Self.open(Array(bytes), runtime, device, threads, &error)
    guard let session else {
      throw ONNXError.unreadable(path: path, reason: "ONNX Runtime refuses it: \(ONNXRuntime.text(error))")
    }
    handle = Handle(session: session)
    (self.path, self.runtime, self.device) = (path, runtime, device)
    outputs = (0..<ort_session_output_count(session)).map { index in
      Port(
        name: String(cString: ort_session_output_name(session, index)),
        sizes: (0..<ort_session_output_rank(session, index)).map {
          Self.size(ort_session_output_size(session, index, $0))
        },
        isFloat: Int(ort_session_output_type(session, index)) == ORT_FLOAT)
    }
    let inputs = (0..<ort_session_input_count(session)).map { index in
      Port(
        name: String(cString: ort_session_input_name(session, index)),
        sizes: (0..<ort_session_input_rank(session, index)).map {
          Self.size(ort_session_input_size(session, index, $0))
        },
        isFloat: Int(ort_session_input_type(session, index)) == ORT_FLOAT)
    }
    guard let first = inputs.first, inputs.count == 1 else {
      input = Port(name: "", sizes: [], isFloat: false)
      throw ONNXError.unreadable(
        path: path,
        reason: "it has \(inputs.count) inputs (\(inputs.map(\.name).joined(separator: ", "))), and one is expected")
    }
    input = first
    guard first.isFloat else {
      throw ONNXError.unreadable(path: path, reason: "its input \(first.name) does not take 32-bit floats")
    }
  }

  deinit { ort_session_close(handle.session) }

  private static func open(
    _ bytes: [UInt8], _ runtime: ONNXRuntime, _ device: ONNXRuntime.Device, _ threads: Int, _ error: inout [CChar]
  ) -> OpaquePointer? {
    let count = error.count
    return ort_session_open(
      runtime.handle.library, bytes, bytes.count, device.provider, Int32(clamping: threads), &error, count)
  }

  private static func size(_ size: Int64) -> Int? { size > 0 ? Int(size) : nil }

  /// An entry of the file's metadata.
  package func metadata(_ key: String) -> String? {
    let length = ort_session_metadata(handle.session, key, nil, 0)
    guard length >= 0 else { return nil }
    var text = [CChar](repeating: 0, count: length + 1)
    _ = ort_session_metadata(handle.session, key, &text, text.count)
    return ONNXRuntime.text(text)
  }

  /// Runs the network.
  /// - Returns: its outputs by name; those that are no floats are left out.
  package func run(_ x: Tensor) throws -> [String: Tensor] {
    var error = [CChar](repeating: 0, count: 1024)
    let shape = x.shape.map(Int64.init)
    guard
      let result = ort_session_run(
        handle.session, x.values, x.values.count, shape, shape.count, &error, error.count)
    else { throw ONNXError.failed(path: path, reason: ONNXRuntime.text(error)) }
    defer { ort_result_free(result) }
    var tensors: [String: Tensor] = [:]
    for (index, output) in outputs.enumerated() where output.isFloat {
      let shape = (0..<ort_result_rank(result, index)).map { Int(ort_result_size(result, index, $0)) }
      var numbers = [Float](repeating: 0, count: ort_result_count(result, index))
      ort_result_copy(result, index, &numbers)
      tensors[output.name] = Tensor(numbers, shape: shape)
    }
    return tensors
  }
}
