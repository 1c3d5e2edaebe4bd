import DferImage
import DferONNX
import DferTensor

/// Our own networks as ONNX files. The forward pass is traced, so there is one definition of each network.
extension ExpressionModel {
  /// Input `clips` [batch, 3, frames, height, width]; outputs `expression` (logits), `box`, `landmark` and, where the network
  /// has them, `blendshape` (before the sigmoid).
  package func onnx() -> ONNXModel {
    let (size, frames) = (card.input.imageSize, card.input.frames)
    let shape = [1, 3, frames, size, size]
    return ONNXModel(
      named: card.model, weights, inputs: [ONNXModel.Port("clips", batchOf: shape)],
      metadata: card.metadata.merging(ONNXPreprocessing.clips) { $1 }
    ) { tape in
      let output = network(Tensor(zeros: shape), kept: kept.map { [$0] }, &tape)
      let all = [
        ("expression", output.expression), ("box", output.box), ("landmark", output.landmark),
        ("blendshape", output.blendshape),
      ]
      return all.compactMap { name, value in value.map { (ONNXModel.Port(name, batchOf: $0.shape), $0) } }
    }
  }
}

extension ImageModel {
  /// Input `images` [batch, views * channels, side, side]; outputs `expression` and, where the network looks for masks,
  /// `mask`: logits.
  package func onnx() -> ONNXModel {
    let shape = [1, card.channels * network.viewCount, card.imageSize, card.imageSize]
    return ONNXModel(
      named: card.system.rawValue, reader.weights, inputs: [ONNXModel.Port("images", batchOf: shape)],
      metadata: card.metadata.merging(ONNXPreprocessing.images(channels: card.channels)) { $1 }
    ) { tape in
      let output = reader.network(tape.networkInput(Tensor(zeros: shape)), &tape)
      let all = [("expression", output.expression), ("mask", output.mask)]
      return all.compactMap { name, value in value.map { (ONNXModel.Port(name, batchOf: $0.shape), $0) } }
    }
  }
}

extension ClipClassifier {
  /// Input `clips` [batch, 3, frames, height, width]; output `expression`: logits.
  package func onnx() -> ONNXModel {
    let (size, frames) = (card.config.imageSize, card.config.numFrames)
    let shape = [1, 3, frames, size, size]
    return ONNXModel(
      named: card.system.rawValue, weights, inputs: [ONNXModel.Port("clips", batchOf: shape)],
      metadata: card.metadata.merging(ONNXPreprocessing.clips) { $1 }
    ) { tape in
      let logits = network(Tensor(zeros: shape), &tape)
      return [(ONNXModel.Port("expression", batchOf: logits.shape), logits)]
    }
  }
}

extension FaceDetector {
  /// Input `images` [batch, 3, height, width], sides a multiple of 32; an output for each of `outputs`, [batch, 16, height /
  /// stride, width / stride]: score, four sides, five points, mask.
  package func onnx() -> ONNXModel {
    let side = 64
    let input = ONNXModel.Port("images", [.named("batch"), .fixed(3), .named("height"), .named("width")])
    return ONNXModel(
      named: name, weights, inputs: [input], metadata: metadata.merging(ONNXPreprocessing.detector) { $1 }
    ) { tape in
      let predictions = predictions(for: Tensor(zeros: [1, 3, side, side]), &tape)
      return zip(outputs, predictions).map { output, value in
        let sides = ["height", "width"].map { ONNXModel.Port.Size.named("\($0)/\(output.stride)") }
        return (ONNXModel.Port(output.name, [.named("batch"), .fixed(value.shape[1])] + sides), value)
      }
    }
  }
}

/// What a program has to do before and after the network, in words and formulas.
enum ONNXPreprocessing {
  static let clips = [
    "preprocessing":
      "RGB crops of a face; (byte / 255 - image_mean) / image_std; axes: clip, colour, frame, row, column",
    "postprocessing":
      "softmax(expression / temperature); labels in the order of the logits; box and landmark in 0...1 of "
      + "the crop; sigmoid(blendshape)",
  ]

  static func images(channels: Int) -> [String: String] {
    let colours = channels == 1 ? "grey crops (0.299 R + 0.587 G + 0.114 B)" : "RGB crops"
    return [
      "preprocessing":
        "\(colours) of a face; (byte / 255 - image_mean) / image_std; axes: image, colour, row, column; a "
        + "second view follows the first as further colours",
      "postprocessing": "softmax(expression / temperature); labels in the order of the logits; softmax(mask)[1] is the "
        + "probability of a mask; the mean over the frames of a clip",
    ]
  }

  static let detector = [
    "preprocessing":
      "RGB; (byte - 127.5) / 128; black below and to the right up to sides that are multiples of 32; axes: "
      + "image, colour, row, column",
    "postprocessing":
      "of each cell: sigmoid(0) is the score; exp(1...4) strides from the cell's middle to the left, top, "
      + "right and bottom; 5...14 are five points in strides from the middle, x before y; sigmoid(15) is a mask; then "
      + "non-maximum suppression over nms_iou",
  ]
}

extension ONNXModel.Port {
  /// A port whose first size is the batch.
  init(_ name: String, batchOf shape: [Int]) {
    self.init(name, [.named("batch")] + shape.dropFirst().map { .fixed($0) })
  }
}

extension ImageNetwork {
  /// Images that the network reads of one crop.
  var viewCount: Int {
    views(of: Image(width: 8, height: 8), points: []).count
  }
}
