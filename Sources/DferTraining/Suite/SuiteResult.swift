import DferModels
import Foundation

/// What one network read of a domain.
package struct SuiteReading: Sendable {
  /// What the network got of each face, in words.
  package var inputMode: String
  var predictions: [Evaluator.Prediction]
  /// The labelled faces without their images, which are large and no longer needed.
  var set: LabelledSet

  package init(inputMode: String, predictions: [Evaluator.Prediction], of set: LabelledSet) {
    (self.inputMode, self.predictions, self.set) = (inputMode, predictions, set)
    for index in self.set.clips.indices { self.set.clips[index].images = [] }
  }

  func verdicts(temperature: Double, without excluded: Set<String>) -> Verdicts {
    Verdicts(
      predictions, of: set.clips, faceless: set.faceless, labels: set.labels, temperature: temperature,
      without: excluded)
  }
}

/// How well weights read each domain of a suite, and the mean over domains.
package struct SuiteResult: Sendable, Codable {
  package struct Domain: Sendable, Codable {
    package var name, purpose: String
    package var weight: Double
    /// What the network got of each face, in words.
    package var inputMode: String
    /// Labelled clips in which no face was found; they count as wrong.
    package var faceless: Int
    /// Without the suite's excluded labels.
    package var classes: Evaluation.Classes
  }

  /// Means of the domains' figures, by their weights.
  package struct Mean: Sendable, Codable {
    package var uar, war, macroF1, calibrationError: Double
    /// Over draws of the faces within every domain.
    package var uarInterval: Interval
    package var abstention: [AbstentionPoint]
  }

  /// The weights that were judged, as a person would name them.
  package struct Weights: Sendable, Codable, Hashable {
    package var path, system, version: String
    package var temperature: Double
    /// The class prior that they were read with; nil: as they were trained.
    package var prior: String?

    package init(path: String, system: String, version: String, temperature: Double, prior: String? = nil) {
      (self.path, self.system, self.version) = (path, system, version)
      (self.temperature, self.prior) = (temperature, prior)
    }
  }

  package var suite: String
  package var weights: Weights
  package var domains: [Domain]
  package var mean: Mean
  /// The temperature that fits all domains together, each by its weight, whatever its number of faces; nil for too few.
  package var fittedTemperature: Double?
  /// Against other weights, where they were given.
  package var comparison: SuiteComparison?

  /// - Parameter readings: for each domain of the suite what was read of it, in their order.
  /// - Throws: `DataError` that names a domain none of whose faces has a majority.
  package init(_ suite: EvaluationSuite, _ weights: Weights, _ readings: [SuiteReading]) throws {
    precondition(suite.domains.count == readings.count && !readings.isEmpty, "SuiteResult: \(readings.count) readings")
    (self.suite, self.weights) = (suite.name, weights)
    let verdicts = readings.map { $0.verdicts(temperature: weights.temperature, without: suite.excludedLabels) }
    let domains = try suite.domains.indices.map { index -> Domain in
      let (domain, reading) = (suite.domains[index], readings[index])
      guard let classes = Evaluation.Classes(verdicts[index]) else {
        throw DataError(
          path: domain.data[0], reason: "no face of domain \(domain.name) has a majority for a class that counts")
      }
      return Domain(
        name: domain.name, purpose: domain.purpose, weight: domain.weight, inputMode: reading.inputMode,
        faceless: reading.set.faceless.count, classes: classes)
    }
    let interval = SuiteDraws(verdicts.map(\.count)).interval { draws in
      Self.mean(domains.indices.map { (domains[$0].weight, verdicts[$0].confusion(draws[$0]).uar) })
    }
    (self.domains, mean) = (domains, Mean(domains, interval))
    fittedTemperature = Self.fittedTemperature(suite, readings)
  }

  /// Weighted mean; 0 without weight.
  static func mean(_ values: [(weight: Double, value: Double)]) -> Double {
    let total = values.reduce(0) { $0 + $1.weight }
    return total > 0 ? values.reduce(0) { $0 + $1.weight * $1.value } / total : 0
  }

  private static func fittedTemperature(_ suite: EvaluationSuite, _ readings: [SuiteReading]) -> Double? {
    let parts = zip(suite.domains, readings).map { domain, reading in
      let clear = LabelledSet.clear(
        reading.predictions, of: reading.set.clips, labels: reading.set.labels, without: suite.excludedLabels)
      return (weight: domain.weight, logits: clear.logits, targets: clear.targets)
    }.filter { !$0.logits.isEmpty && $0.weight > 0 }
    let count = parts.reduce(0) { $0 + $1.logits.count }
    return count < Temperature.minimumFaces ? nil : Temperature.fit(parts)
  }
}

extension SuiteResult.Mean {
  fileprivate init(_ domains: [SuiteResult.Domain], _ interval: Interval) {
    func mean(_ figure: (Evaluation.Classes) -> Double) -> Double {
      SuiteResult.mean(domains.map { ($0.weight, figure($0.classes)) })
    }
    (uar, war, macroF1) = (mean(\.uar), mean(\.war), mean(\.macroF1))
    calibrationError = mean(\.calibration.error)
    uarInterval = interval
    // A domain in which no face was found at all has no curve.
    let curves = domains.filter { !$0.classes.abstention.isEmpty }
    abstention =
      curves.isEmpty
      ? []
      : AbstentionPoint.usual.indices.map { point in
        func value(_ figure: KeyPath<AbstentionPoint, Double>) -> Double {
          SuiteResult.mean(curves.map { ($0.weight, $0.classes.abstention[point][keyPath: figure]) })
        }
        return AbstentionPoint(
          answered: AbstentionPoint.usual[point], confidence: value(\.confidence), accuracy: value(\.accuracy))
      }
  }
}

/// Draws with repeats of the faces of several domains, each domain by itself.
struct SuiteDraws {
  let counts: [Int]

  init(_ counts: [Int]) { self.counts = counts }

  /// The middle 95 % of a figure.
  func interval(_ figure: ([[Int]]) -> Double) -> Interval {
    Bootstrap.interval { random in
      figure(counts.map { count in (0..<count).map { _ in Int(random.next() % UInt64(count)) } })
    }
  }
}
