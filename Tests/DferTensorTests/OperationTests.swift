import DferTensor
import Foundation
import Testing

/// What operations promise beyond the golden numbers.
struct OperationTests {
  private let ones = Value(Tensor([Float](repeating: 1, count: 4000), shape: [40, 100]))

  @Test func dropoutOnlyTrains() {
    var inference = Tape(ParameterStore())
    #expect(inference.dropout(ones, rate: 0.5).tensor == ones.tensor)
    #expect(inference.dropPath(ones, rate: 0.5).tensor == ones.tensor)

    var training = Tape(ParameterStore(), training: true, random: RandomSource(seed: 5))
    let dropped = training.dropout(ones, rate: 0.25).tensor.values
    let kept = dropped.filter { $0 != 0 }
    #expect(kept.allSatisfy { abs($0 - 4 / 3) < 1e-6 })
    #expect(abs(Double(kept.count) / 4000 - 0.75) < 0.03)

    let paths = training.dropPath(ones, rate: 0.5).tensor
    let sums = (0..<40).map { row in paths.values[row * 100..<row * 100 + 100].reduce(0, +) }
    #expect(sums.allSatisfy { $0 == 0 || $0 == 200 })
    #expect(sums.contains(0) && sums.contains(200))
  }

  @Test func sameSeedSameMask() {
    func mask() -> Tensor {
      var tape = Tape(ParameterStore(), training: true, random: RandomSource(seed: 9))
      return tape.dropout(ones, rate: 0.5).tensor
    }
    #expect(mask() == mask())
  }

  @Test func binaryCrossEntropyOfLargeLogits() {
    var tape = Tape(ParameterStore())
    let logits = Value(Tensor([100, -100, 0, 100], shape: [4]))
    let targets = Tensor([0, 0, 1, 1], shape: [4])
    let loss = tape.binaryCrossEntropy(logits, targets: targets)
    #expect(abs(loss.tensor.values[0] - (100 + Float(log(2.0))) / 4) < 1e-4)
    let labelled = tape.binaryCrossEntropy(logits, targets: targets, weights: Tensor([0, 1, 1, 0], shape: [4]))
    #expect(abs(labelled.tensor.values[0] - Float(log(2.0)) / 2) < 1e-6)
  }

  @Test func withoutAnyLabelTheLossIsZero() {
    var tape = Tape(ParameterStore())
    let loss = tape.crossEntropy(Value(Tensor([1, 2, 3, 4], shape: [2, 2])), labels: [-1, -1])
    #expect(loss.tensor.values == [0])
  }

  @Test func upsamplingAndShuffling() {
    var tape = Tape(ParameterStore())
    let doubled = tape.upsampleNearest2x(Value(Tensor([1, 2], shape: [1, 1, 1, 2])))
    #expect(doubled.tensor == Tensor([1, 1, 2, 2, 1, 1, 2, 2], shape: [1, 1, 2, 4]))
    let mean = tape.meanTokens(Value(Tensor([1, 2, 3, 4, 5, 6], shape: [1, 3, 2])), groupsOf: 3)
    #expect(mean.tensor == Tensor([3, 4], shape: [1, 1, 2]))
  }

  @Test func gradientsReachAFirstValueThroughManySteps() {
    var tape = Tape(ParameterStore(), recording: true)
    let start = tape.input(Tensor([1], shape: []))
    var value = start
    for _ in 0..<50 { value = tape.add(value, start) }
    let gradients = tape.gradients(of: value, inputs: [start])
    #expect(gradients.inputs[0]?.values == [51])
  }
}
