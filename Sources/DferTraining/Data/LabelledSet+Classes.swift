import DferModels

/// How common classes are, and how often clips are drawn.
extension LabelledSet {
  /// One factor per class: the square root of how rare it is, at most 4, with mean 1 over the votes.
  package func balancingWeights(minimumVotes: Float = 1) -> [Float] {
    let means = classFractions(minimumVotes: minimumVotes)
    let factors = means.map { 1 / ($0 + 3e-3).squareRoot() }
    let mean = zip(factors, means).reduce(0) { $0 + $1.0 * $1.1 }
    return mean > 0 ? factors.map { min(4, $0 / mean) } : factors.map { _ in 1 }
  }

  /// The mean label distribution of the clips that have one, each counting as often as it is drawn.
  func classFractions(minimumVotes: Float = 1) -> [Float] {
    var (sums, total) = ([Float](repeating: 0, count: labels.count), Float(0))
    for clip in clips {
      guard let row = clip.shares(least: minimumVotes) else { continue }
      let weight = Float(clip.weight)
      for (label, share) in row.enumerated() { sums[label] += weight * share }
      total += weight
    }
    return total > 0 ? sums.map { $0 / total } : sums
  }

  /// How common the classes are; nil without labels.
  package func classPrior(adjustment: Double = 0, minimumVotes: Float = 1) -> ClassPrior? {
    let fractions = classFractions(minimumVotes: minimumVotes).map(Double.init)
    guard fractions.contains(where: { $0 > 0 }) else { return nil }
    return ClassPrior(
      fractions: Dictionary(zip(labels, fractions), uniquingKeysWith: { first, _ in first }), adjustment: adjustment)
  }

  /// These clips, each as often as its weight says against the least; without different weights each once, in their order.
  func draws(_ indices: [Int]) -> [Int] {
    let weights = indices.map { clips[$0].weight }
    guard let least = weights.filter({ $0 > 0 }).min(), weights.contains(where: { $0 != least }) else { return indices }
    // A tenth of the least weight is fine enough.
    let counts = weights.map { Int((10 * $0 / least).rounded()) }
    let common = counts.filter { $0 > 0 }.reduce(0, Self.divisor)
    return zip(indices, counts).flatMap { [Int](repeating: $0, count: $1 / max(1, common)) }
  }

  /// The greatest common divisor.
  private static func divisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : divisor(b, a % b) }
}
