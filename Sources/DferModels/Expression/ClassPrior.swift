import DferTensor
import Foundation

/// How common each class was among the faces that weights learned from.
///
/// A network learns two things at once: how well a face fits a class, and how common the class is. The second is true of its
/// training data only. Trained with logit adjustment (arXiv 2007.07314), it leaves the second out of its logits; either way
/// the card keeps the fractions, so that a reader can ask for another prior.
package struct ClassPrior: Sendable, Hashable, Codable {
  /// By label; they sum to 1.
  package var fractions: [String: Double]
  /// How much of the prior training has taken out of the logits: 1, all; 0, nothing.
  package var adjustment: Double

  package init(fractions: [String: Double], adjustment: Double) {
    (self.fractions, self.adjustment) = (fractions, adjustment)
  }

  /// No class counts as rarer than this: what was hardly ever seen must not be named everywhere.
  package static let rarest = 0.01

  /// log of each label's fraction.
  package static func logarithms(_ fractions: [String: Double], _ labels: [String]) -> [Float] {
    labels.map { Float(log(max(rarest, fractions[$0] ?? 0))) }
  }

  /// What the loss adds to the logits, so that they need not learn the prior themselves; nil without adjustment.
  package func lossOffsets(_ labels: [String]) -> [Float]? {
    adjustment > 0 ? Self.logarithms(fractions, labels).map { Float(adjustment) * $0 } : nil
  }

  /// What is added to the calibrated log-probabilities to read with another prior.
  package func offsets(for prior: ReadingPrior, _ labels: [String]) -> [Float] {
    let own = Self.logarithms(fractions, labels)
    let (left, taken) = (Float(1 - adjustment), Float(adjustment))
    switch prior {
    case .balanced: return own.map { -left * $0 }
    case .training: return own.map { taken * $0 }
    case .fractions(let others): return zip(Self.logarithms(others, labels), own).map { $0 - left * $1 }
    }
  }
}

/// How common a reader takes the classes to be.
package enum ReadingPrior: Sendable, Hashable {
  /// All alike: the probabilities say how well a face fits a class.
  case balanced
  /// As common as among the training faces.
  case training
  /// By label; they need not sum to 1.
  case fractions([String: Double])
}

extension FaceReader {
  /// The same weights, reading with a prior. Nothing gets slower: the prior goes into the last layer's bias.
  ///
  /// - Parameters:
  ///   - path: of the weight file, for errors.
  ///   - temperature: that the logits will be divided by; nil: the card's.
  /// - Throws: `CheckpointError` when the card does not say what the weights learned from, or when fractions are given for
  ///   other labels than theirs.
  package func reading(with prior: ReadingPrior, path: String, temperature: Double? = nil) throws -> FaceReader {
    let labels = modelInfo.labels
    guard let own = modelInfo.prior else {
      throw CheckpointError(
        path: path,
        reason: "its card does not say how common the classes were in training, so no other prior can be read with; "
          + "dfer calibrate --class-data adds it")
    }
    if case .fractions(let fractions) = prior {
      guard Set(fractions.keys) == Set(labels) else {
        throw CheckpointError(
          path: path,
          reason: "the prior names \(fractions.keys.sorted().joined(separator: ", ")), but the weights' labels are "
            + labels.joined(separator: ", "))
      }
    }
    // Probabilities are softmax(logits / temperature): the offset must survive the division.
    let offsets = own.offsets(for: prior, labels).map { $0 * Float(temperature ?? modelInfo.temperature) }
    switch self {
    case .clips(let model): return .clips(model.shifted(by: offsets))
    case .images(let model): return .images(model.shifted(by: offsets))
    // Cards of other classifiers never say what they learned from, so this is not reached.
    case .classifier: return self
    }
  }
}

extension ParameterStore {
  /// Adds to a bias.
  mutating func shift(_ name: String, by offsets: [Float]) {
    guard let parameter = parameter(named: name) else { preconditionFailure("ParameterStore: no bias \(name)") }
    update(parameter) { bias in for index in offsets.indices { bias.values[index] += offsets[index] } }
  }
}
