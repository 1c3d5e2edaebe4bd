import Dispatch
import Foundation
import Synchronization
import Testing

@testable import DferTensor

/// Threads divide the work but do not change the numbers beyond rounding.
@Suite(.serialized)
struct ThreadTests {
  @Test func everyIndexRunsOnce() {
    for count in [0, 1, 2, 3, 100] {
      let tensor = Kernels.make([count]) { y in
        y.start.update(repeating: 0, count: count)
        Kernels.parallel(count) { y.start[$0] += 1 }
      }
      #expect(tensor.values.allSatisfy { $0 == 1 })
    }
  }

  @Test func sharesCoverTheRange() {
    let tensor = Kernels.make([1001]) { y in
      y.start.update(repeating: 0, count: 1001)
      Kernels.share(1001, least: 3) { for i in $0 { y.start[i] += 1 } }
    }
    #expect(tensor.values.allSatisfy { $0 == 1 })
  }

  @Test func oneAndThreeThreadsAgree() async {
    func run() -> [Tensor] {
      var random = RandomSource(seed: 3)
      func tensor(_ shape: [Int]) -> Tensor {
        Tensor((0..<shape.reduce(1, *)).map { _ in random.normal() }, shape: shape)
      }
      var store = ParameterStore()
      let weight = store.declare("weight", shape: [48, 40])
      let kernel = store.declare("kernel", shape: [8, 6, 3, 3])
      store[weight] = tensor([48, 40])
      store[kernel] = tensor([8, 6, 3, 3])
      var tape = Tape(store)
      let x = Value(tensor([2, 301, 40]))
      return [
        tape.linear(x, weight, nil).tensor, tape.attention(x, x, x, heads: 2).tensor, tape.gelu(x).tensor,
        tape.conv2d(Value(tensor([1, 6, 31, 45])), kernel, nil, padding: .all(1)).tensor,
      ]
    }
    let one = Compute.with(threads: 1) { run() }
    let three = await Task.detached { Compute.with(threads: 3) { run() } }.value  // not the main thread
    for (a, b) in zip(one, three) {
      #expect(zip(a.values, b.values).allSatisfy { abs($0 - $1) <= 1e-4 })
    }
  }

  /// Shares of dilated tiles, of rows that are summed, and of weights' gradients.
  @Test func gradientsOfOneAndThreeThreadsAgree() {
    func run() -> [Tensor] {
      var random = RandomSource(seed: 3)
      func tensor(_ shape: [Int]) -> Tensor {
        Tensor((0..<shape.reduce(1, *)).map { _ in random.normal() }, shape: shape)
      }
      var store = ParameterStore()
      let kernel = store.declare("kernel", shape: [8, 8, 3, 3])
      let (norm, bias) = (store.declare("norm", shape: [48]), store.declare("bias", shape: [48]))
      let weight = store.declare("weight", shape: [40, 48])
      for parameter in store.parameters { store[parameter] = tensor(store[parameter].shape) }
      let (maps, rows) = (Value(tensor([15, 8, 32, 32])), Value(tensor([1700, 48])))
      var tape = Tape(store, recording: true)
      let y = tape.conv2d(maps, kernel, nil, padding: .all(2), dilation: 2)
      let z = tape.linear(tape.layerNorm(rows, norm, bias, epsilon: 1e-5), weight, nil)
      return tape.gradients(from: [(y, tensor(y.shape)), (z, tensor(z.shape))]).parameters.compactMap { $0 }
    }
    let one = Compute.with(threads: 1) { run() }
    for threads in [3, 5] {
      let more = Compute.with(threads: threads) { run() }
      #expect(one.count == 4 && more.count == 4)
      for (a, b) in zip(one, more) {
        let size = a.values.map(abs).max() ?? 0
        #expect(zip(a.values, b.values).allSatisfy { abs($0 - $1) <= 1e-4 * size })
      }
    }
  }

  /// Sizes that are divided by outputs, by inputs, in several slabs and passes, against sums in `Double`.
  @Test(arguments: [[169, 417, 150], [40, 1500, 40], [1000, 33, 70], [97, 430, 801]])
  func gradientsOfWeightsAreSums(_ sizes: [Int]) {
    let (outputs, inputs, rows) = (sizes[0], sizes[1], sizes[2])
    var random = RandomSource(seed: 5)
    func tensor(_ shape: [Int]) -> Tensor {
      Tensor((0..<shape.reduce(1, *)).map { _ in random.normal() }, shape: shape)
    }
    let (dy, x) = (tensor([rows, outputs]), tensor([rows, inputs]))
    var sums = [Double](repeating: 0, count: outputs * inputs)
    for row in 0..<rows {
      for output in 0..<outputs {
        let factor = Double(dy.values[row * outputs + output])
        for input in 0..<inputs { sums[output * inputs + input] += factor * Double(x.values[row * inputs + input]) }
      }
    }
    for threads in [1, 2, 3, 5, 64] {
      let dw = Compute.with(threads: threads) { Kernels.linearWeightGradient(dy, x, shape: [outputs, inputs]) }
      let worst = zip(dw.values, sums).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
      #expect(worst < 2e-4, "\(threads) threads")
    }
  }

  @Test func readsTheQuotaOfAContainer() {
    #expect(Compute.cores(ofQuota: "max 100000\n") == nil)
    #expect(Compute.cores(ofQuota: "150000 100000\n") == 2)
    #expect(Compute.cores(ofQuota: "50000 100000\n") == 1)
    #expect(Compute.cores(ofQuota: "") == nil)
  }

  @Test func warnsOnlyAboutSlowerKernels() {
    #expect(ComputeInfo.warning(forced: "Haswell", used: "Haswell", level: 2)?.contains("Haswell") == true)
    #expect(ComputeInfo.warning(forced: "SkylakeX", used: "SkylakeX", level: 2) == nil)
    #expect(ComputeInfo.warning(forced: "Zen", used: "Zen", level: 1) == nil)
  }

  /// Threads that begin to read at the same time want the same weights.
  @Test func aWeightIsMadeReadyOnce() {
    var store = ParameterStore()
    let parameter = store.declare("weight", shape: [1])
    let prepared = PreparedWeights(precision: .fp32)
    let made = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      let numbers = prepared.numbers(parameter, .panels) {
        Thread.sleep(forTimeInterval: 0.05)
        return PackedNumbers(count: 1) { $0.start[0] = Float(made.add(1, ordering: .relaxed).newValue) }
      }
      #expect(numbers.read { $0.start[0] } == 1)
    }
    #expect(made.load(ordering: .relaxed) == 1)
  }
}
