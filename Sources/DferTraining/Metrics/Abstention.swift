/// How often the most confident predictions are right, when the rest is left unanswered.
package struct AbstentionPoint: Sendable, Hashable, Codable {
  /// Fraction of the samples that are answered.
  package var answered: Double
  /// The lowest confidence among them: what to ask of a prediction to answer about so many.
  package var confidence: Double
  /// Fraction of the answered samples that are right.
  package var accuracy: Double

  /// The fractions that are usually reported.
  package static let usual = [1, 0.9, 0.8, 0.6, 0.4]

  /// Points of the curve from all samples down to the most confident ones; empty without samples.
  ///
  /// - Parameters:
  ///   - probabilities: one row for each sample, one number for each class.
  ///   - truth: the true class of each sample.
  package static func curve(probabilities: [[Float]], truth: [Int], at fractions: [Double] = usual) -> [AbstentionPoint]
  {
    precondition(
      probabilities.count == truth.count, "AbstentionPoint: \(probabilities.count) rows, \(truth.count) labels")
    let predictions = zip(probabilities, truth).map { row, label -> (confidence: Float, isRight: Bool) in
      let top = row.top ?? 0
      return (row[top], top == label)
    }.sorted { $0.confidence > $1.confidence }
    guard let last = predictions.last else { return [] }
    return fractions.map { fraction in
      let kept = predictions.prefix(max(1, Int((fraction * Double(predictions.count)).rounded())))
      return AbstentionPoint(
        answered: Double(kept.count) / Double(predictions.count), confidence: Double((kept.last ?? last).confidence),
        accuracy: Double(kept.count { $0.isRight }) / Double(kept.count))
    }
  }
}
