/// How much better some weights read a suite than others, on the same faces.
package struct SuiteComparison: Sendable, Codable {
  package struct Gain: Sendable, Codable {
    package var domain: String
    /// Recall and accuracy of the first weights less those of the second, with intervals over draws of the same faces for both.
    package var uar, war: Double
    package var uarInterval, warInterval: Interval
    /// Faces that only the first, and only the second weights read right.
    package var won, lost: Int
    /// How often chance alone would be as uneven, or more (exact McNemar test).
    package var chance: Double
  }

  /// The weights that the first are compared with, and their own figures.
  package var weights: SuiteResult.Weights
  package var domains: [Gain]
  /// Gain in the mean over domains, and in how much confidence is off.
  package var uar, war, calibrationError: Double
  package var uarInterval, warInterval: Interval

  /// - Parameters:
  ///   - suite: the domains that were read.
  ///   - first, second: results and readings of both weights.
  /// - Throws: `DataError` when the two do not count the same faces, as weights with other labels may.
  package init(
    _ suite: EvaluationSuite, _ first: (result: SuiteResult, readings: [SuiteReading]),
    over second: (result: SuiteResult, readings: [SuiteReading])
  ) throws {
    func verdicts(_ side: (result: SuiteResult, readings: [SuiteReading])) -> [Verdicts] {
      side.readings.map { $0.verdicts(temperature: side.result.weights.temperature, without: suite.excludedLabels) }
    }
    let (a, b) = (verdicts(first), verdicts(second))
    for (domain, sides) in zip(suite.domains, zip(a, b))
    where sides.0.labels != sides.1.labels || sides.0.truth != sides.1.truth {
      throw DataError(
        path: second.result.weights.path,
        reason:
          "its classes are \(sides.1.labels.joined(separator: ", ")): in domain \(domain.name) other faces would count")
    }
    weights = second.result.weights
    domains = suite.domains.indices.map { Gain(suite.domains[$0].name, a[$0], b[$0]) }
    let draws = SuiteDraws(a.map(\.count))
    func mean(_ picked: [[Int]], _ figure: (Confusion) -> Double) -> Double {
      SuiteResult.mean(
        suite.domains.indices.map { index in
          let gain = figure(a[index].confusion(picked[index])) - figure(b[index].confusion(picked[index]))
          return (suite.domains[index].weight, gain)
        })
    }
    uar = first.result.mean.uar - second.result.mean.uar
    war = first.result.mean.war - second.result.mean.war
    calibrationError = first.result.mean.calibrationError - second.result.mean.calibrationError
    uarInterval = draws.interval { mean($0, \.uar) }
    warInterval = draws.interval { mean($0, \.war) }
  }
}

extension SuiteComparison.Gain {
  fileprivate init(_ name: String, _ a: Verdicts, _ b: Verdicts) {
    func gain(_ picked: [Int], _ figure: (Confusion) -> Double) -> Double {
      figure(a.confusion(picked)) - figure(b.confusion(picked))
    }
    domain = name
    let all = Array(a.truth.indices)
    (uar, war) = (gain(all, \.uar), gain(all, \.war))
    uarInterval = Bootstrap.interval(count: a.count) { gain($0, \.uar) }
    warInterval = Bootstrap.interval(count: a.count) { gain($0, \.war) }
    won = all.count { a.predictions[$0] == a.truth[$0] && b.predictions[$0] != b.truth[$0] }
    lost = all.count { a.predictions[$0] != a.truth[$0] && b.predictions[$0] == b.truth[$0] }
    chance = Comparison.chance(won, lost)
  }
}
