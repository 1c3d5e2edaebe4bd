import DferTensor
import Foundation

/// A smooth random number over time: three slow waves.
struct SmoothNoise: Sendable {
  private var waves: [(size: Double, rate: Double, phase: Double)] = []

  /// - Parameters:
  ///   - size: about the deviation.
  ///   - rate: about the number of turns a second.
  init(_ size: Double, rate: Double, random: inout RandomSource) {
    for factor in [0.5, 1, 1.7] {
      waves.append(
        (
          size * 0.8 / factor.squareRoot(), rate * factor * (0.7 + 0.6 * Double(random.uniform())),
          2 * Double.pi * Double(random.uniform())
        ))
    }
  }

  func value(at time: Double) -> Double {
    waves.reduce(0) { $0 + $1.size * sin(2 * Double.pi * $1.rate * time + $1.phase) }
  }
}
