import DferModels
import Foundation

/// How well the largest probability of an answer says how often the answer is right.
package struct Calibration: Sendable, Hashable, Codable {
  /// Answers whose confidence lies in (lower, upper].
  package struct Bin: Sendable, Hashable, Codable {
    package var count = 0
    /// Share of right answers, and the mean confidence; 0 in an empty bin.
    package var accuracy = 0.0
    package var confidence = 0.0
  }

  package let bins: [Bin]
  /// Expected calibration error: the mean distance of accuracy and confidence, by how many answers a bin has.
  package let error: Double

  /// - Parameters:
  ///   - probabilities: one row per sample, one number per class.
  ///   - truth: the true class of each sample.
  ///   - bins: how many equal parts 0...1 is cut into.
  package init(probabilities: [[Float]], truth: [Int], bins: Int = 15) {
    precondition(probabilities.count == truth.count && bins > 0, "Calibration: rows and labels differ in number")
    var table = [Bin](repeating: Bin(), count: bins)
    for (row, label) in zip(probabilities, truth) {
      let prediction = row.top ?? 0
      let confidence = Double(row[prediction])
      let place = min(bins - 1, max(0, Int((confidence * Double(bins)).rounded(.up)) - 1))
      table[place].count += 1
      table[place].confidence += confidence
      if prediction == label { table[place].accuracy += 1 }
    }
    var error = 0.0
    for index in table.indices where table[index].count > 0 {
      let count = Double(table[index].count)
      table[index].accuracy /= count
      table[index].confidence /= count
      error += count / Double(truth.count) * abs(table[index].accuracy - table[index].confidence)
    }
    self.bins = table
    self.error = error
  }
}

/// Softmax at a temperature, and the temperature that fits.
package enum Temperature {
  /// softmax(logits / temperature).
  package static func probabilities(_ logits: [Float], temperature: Double) -> [Float] {
    Softmax.probabilities(logits, temperature: temperature)
  }

  /// Mean cross-entropy of the answers at `temperature` with `targets`, which sum to 1 in each row.
  package static func crossEntropy(_ logits: [[Float]], _ targets: [[Float]], temperature: Double) -> Double {
    var sum = 0.0
    for (row, target) in zip(logits, targets) {
      let top = row.max() ?? 0
      let logSum = log(row.reduce(0.0) { $0 + exp(Double($1 - top) / temperature) })
      for (x, t) in zip(row, target) where t > 0 { sum += Double(t) * (logSum - Double(x - top) / temperature) }
    }
    return sum / Double(max(1, logits.count))
  }

  /// Fewer faces than this say too little of how often confidence is right.
  package static let minimumFaces = 100
  /// What a fit may give. Beyond, the faces were too few or too much alike: nothing reads that badly, or that well.
  package static let bounds = 0.25...4.0

  /// The temperature in `bounds` with the least cross-entropy, to three digits.
  ///
  /// The cross-entropy has one valley along the inverse of the temperature, so a golden-section search finds it.
  package static func fit(_ logits: [[Float]], _ targets: [[Float]]) -> Double {
    precondition(logits.count == targets.count, "Temperature.fit: \(logits.count) rows, \(targets.count) targets")
    return logits.isEmpty ? 1 : fit([(1, logits, targets)])
  }

  /// The same for several sets of faces, each with a weight whatever its size; none may be empty.
  package static func fit(_ sets: [(weight: Double, logits: [[Float]], targets: [[Float]])]) -> Double {
    let section = (5.0.squareRoot() - 1) / 2
    func cost(_ inverse: Double) -> Double {
      sets.reduce(0) { $0 + $1.weight * crossEntropy($1.logits, $1.targets, temperature: 1 / inverse) }
    }
    var (low, high) = (1 / bounds.upperBound, 1 / bounds.lowerBound)
    while high - low > 1e-4 * low {
      let (a, b) = (high - section * (high - low), low + section * (high - low))
      if cost(a) <= cost(b) { high = b } else { low = a }
    }
    return (2000 / (low + high)).rounded() / 1000
  }
}
