import DferTensor
import Testing

/// The quick forms that inference takes, against the plain ones.
@Suite struct FusedTests {
  private static func noise(_ shape: [Int], seed: UInt64) -> Tensor {
    var random = RandomSource(seed: seed)
    return Tensor((0..<shape.reduce(1, *)).map { _ in 2 * random.uniform() - 1 }, shape: shape)
  }

  private static func largestDifference(_ a: Tensor, _ b: Tensor) -> Float {
    zip(a.values, b.values).map { abs($0 - $1) }.max() ?? 0
  }

  /// Sizes around the edges of tiles: heights of 14 rows, panels of 32 outputs, squares of 16, rows 4 KiB apart.
  @Test(arguments: [(16, 4096, 16), (17, 1024, 65), (29, 1100, 45), (100, 333, 33), (150, 2048, 31)])
  func linearIsTheSumItSays(rows: Int, inputs: Int, outputs: Int) {
    var store = ParameterStore()
    let weight = store.declare("weight", shape: [outputs, inputs])
    let bias = store.declare("bias", shape: [outputs])
    store[weight] = Self.noise([outputs, inputs], seed: 1)
    store[bias] = Self.noise([outputs], seed: 2)
    let x = Self.noise([rows, inputs], seed: 3)
    var tape = Tape(store)
    let y = tape.linear(Value(x), weight, bias).tensor
    let plain = tape.linear(Value(x), weight, nil).tensor
    var (worst, worstPlain) = (0.0, 0.0)
    for row in 0..<rows {
      for output in 0..<outputs {
        var sum = 0.0
        for k in 0..<inputs {
          sum += Double(x.values[row * inputs + k]) * Double(store[weight].values[output * inputs + k])
        }
        worstPlain = max(worstPlain, abs(sum - Double(plain.values[row * outputs + output])))
        worst = max(worst, abs(sum + Double(store[bias].values[output]) - Double(y.values[row * outputs + output])))
      }
    }
    let tolerance = 1e-7 * Double(inputs)  // single precision, summed one by one
    #expect(worst < tolerance)
    #expect(worstPlain < tolerance)
  }

  @Test func fusedFormsEqualPlainOnes() {
    let (batch, tokens, width) = (2, 37, 64)
    var store = ParameterStore()
    let qkv = store.declare("qkv", shape: [3 * width, width])
    let (q, v) = (store.declare("q", shape: [width]), store.declare("v", shape: [width]))
    for (i, parameter) in [qkv, q, v].enumerated() {
      store[parameter] = Self.noise(store[parameter].shape, seed: UInt64(i))
    }
    let x = Value(Self.noise([batch, tokens, width], seed: 9))
    var plain = Tape(store)
    var recording = Tape(store, recording: true)
    let attention = plain.selfAttention(x, qkv, queryBias: q, valueBias: v, heads: 4)
    let parts = recording.selfAttention(x, qkv, queryBias: q, valueBias: v, heads: 4)
    #expect(Self.largestDifference(attention.tensor, parts.tensor) < 1e-5)

    let weight = store.declare("fc", shape: [128, width])
    let bias = store.declare("fc_bias", shape: [128])
    store[weight] = Self.noise([128, width], seed: 4)
    plain = Tape(store)
    recording = Tape(store, recording: true)
    let activated = plain.linearGELU(x, weight, bias)
    let reference = recording.linearGELU(x, weight, bias)
    #expect(Self.largestDifference(activated.tensor, reference.tensor) < 1e-5)
  }
}
