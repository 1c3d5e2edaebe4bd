import DferImage
import DferONNX
import DferTensor

/// One of our own networks, computed by ONNX Runtime instead of our kernels: on a graphics card, say.
package struct RuntimeModel: ExpressionClassifier {
  private let model: FaceReader
  private let session: ONNXSession

  /// - Throws: `ONNXError` when the runtime or the device will not do, or the network is one that it runs already.
  package init(_ model: FaceReader, on device: ONNXRuntime.Device, of runtime: ONNXRuntime, path: String) throws {
    let file: ONNXModel
    switch model {
    case .clips(let network): file = network.onnx()
    case .images(let network): file = network.onnx()
    case .classifier(let network as ClipClassifier): file = network.onnx()
    case .classifier:
      throw ONNXError.unreadable(path: path, reason: "this network cannot be carried to another device")
    }
    self.model = model
    session = try ONNXSession(
      try file.serialized(), path: path, on: device, of: runtime, threads: Compute.threads)
  }

  package var modelInfo: FaceReader.ModelInfo { model.modelInfo }

  package func views(of crop: Image, points: [Point]) -> [Image] { model.views(of: crop, points: points) }

  package var readsSingleImages: Bool { model.readsSingleImages }

  package var isComputedElsewhere: Bool { true }
  package var multiplications: Int { model.multiplications }

  package func read(_ clips: [[Image]], points: [[[Point]]]) throws -> [ExpressionReading] {
    guard !clips.isEmpty else { return [] }
    switch model {
    case .clips(let network):
      let outputs = try session.run(network.card.input.tensor(clips))
      return network.readings(
        expression: try output("expression", of: outputs), box: try output("box", of: outputs),
        landmark: try output("landmark", of: outputs), blendshape: outputs["blendshape"])
    case .images(let network):
      // All images of all clips go in one batch, so that the device is busy.
      return try FrameAverage.readings(
        of: clips, points: points, labels: network.card.labels.count, temperature: network.card.temperature,
        inOneBatch: true
      ) { images, points in
        let outputs = try session.run(network.input(images, points: points))
        return network.readings(try output("expression", of: outputs), mask: outputs["mask"], of: images.count)
      }
    case .classifier(let network as ClipClassifier):
      return network.card.readings(try output("expression", of: try session.run(network.card.input.tensor(clips))))
    case .classifier: return []
    }
  }

  private func output(_ name: String, of outputs: [String: Tensor]) throws -> Tensor {
    guard let tensor = outputs[name] else {
      throw ONNXError.failed(path: session.path, reason: "it gave no output \(name)")
    }
    return tensor
  }
}
