import DferTensor
import Foundation
import Testing

@testable import DferTraining

/// Soft labels at a distillation temperature.
@Suite struct SoftLabelLossTests {
  private let logits = Tensor([1.2, -0.3, 0.4, -2, 0.5, 1.5], shape: [2, 3])

  private func loss(_ shares: Tensor, _ temperature: Float, weights: [Float] = [1, 1], logits: Tensor? = nil) -> Float {
    var tape = Tape(ParameterStore())
    let loss = SoftLabelLoss(smoothing: 0, classWeights: nil, temperature: temperature)
    return loss(Value(logits ?? self.logits), shares, weights: weights, &tape).tensor.values[0]
  }

  @Test func labelsAreSoftenedAsLogitsAre() {
    let soft = SoftLabelLoss.softened([0.7, 0.2, 0.1], by: 2)
    let roots = [0.7, 0.2, 0.1].map { Float($0.squareRoot()) }
    for (value, root) in zip(soft, roots) { #expect(abs(value - root / roots.reduce(0, +)) < 1e-6) }
    #expect(SoftLabelLoss.softened([1, 0], by: 1)[1] > 0)
  }

  /// T squared times the cross-entropy of both sides at the temperature; a certain label is learned as always.
  @Test func theLossIsThatOfThePaper() {
    let shares = Tensor([0.7, 0.2, 0.1, 0, 1, 0], shape: [2, 3])
    let t: Float = 3
    func crossEntropy(_ logits: [Float], _ target: [Float]) -> Float {
      let sum = logits.reduce(0) { $0 + exp($1) }
      return -zip(logits, target).reduce(0) { $0 + $1.1 * ($1.0 - log(sum)) }
    }
    let soft = crossEntropy(logits.values[..<3].map { $0 / t }, SoftLabelLoss.softened([0.7, 0.2, 0.1], by: t))
    let certain = crossEntropy(Array(logits.values[3...]), [0, 1, 0])
    #expect(abs(loss(shares, t) - (t * t * soft + certain) / 2) < 1e-4)
    #expect(abs(loss(shares, t, weights: [1, 0]) - t * t * soft) < 1e-4)
    #expect(loss(shares, t, weights: [0, 0]) == 0)
  }

  /// A network that says what the label says has nothing to learn, at any temperature.
  @Test(arguments: [1, 2, 5]) func theLabelItselfIsTheMinimum(temperature: Float) {
    let shares = Tensor([0.7, 0.2, 0.1, 0.3, 0.3, 0.4], shape: [2, 3])
    let right = Tensor(shares.values.map { log($0) }, shape: [2, 3])
    let least = loss(shares, temperature, logits: right)
    for index in right.values.indices {
      for change: Float in [-0.1, 0.1] {
        var other = right
        other.values[index] += change
        #expect(loss(shares, temperature, logits: other) > least)
      }
    }
  }
}
