import DferTensor

/// A convolution with "same" padding and the batch norm behind it: [batch, inputs, height, width] -> [batch, outputs,
/// height, width].
///
/// For inference the norm is folded into the convolution (`NormFolding`): then `norm` is nil and the weights hold both.
struct NormedConvolution: Sendable {
  /// Running mean and variance are parameters without a gradient: a training tape reports their new values.
  struct Norm: Sendable {
    let weight, bias, mean, variance: Parameter
  }

  /// A depthwise 3 x 3 in front, without a bias; then the convolution itself is 1 x 1.
  let depthwise: Parameter?
  let weight, bias: Parameter
  let norm: Norm?
  let dilation: Int

  /// As in Keras.
  static let epsilon: Float = 1e-3

  /// - Parameters:
  ///   - name: of the convolution; a separable one has parts `depthwise` and `pointwise`.
  ///   - norm: of the batch norm; nil when it is folded in.
  init(
    _ inputs: Int, _ outputs: Int, kernel: Int = 3, dilation: Int = 1, isSeparable: Bool = false, at name: String,
    norm: String?, in store: inout ParameterStore
  ) {
    depthwise = isSeparable ? store.declare("\(name).depthwise.weight", shape: [inputs, 1, kernel, kernel]) : nil
    let (place, side) = isSeparable ? ("\(name).pointwise", 1) : (name, kernel)
    weight = store.declare("\(place).weight", shape: [outputs, inputs, side, side])
    bias = store.declare("\(place).bias", shape: [outputs])
    self.norm = norm.map {
      Norm(
        weight: store.declare("\($0).weight", shape: [outputs]), bias: store.declare("\($0).bias", shape: [outputs]),
        mean: store.declare("\($0).running_mean", shape: [outputs]),
        variance: store.declare("\($0).running_var", shape: [outputs]))
    }
    self.dilation = dilation
  }

  /// - Parameter relu: with a ReLU behind it.
  func callAsFunction(_ x: Value, relu: Bool = false, _ tape: inout Tape) -> Value {
    var y = x
    let isLast = relu && norm == nil
    if let depthwise {
      y = tape.conv2d(y, depthwise, nil, padding: .same, dilation: dilation, groups: x.shape[1])
      y = tape.conv2d(y, weight, bias, relu: isLast)
    } else {
      y = tape.conv2d(y, weight, bias, padding: .same, dilation: dilation, relu: isLast)
    }
    guard let norm else { return y }
    y = tape.batchNorm(
      y, norm.weight, norm.bias, mean: norm.mean, variance: norm.variance, epsilon: Self.epsilon, momentum: 0.01)
    return relu ? tape.relu(y) : y
  }
}

/// Moves batch norms into the convolutions in front of them: with s = weight / sqrt(variance + epsilon), a kernel
/// becomes s kernel, and a bias becomes s (bias - mean) + the norm's bias.
struct NormFolding {
  let store: ParameterStore
  var folded: ParameterStore

  /// - Parameters:
  ///   - unit: of the trained network, in `store`.
  ///   - bare: the same place of a network without norms, in `folded`.
  mutating func fold(_ unit: NormedConvolution, into bare: NormedConvolution) {
    if let from = unit.depthwise, let to = bare.depthwise { folded[to] = store[from] }
    var (weight, bias) = (store[unit.weight], store[unit.bias])
    if let norm = unit.norm {
      let size = weight.count / bias.count
      for output in bias.values.indices {
        let slope =
          store[norm.weight].values[output]
          / (store[norm.variance].values[output] + NormedConvolution.epsilon).squareRoot()
        for i in output * size..<(output + 1) * size { weight.values[i] *= slope }
        bias.values[output] =
          (bias.values[output] - store[norm.mean].values[output]) * slope + store[norm.bias].values[output]
      }
    }
    folded[bare.weight] = weight
    folded[bare.bias] = bias
  }
}
