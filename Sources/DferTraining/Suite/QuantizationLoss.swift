import DferModels
import DferTensor
import Foundation

/// What quantized weights lose on a suite, against the weights that they were made of.
package struct QuantizationLoss: Sendable, Codable {
  package var suite: String
  /// Numbers in matrix products of the quantized weights; the others were read with 32-bit floats.
  package var precision: Precision
  package var faces: Int
  /// Mean over the domains, before and after.
  package var uarBefore, uarAfter: Double
  /// Fraction of the faces that get the same label.
  package var labelsEqual: Double
  /// The largest change of any probability.
  package var largestChange: Double

  /// What weights may lose and still be installed in the place of the ones before.
  package static let bearable = 0.003

  enum CodingKeys: String, CodingKey {
    case suite, precision, faces
    case uarBefore = "uar_before"
    case uarAfter = "uar_after"
    case labelsEqual = "labels_equal"
    case largestChange = "largest_change"
  }

  /// - Parameters:
  ///   - before, after: what both weights are called and what they read of each domain.
  /// - Throws: `DataError` that names a domain none of whose faces has a majority.
  package init(
    _ suite: EvaluationSuite, before: (weights: SuiteResult.Weights, readings: [SuiteReading]),
    after: (weights: SuiteResult.Weights, readings: [SuiteReading]), precision: Precision
  ) throws {
    func all(_ side: (weights: SuiteResult.Weights, readings: [SuiteReading])) -> [[Float]] {
      side.readings.flatMap(\.predictions).map {
        Softmax.probabilities($0.logits, temperature: side.weights.temperature)
      }
    }
    let pairs = zip(all(before), all(after))
    func label(_ probabilities: [Float]) -> Int? { probabilities.indices.max { probabilities[$0] < probabilities[$1] } }
    (self.suite, self.precision) = (suite.name, precision)
    faces = before.readings.reduce(0) { $0 + $1.predictions.count }
    uarBefore = try SuiteResult(suite, before.weights, before.readings).mean.uar
    uarAfter = try SuiteResult(suite, after.weights, after.readings).mean.uar
    labelsEqual = Double(pairs.count { label($0) == label($1) }) / Double(max(1, faces))
    largestChange = Double(pairs.map { zip($0, $1).map { abs($0 - $1) }.max() ?? 0 }.max() ?? 0)
  }

  /// For people.
  package var line: String {
    String(
      format: "suite %@, %@: UAR %.2f %% (%.2f %% before: %+.2f points), %.2f %% of %d labels equal, "
        + "no probability changes by more than %.3f",
      suite, precision.rawValue, 100 * uarAfter, 100 * uarBefore, 100 * (uarAfter - uarBefore), 100 * labelsEqual,
      faces,
      largestChange)
  }
}

/// What the card of quantized weights says of how they were made, under `quantization`.
package struct QuantizationRecord: Sendable, Codable {
  package var format: Quantization
  /// SHA-256 of the file that they were made of.
  package var source: String
  /// nil: not measured.
  package var loss: QuantizationLoss?

  package init(format: Quantization, source: String, loss: QuantizationLoss? = nil) {
    (self.format, self.source, self.loss) = (format, source, loss)
  }
}
