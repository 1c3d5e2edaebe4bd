import CKernels
import DferTensor
import Testing

/// The quick forms that inference takes, against the plain ones.
@Suite(.serialized) struct FusedTests {
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

  /// Winograd's method, plain windows, 1 x 1 and depthwise ones, on odd sizes too.
  @Test(
    arguments: [(9, 8, 3, 16), (8, 16, 3, 13), (3, 5, 3, 9), (20, 18, 1, 7), (1, 1, 3, 12)], Array(0...ck_best_level()))
  func convolutionsTakeTheirReLUAlong(_ c: (inputs: Int, outputs: Int, kernel: Int, side: Int), level: Int32) {
    ck_force_level(level)
    defer { ck_force_level(-1) }
    var store = ParameterStore()
    let groups = c.inputs == 1 ? 6 : 1
    let weight = store.declare("weight", shape: [c.outputs * groups, c.inputs, c.kernel, c.kernel])
    let bias = store.declare("bias", shape: [c.outputs * groups])
    for parameter in [weight, bias] { store[parameter] = Self.noise(store[parameter].shape, seed: 3) }
    var x = Self.noise([2, c.inputs * groups, c.side, c.side], seed: 4)
    x.values[5] = .nan
    var fused = Tape(store)
    var plain = Tape(store)
    let padding = Padding.all(c.kernel / 2)
    let y = fused.conv2d(Value(x), weight, bias, padding: padding, groups: groups, relu: true).tensor
    let reference = plain.relu(plain.conv2d(Value(x), weight, bias, padding: padding, groups: groups)).tensor
    #expect(y.shape == reference.shape && y.values.contains { $0.isNaN } && y.values.contains(0))
    #expect(zip(y.values, reference.values).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN })
  }

  @Test func keptFormsOfWeightsGiveTheSameUntilAWeightChanges() {
    var store = ParameterStore()
    let fc = store.declare("fc", shape: [70, 640])
    let conv = store.declare("conv", shape: [9, 8, 3, 3])
    for parameter in [fc, conv] { store[parameter] = Self.noise(store[parameter].shape, seed: 5) }
    let (rows, maps) = (Value(Self.noise([40, 640], seed: 6)), Value(Self.noise([1, 8, 16, 16], seed: 7)))
    func answers(_ store: ParameterStore) -> [Tensor] {
      var tape = Tape(store)
      return [tape.linear(rows, fc, nil).tensor, tape.conv2d(maps, conv, nil, padding: .same).tensor]
    }
    let plain = answers(store)
    store.keepPrepared()
    let copy = store
    #expect(answers(store) == plain && answers(store) == plain && answers(copy) == plain)
    for parameter in [fc, conv] { store[parameter].values[0] += 1 }
    let changed = answers(store)
    #expect(changed[0] != plain[0] && changed[1] != plain[1])
    #expect(answers(copy) == plain, "a copy keeps its own weights")
  }

  @Test func whatIsFrozenIsNotRecorded() {
    var store = ParameterStore()
    let names = ["conv", "norm", "offset", "fc"]
    let (conv, norm, offset, fc) = (
      store.declare(names[0], shape: [8, 8, 3, 3]), store.declare(names[1], shape: [16]),
      store.declare(names[2], shape: [16]), store.declare(names[3], shape: [4, 16])
    )
    for parameter in store.parameters { store[parameter] = Self.noise(store[parameter].shape, seed: 8) }
    let x = Value(Self.noise([2, 8, 16, 16], seed: 9))
    func gradients(frozen: Set<Parameter>) -> (start: Int?, all: [Tensor?]) {
      var tape = Tape(store, recording: true, training: true, frozen: frozen)
      let maps = tape.conv2d(x, conv, nil, padding: .same, relu: true)
      let rows = tape.layerNorm(maps, norm, offset, epsilon: 1e-5)
      let y = tape.linear(rows, fc, nil)
      let loss = tape.meanSquared(y, Value(Tensor(zeros: y.shape)))
      return (rows.node, tape.gradients(of: loss).parameters)
    }
    let (all, some, late) = (gradients(frozen: []), gradients(frozen: [norm]), gradients(frozen: [conv, norm, offset]))
    #expect(all.start != nil && all.all.allSatisfy { $0 != nil })
    #expect(some.all[1] == nil && some.all[0] == all.all[0] && some.all[2] == all.all[2] && some.all[3] == all.all[3])
    #expect(late.start == nil, "nothing before the last layer wants a gradient")
    #expect(late.all[..<3].allSatisfy { $0 == nil } && late.all[3] == all.all[3])
  }
}
