import DferModels

/// The domains of a suite in memory, to judge a training by their mean instead of by one source.
package struct SuiteValidation: Sendable {
  let suite: EvaluationSuite
  /// One for each domain.
  let sets: [LabelledSet]

  /// Reads every domain.
  ///
  /// - Parameters:
  ///   - info: of the network that is trained.
  ///   - detector: made when clips need faces to be found.
  /// - Throws: `DataError`, `VideoError`, or `TrainingError.noClips`.
  package init(
    _ suite: EvaluationSuite, for info: FaceReader.ModelInfo, detector: () throws -> FaceDetector
  ) throws {
    self.suite = suite
    sets = try suite.domains.map { try $0.read(for: info, detector: detector) }
  }

  package init(_ suite: EvaluationSuite, _ sets: [LabelledSet]) {
    precondition(
      suite.domains.count == sets.count, "SuiteValidation: \(sets.count) sets for \(suite.domains.count) domains")
    (self.suite, self.sets) = (suite, sets)
  }

  /// All people of all domains, to warn of those that are learned from.
  package var people: LabelledSet {
    LabelledSet(
      labels: sets.first?.labels ?? [],
      clips: sets.flatMap(\.clips).map { clip in
        var clip = clip
        clip.images = []
        return clip
      })
  }

  /// - Parameter read: what the network says of the faces of a domain, and what it got of each.
  func evaluation(
    _ weights: SuiteResult.Weights,
    _ read: (EvaluationSuite.Domain, LabelledSet) -> (inputMode: String, predictions: [Evaluator.Prediction])
  ) throws -> Evaluation {
    let readings = zip(suite.domains, sets).map { domain, set in
      let reading = read(domain, set)
      return SuiteReading(inputMode: reading.inputMode, predictions: reading.predictions, of: set)
    }
    return Evaluation(try SuiteResult(suite, weights, readings))
  }
}

extension Evaluation {
  /// Metrics of a suite alone.
  init(_ suite: SuiteResult) {
    (self.suite, temperature, fittedTemperature) = (suite, suite.weights.temperature, suite.fittedTemperature)
  }
}
