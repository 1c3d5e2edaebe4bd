import CKernels
@testable import DferTensor
import Testing

/// Layers of reduced precision against those of 32-bit floats, with every set of instructions of this processor.
@Suite(.serialized)
struct PrecisionTests {
  /// Largest error that is accepted, over the largest number of the layer's output.
  static func tolerance(_ precision: Precision) -> Float {
    switch precision {
    case .fp32: 1e-5
    case .bf16: 8e-3
    case .int16: 4e-4
    case .int8: 1.5e-2
    }
  }

  static let reduced: [Precision] = [.bf16, .int16, .int8]

  private func noise(_ shape: [Int], seed: UInt64) -> Tensor {
    var random = RandomSource(seed: seed)
    return Tensor((0..<shape.reduce(1, *)).map { _ in random.normal() }, shape: shape)
  }

  /// The layer `make` in floats and in `precision`, on as many threads, with the instructions of `way`.
  private func compare(
    _ precision: Precision, _ way: ReducedTests.Way, threads: Int = 2,
    _ make: (inout ParameterStore) -> (inout Tape) -> Value
  ) -> (error: Float, isOther: Bool) {
    ck_force_level(way.level)
    ck_force_dots(way.dots)
    defer {
      ck_force_level(-1)
      ck_force_dots(-1)
    }
    var store = ParameterStore()
    let layer = make(&store)
    return Compute.with(threads: threads) {
      var tape = Tape(store)
      let want = layer(&tape).tensor
      store.keepPrepared(precision)
      var errors: [Float] = []
      var isOther = false
      for _ in 0..<2 {  // what is kept of the first pass serves the second
        tape = Tape(store)
        let found = layer(&tape).tensor
        guard found.shape == want.shape else { return (.infinity, true) }
        let size = want.values.map { abs($0) }.max() ?? 1
        errors += zip(found.values, want.values).map { abs($0 - $1) / size }
        isOther = isOther || found != want
      }
      return (errors.contains { $0.isNaN } ? .infinity : errors.max() ?? 0, isOther)
    }
  }

  @Test(arguments: ReducedTests.ways, reduced)
  func linearLayers(way: ReducedTests.Way, precision: Precision) {
    for (rows, inputs, outputs, gelu) in [
      (97, 300, 70, false), (392, 256, 100, true), (33, 1030, 65, true), (70, 515, 33, false),
    ] {
      let found = compare(precision, way, threads: rows % 3 + 1) { store in
        let (weight, bias) = (
          store.declare("weight", shape: [outputs, inputs]), store.declare("bias", shape: [outputs])
        )
        (store[weight], store[bias]) = (noise([outputs, inputs], seed: 1), noise([outputs], seed: 2))
        let x = Value(noise([1, rows, inputs], seed: 3))
        return { gelu ? $0.linearGELU(x, weight, bias) : $0.linear(x, weight, bias) }
      }
      #expect(found.error < Self.tolerance(precision), "\(rows) x \(inputs) -> \(outputs): \(found.error)")
      #expect(found.isOther, "\(rows) x \(inputs) -> \(outputs) was computed in floats")
    }
  }

  @Test(arguments: ReducedTests.ways, reduced)
  func attention(way: ReducedTests.Way, precision: Precision) {
    for (batch, queries, keys, heads, width) in [(2, 70, 49, 3, 20), (1, 392, 392, 2, 64), (3, 45, 300, 1, 33)] {
      let found = compare(precision, way) { _ in
        let (q, k) = (
          Value(noise([batch, queries, heads * width], seed: 1)), Value(noise([batch, keys, heads * width], seed: 2))
        )
        let v = Value(noise([batch, keys, heads * width], seed: 3))
        return { $0.attention(q, k, v, heads: heads) }
      }
      // Values are averaged, so that outputs are small beside them.
      #expect(found.error < Self.tolerance(precision) * 4 && found.isOther, "\(queries) x \(keys): \(found.error)")
    }
    let found = compare(precision, way) { store in
      let qkv = store.declare("qkv", shape: [192, 64])
      let (q, v) = (store.declare("q", shape: [64]), store.declare("v", shape: [64]))
      for parameter in [qkv, q, v] { store[parameter] = noise(store[parameter].shape, seed: 4) }
      store[qkv].values = store[qkv].values.map { $0 / 8 }
      let x = Value(noise([2, 101, 64], seed: 5))
      return { $0.selfAttention(x, qkv, queryBias: q, valueBias: v, heads: 4) }
    }
    #expect(found.error < Self.tolerance(precision) * 2 && found.isOther, "self-attention: two products in turn")
  }

  /// Strides, 1 x 1 windows and groups; 3 x 3 windows of stride 1, which Winograd's method takes, stay in floats.
  @Test(arguments: ReducedTests.ways, reduced)
  func convolutions(way: ReducedTests.Way, precision: Precision) {
    typealias Case = (inputs: Int, outputs: Int, kernel: Int, stride: Int, groups: Int)
    let cases: [Case] = [(16, 70, 3, 2, 1), (65, 66, 1, 1, 1), (64, 132, 3, 2, 2), (65, 70, 3, 1, 1)]
    for c in cases {
      let found = compare(precision, way) { store in
        let weight = store.declare("weight", shape: [c.outputs, c.inputs / c.groups, c.kernel, c.kernel])
        let bias = store.declare("bias", shape: [c.outputs])
        for parameter in [weight, bias] { store[parameter] = noise(store[parameter].shape, seed: 6) }
        let x = Value(noise([2, c.inputs, 18, 22], seed: 7))
        return {
          $0.conv2d(x, weight, bias, stride: c.stride, padding: .all(c.kernel / 2), groups: c.groups, relu: true)
        }
      }
      let isWinograd = c.kernel == 3 && c.stride == 1
      // Beside linear layers in 8 bits convolutions have 16: those of bf16 where there are AMX tiles.
      let hasTiles = way.level == 2 && way.dots == 2 && ck_has_tiles(CK_BF16) != 0
      let format: Precision = precision != .int8 ? precision : hasTiles ? .bf16 : .int16
      let tolerance = isWinograd ? 0 : Self.tolerance(format)
      #expect(found.error <= tolerance && found.isOther == !isWinograd, "\(c): \(found.error)")
    }
  }

  @Test func whatIsRecordedForGradientsIsInFloats() {
    var store = ParameterStore()
    let weight = store.declare("weight", shape: [64, 256])
    store[weight] = noise([64, 256], seed: 1)
    let x = Value(noise([1, 100, 256], seed: 2))
    var plain = Tape(store)
    let want = plain.linear(x, weight, nil).tensor
    store.keepPrepared(.int8)
    var recording = Tape(store, recording: true)
    #expect(recording.linear(x, weight, nil).tensor == want)
    store[weight].values[0] += 1
    #expect(store.precision == .fp32, "weights that change are used as they are")
  }

  @Test func automaticIsOneThatThisProcessorIsFastWith() {
    ck_force_dots(0)
    #expect(Precision.automatic == .fp32)
    ck_force_dots(1)
    #expect(Precision.automatic == (ck_reduced_is_faster(CK_INT16) != 0 ? .int16 : .fp32))
    ck_force_dots(-1)
    #expect((Precision.automatic == .bf16) == (ck_has_tiles(CK_BF16) != 0))
    #expect(Precision.allCases.allSatisfy { !$0.instructions.isEmpty })
  }
}
