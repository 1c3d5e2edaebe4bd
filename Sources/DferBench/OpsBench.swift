import ArgumentParser
import DferTensor

/// Single operations at the sizes of the networks.
struct OpsBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ops", abstract: "Times single operations at the sizes that the networks use.")

  @OptionGroup var options: BenchOptions

  func run() throws {
    var report = options.report()
    Self.measure(runs: options.runs, in: &report)
    try report.finish()
  }

  /// An operation with how much it does: arithmetic operations, or bytes read and written where memory is the limit.
  private struct Contender {
    let name: String
    var flops: Double?
    var bytes: Double?
    let run: () -> Void
  }

  static func measure(runs: Int, in report: inout Report) {
    let contenders =
      [
        linear(392, 384, 1152), linear(392, 384, 1536), linear(392, 1536, 384), linear(1568, 768, 2304),
        linear(1568, 768, 3072), linear(1568, 3072, 768), attention(392, heads: 6, width: 64),
        attention(1568, heads: 12, width: 64), layerNorm(392, 384), layerNorm(1568, 768), gelu(392, 1536),
        gelu(1568, 3072),
      ] + convolutions
    let times = medians(of: contenders.map(\.run), runs: runs)
    report.add(
      "operation", columns: ["ms", "core ms", "GFLOP/s", "GB/s"],
      rows: zip(contenders, times).map { contender, time in
        let rate = 1 / time.clock / 1e6
        return (
          contender.name,
          [time.clock, time.cores, contender.flops.map { $0 * rate }, contender.bytes.map { $0 * rate }]
        )
      })
  }

  private static func linear(_ rows: Int, _ inputs: Int, _ outputs: Int) -> Contender {
    var store = ParameterStore()
    let weight = store.declare("weight", shape: [outputs, inputs])
    let bias = store.declare("bias", shape: [outputs])
    store[weight] = .noise([outputs, inputs])
    let x = Value(.noise([1, rows, inputs]))
    return Contender(
      name: "linear \(rows) x \(inputs) -> \(outputs)", flops: 2 * Double(rows * inputs * outputs)
    ) { [store] in
      var tape = Tape(store)
      _ = tape.linear(x, weight, bias)
    }
  }

  private static func attention(_ tokens: Int, heads: Int, width: Int) -> Contender {
    let x = Value(.noise([1, tokens, heads * width]))
    return Contender(
      name: "attention \(tokens) tokens, \(heads) x \(width)", flops: 4 * Double(tokens * tokens * heads * width)
    ) {
      var tape = Tape(ParameterStore())
      _ = tape.attention(x, x, x, heads: heads)
    }
  }

  private static func layerNorm(_ rows: Int, _ width: Int) -> Contender {
    var store = ParameterStore()
    let weight = store.declare("weight", shape: [width])
    let bias = store.declare("bias", shape: [width])
    let x = Value(.noise([rows, width]))
    return Contender(name: "layer norm \(rows) x \(width)", bytes: 8 * Double(rows * width)) { [store] in
      var tape = Tape(store)
      _ = tape.layerNorm(x, weight, bias, epsilon: 1e-6)
    }
  }

  private static func gelu(_ rows: Int, _ width: Int) -> Contender {
    let x = Value(.noise([rows, width], scale: 4))
    return Contender(name: "gelu \(rows) x \(width)", bytes: 8 * Double(rows * width)) {
      var tape = Tape(ParameterStore())
      _ = tape.gelu(x)
    }
  }

  /// Windows of the kinds that the face detector has, over its image of 320 x 192 pixels.
  private static var convolutions: [Contender] {
    [
      convolution(3, 16, kernel: 3, stride: 2, height: 192, width: 320),
      convolution(64, 64, kernel: 1, height: 24, width: 40),
      convolution(64, 64, kernel: 3, groups: 64, height: 24, width: 40),
    ]
  }

  private static func convolution(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, groups: Int = 1, height: Int, width: Int
  ) -> Contender {
    var store = ParameterStore()
    let shape = [outputs, inputs / groups, kernel, kernel]
    let weight = store.declare("weight", shape: shape)
    store[weight] = .noise(shape)
    let x = Value(.noise([1, inputs, height, width]))
    let cells = ((height - 1) / stride + 1) * ((width - 1) / stride + 1)
    let kind = groups == 1 ? "conv" : "depthwise conv"
    return Contender(
      name: "\(kind) \(kernel) x \(kernel), \(inputs) -> \(outputs), \(width) x \(height), stride \(stride)",
      flops: 2 * Double(cells * outputs * inputs / groups * kernel * kernel)
    ) { [store] in
      var tape = Tape(store)
      _ = tape.conv2d(x, weight, nil, stride: stride, padding: .same, groups: groups)
    }
  }
}
