import DferTensor

/// A small residual network that turns each frame into maps before the transformer cuts them into tokens. Plain patches
/// need much data to learn what an edge is; convolutions know it from the start (arXiv 2106.14881).
///
/// A 3 x 3 convolution at full size, then for every further width one that halves the size and a residual block of two;
/// ReLU behind each. There are no norms, so a frame's maps depend on that frame alone.
package struct ConvolutionalStem: Sendable {
  let first: Convolution
  let stages: [Stage]

  struct Stage: Sendable {
    let shrink, a, b: Convolution

    func callAsFunction(_ x: Value, _ tape: inout Tape) -> Value {
      let x = shrink(x, relu: true, &tape)
      return tape.relu(tape.add(x, b(a(x, relu: true, &tape), &tape)))
    }
  }

  /// - Parameter widths: maps of the first convolution and of each stage.
  package init(_ widths: [Int], channels: Int, at path: String, in store: inout ParameterStore) {
    first = Convolution(channels, widths[0], at: "\(path).conv", in: &store)
    var stages: [Stage] = []
    for (i, (inputs, outputs)) in zip(widths, widths.dropFirst()).enumerated() {
      let path = "\(path).stages.\(i)"
      stages.append(
        Stage(
          shrink: Convolution(inputs, outputs, stride: 2, at: "\(path).shrink", in: &store),
          a: Convolution(outputs, outputs, at: "\(path).a", in: &store),
          b: Convolution(outputs, outputs, at: "\(path).b", in: &store)))
    }
    self.stages = stages
  }

  /// Pixels of a frame along one side for each cell of the last maps.
  package static func stride(of widths: [Int]) -> Int { 1 << (widths.count - 1) }

  /// Images [batch, channels, height, width] -> maps [batch, last width, height / stride, width / stride].
  package func callAsFunction(_ images: Value, _ tape: inout Tape) -> Value {
    let scales = scales(images, &tape)
    return scales[scales.count - 1]
  }

  /// Images [batch, channels, height, width] -> the maps of the first convolution, then of each stage, each half as
  /// high and wide as those before.
  package func scales(_ images: Value, _ tape: inout Tape) -> [Value] {
    var scales = [first(images, relu: true, &tape)]
    for stage in stages { scales.append(stage(scales[scales.count - 1], &tape)) }
    return scales
  }

  /// What is wrong with such widths, in words; nil when a stem can be built.
  static func fault(_ widths: [Int]) -> String? {
    (1...8).contains(widths.count) && widths.allSatisfy { (1...4096).contains($0) }
      ? nil : "config: stem_widths \(widths) are not one to eight numbers in 1...4096"
  }
}

/// A 3 x 3 convolution with bias and a border of zeros: weight [outputs, inputs, 3, 3].
struct Convolution: Sendable {
  let weight, bias: Parameter
  let stride: Int

  init(_ inputs: Int, _ outputs: Int, stride: Int = 1, at path: String, in store: inout ParameterStore) {
    weight = store.declare("\(path).weight", shape: [outputs, inputs, 3, 3])
    bias = store.declare("\(path).bias", shape: [outputs])
    self.stride = stride
  }

  func callAsFunction(_ x: Value, relu: Bool = false, _ tape: inout Tape) -> Value {
    tape.conv2d(x, weight, bias, stride: stride, padding: .all(1), relu: relu)
  }
}
