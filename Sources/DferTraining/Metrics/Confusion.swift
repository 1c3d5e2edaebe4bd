/// How often each true class was taken for each class. Everything that counts right and wrong is read off this table.
package struct Confusion: Sendable, Hashable, Codable {
  /// `counts[truth][prediction]`.
  package private(set) var counts: [[Int]]
  /// For each true class the samples that got no answer, as a clip in which no face was found. They count as wrong.
  package private(set) var unanswered: [Int]

  package init(classes: Int) {
    unanswered = [Int](repeating: 0, count: classes)
    counts = [[Int]](repeating: [Int](repeating: 0, count: classes), count: classes)
  }

  /// - Parameters:
  ///   - truth: the true class of each sample, 0 ..< classes.
  ///   - predictions: what was said of it; nil for no answer.
  package init(classes: Int, truth: [Int], predictions: [Int?]) {
    precondition(truth.count == predictions.count, "Confusion: \(truth.count) labels, \(predictions.count) predictions")
    self.init(classes: classes)
    for (label, prediction) in zip(truth, predictions) { add(truth: label, prediction: prediction) }
  }

  package mutating func add(truth: Int, prediction: Int?) {
    if let prediction { counts[truth][prediction] += 1 } else { unanswered[truth] += 1 }
  }

  package var classes: Int { counts.count }
  package var total: Int { counts.indices.reduce(0) { $0 + samples(of: $1) } }
  package func samples(of label: Int) -> Int { counts[label].reduce(unanswered[label], +) }
  package func predictions(of label: Int) -> Int { counts.reduce(0) { $0 + $1[label] } }

  /// Share of a class that was found; nil when it has no samples.
  package func recall(_ label: Int) -> Double? {
    let samples = samples(of: label)
    return samples > 0 ? Double(counts[label][label]) / Double(samples) : nil
  }

  /// Weighted average recall: the plain accuracy. 0 without samples.
  package var war: Double {
    total > 0 ? Double(counts.indices.reduce(0) { $0 + counts[$1][$1] }) / Double(total) : 0
  }

  /// Unweighted average recall: the mean over the classes that have samples (balanced accuracy).
  package var uar: Double { mean(counts.indices.compactMap(recall)) }

  /// The same with 0 for a class without samples.
  package var uarOfAll: Double { mean(counts.indices.map { recall($0) ?? 0 }) }

  /// Harmonic mean of precision and recall; nil for a class that is neither there nor predicted.
  package func f1(_ label: Int) -> Double? {
    let both = samples(of: label) + predictions(of: label)
    return both > 0 ? 2 * Double(counts[label][label]) / Double(both) : nil
  }

  /// The mean over the classes that are there or predicted.
  package var macroF1: Double { mean(counts.indices.compactMap(f1)) }

  /// The same with 0 for a class that is neither.
  package var macroF1OfAll: Double { mean(counts.indices.map { f1($0) ?? 0 }) }

  private func mean(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
  }
}
