import DferModels
import Foundation

/// How much each network of an ensemble should count, learned from labelled faces.
package enum EnsembleWeights {
  /// The shares of a mixture that make the labels most probable, by expectation maximisation: the one maximum there is.
  ///
  /// - Parameter likelihoods: for each face, by network, the probability of its class, and how much the face counts.
  /// - Returns: one share for each network, which sum to 1.
  package static func fit(_ likelihoods: [(weight: Double, byNetwork: [Double])]) -> [Double] {
    guard let count = likelihoods.first?.byNetwork.count, count > 0 else { return [] }
    var shares = [Double](repeating: 1 / Double(count), count: count)
    for _ in 0..<500 {
      var sums = [Double](repeating: 0, count: count)
      for face in likelihoods {
        let parts = zip(shares, face.byNetwork).map { $0 * max($1, 1e-12) }
        let total = parts.reduce(0, +)
        for index in parts.indices { sums[index] += face.weight * parts[index] / total }
      }
      let total = sums.reduce(0, +)
      guard total > 0 else { return shares }
      let next = sums.map { $0 / total }
      let change = zip(shares, next).map { abs($0 - $1) }.max() ?? 0
      shares = next
      if change < 1e-6 { break }
    }
    return shares
  }

  /// The same from what each network read of a suite; domains count by their weights, whatever their number of faces.
  ///
  /// - Parameters:
  ///   - readings: by network, then domain.
  ///   - temperatures: by network.
  package static func fit(
    _ suite: EvaluationSuite, _ readings: [[SuiteReading]], temperatures: [Double]
  ) -> [Double] {
    var likelihoods: [(weight: Double, byNetwork: [Double])] = []
    for (place, domain) in suite.domains.enumerated() {
      let byNetwork = zip(readings, temperatures).map { reading, temperature -> [Double] in
        let clear = LabelledSet.clear(
          reading[place].predictions, of: reading[place].set.clips, labels: reading[place].set.labels,
          without: suite.excludedLabels)
        return zip(clear.logits, clear.targets).map { logits, targets in
          let probabilities = Softmax.probabilities(logits, temperature: temperature)
          return Double(zip(probabilities, targets).reduce(0) { $0 + $1.0 * $1.1 })
        }
      }
      let faces = byNetwork.map(\.count).min() ?? 0
      for face in 0..<faces {
        likelihoods.append((domain.weight / Double(faces), byNetwork.map { $0[face] }))
      }
    }
    return fit(likelihoods)
  }
}
