import CKernels
@testable import DferTensor
import DferTestSupport
import Testing

/// Gradients of linear layers in bf16 against those of 32-bit floats, with every set of instructions of this processor.
@Suite(.serialized)
struct ReducedGradientTests {
  private func noise(_ shape: [Int], seed: UInt64) -> Tensor {
    var random = RandomSource(seed: seed)
    return Tensor((0..<shape.reduce(1, *)).map { _ in random.normal() }, shape: shape)
  }

  /// Two layers and GELU, or attention, whose gradients pass through both products of each.
  private func gradients(
    _ precision: Precision?, attention: Bool, checkpointing: Bool, _ sizes: (rows: Int, inputs: Int, outputs: Int)
  ) -> [Tensor] {
    var store = ParameterStore()
    let (rows, inputs, outputs) = sizes
    let first = store.declare("first", shape: [attention ? 3 * inputs : outputs, inputs])
    let bias = store.declare("bias", shape: [attention ? inputs : outputs])
    let second = store.declare("second", shape: [inputs, attention ? inputs : outputs])
    for (seed, parameter) in [first, bias, second].enumerated() {
      store[parameter] = noise(store[parameter].shape, seed: UInt64(seed))
      store[parameter].values = store[parameter].values.map { $0 / Float(inputs).squareRoot() }
    }
    var tape = Tape(store, recording: true, training: true, precision: precision)
    let x = tape.input(noise([2, rows, inputs], seed: 7))
    func layers(_ tape: inout Tape, _ x: Value) -> Value {
      attention
        ? tape.linear(tape.selfAttention(x, first, queryBias: bias, valueBias: bias, heads: 2), second, nil)
        : tape.linear(tape.linearGELU(x, first, bias), second, nil)
    }
    let y = checkpointing ? tape.recomputed([x]) { layers(&$0, $1[0]) } : layers(&tape, x)
    let found = tape.gradients(from: [(y, noise([2, rows, inputs], seed: 9))], inputs: [x])
    return [y.tensor] + found.inputs.compactMap { $0 } + found.parameters.compactMap { $0 }
  }

  @Test(arguments: ReducedTests.ways)
  func gradientsOfLinearLayers(way: ReducedTests.Way) {
    ck_force_level(way.level)
    ck_force_dots(way.dots)
    defer {
      ck_force_level(-1)
      ck_force_dots(-1)
    }
    for (attention, sizes) in [(false, (101, 130, 257)), (false, (64, 256, 99)), (true, (75, 194, 0))] {
      let want = gradients(nil, attention: attention, checkpointing: false, sizes)
      let found = gradients(.bf16, attention: attention, checkpointing: false, sizes)
      #expect(found.count == want.count && found.count >= 4)
      for (index, pair) in zip(found, want).enumerated() {
        let error = difference(pair.0, pair.1)
        #expect(error < 1e-2, "\(sizes), tensor \(index): \(error)")
        // Sums over rows stay in floats, but what is summed came through bf16.
        let isOther = pair.0 != pair.1
        #expect(isOther, "\(sizes), tensor \(index) was computed in floats")
      }
      // Gradient checkpointing runs the same products again.
      let again = gradients(.bf16, attention: attention, checkpointing: true, sizes)
      let isSame = again == found  // apart, so that a failure does not print all numbers
      #expect(isSame, "\(sizes)")
    }
  }

  /// Length of the difference over the length of what was wanted; infinite where a number is missing.
  private func difference(_ a: Tensor, _ b: Tensor) -> Double {
    guard a.shape == b.shape else { return .infinity }
    var (off, all) = (0.0, 0.0)
    for (x, y) in zip(a.values, b.values) {
      off += Double((x - y) * (x - y))
      all += Double(y * y)
    }
    return off.isFinite ? (off / all).squareRoot() : .infinity
  }

  @Test func gradientsWithoutAPrecisionAreInFloats() {
    let want = gradients(nil, attention: false, checkpointing: false, (64, 128, 128))
    let isSame = gradients(.fp32, attention: false, checkpointing: false, (64, 128, 128)) == want
    #expect(isSame)
  }
}
