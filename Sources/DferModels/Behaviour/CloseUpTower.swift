import DferTensor

/// A small convolutional network that makes one vector of a close-up: 3 x 3 convolutions with ReLU, the first 5 x 5, and a
/// linear layer with GELU over what is left.
struct CloseUpTower: Sendable {
  private let convolutions: [(weight: Parameter, bias: Parameter, padding: Int, stride: Int)]
  private let output: Linear

  /// - Parameters:
  ///   - layers: width and stride of each convolution.
  ///   - pixels: of a close-up along one side.
  init(
    _ channels: Int, layers: [(width: Int, stride: Int)], pixels: Int, outputs: Int, at path: String,
    in store: inout ParameterStore
  ) {
    var (inputs, side) = (channels, pixels)
    convolutions = layers.enumerated().map { number, layer in
      let kernel = number == 0 ? 5 : 3
      defer { (inputs, side) = (layer.width, side / layer.stride) }
      return (
        store.declare("\(path).conv\(number).weight", shape: [layer.width, inputs, kernel, kernel]),
        store.declare("\(path).conv\(number).bias", shape: [layer.width]), kernel / 2, layer.stride
      )
    }
    output = Linear(inputs * side * side, outputs, at: "\(path).fc", in: &store)
  }

  /// [parts, channels, pixels, pixels] -> [parts, outputs].
  func callAsFunction(_ parts: Value, _ tape: inout Tape) -> Value {
    output.withGELU(flat(parts, &tape), &tape)
  }

  /// The same without the GELU behind the linear layer.
  func linear(_ parts: Value, _ tape: inout Tape) -> Value { output(flat(parts, &tape), &tape) }

  /// What the convolutions leave, [parts, numbers].
  private func flat(_ parts: Value, _ tape: inout Tape) -> Value {
    var x = parts
    for layer in convolutions {
      x = tape.conv2d(x, layer.weight, layer.bias, stride: layer.stride, padding: .all(layer.padding), relu: true)
    }
    let count = x.shape[0]
    return tape.reshape(x, [count, x.tensor.count / count])
  }
}
