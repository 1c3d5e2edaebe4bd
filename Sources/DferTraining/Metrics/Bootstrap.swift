import DferTensor

/// How far a figure would move with other samples of the same kind.
package struct Interval: Sendable, Hashable, Codable {
  package var low, high: Double
}

package enum Bootstrap {
  /// The middle `level` of a figure over `rounds` draws of `count` samples with repeats.
  ///
  /// - Parameter figure: the figure of the samples with these indices.
  package static func interval(
    count: Int, rounds: Int = 1000, level: Double = 0.95, seed: UInt64 = 0, _ figure: ([Int]) -> Double
  ) -> Interval {
    precondition(
      count > 0 && rounds > 0 && 0..<1 ~= level, "Bootstrap: \(count) samples, \(rounds) rounds, level \(level)")
    return interval(rounds: rounds, level: level, seed: seed) { random in
      figure((0..<count).map { _ in Int(random.next() % UInt64(count)) })
    }
  }

  /// The middle `level` of a figure over `rounds` draws of any kind.
  ///
  /// - Parameter figure: draws with the source, and gives the figure of what it drew.
  static func interval(
    rounds: Int = 1000, level: Double = 0.95, seed: UInt64 = 0, _ figure: (inout RandomSource) -> Double
  ) -> Interval {
    var random = RandomSource(seed: seed)
    let figures = (0..<rounds).map { _ in figure(&random) }.sorted()
    func quantile(_ share: Double) -> Double {
      let place = share * Double(rounds - 1)
      let (below, rest) = (Int(place), place - place.rounded(.down))
      return figures[below] + rest * (figures[min(below + 1, rounds - 1)] - figures[below])
    }
    return Interval(low: quantile((1 - level) / 2), high: quantile((1 + level) / 2))
  }
}
