import Foundation

/// The one place where the temperature of a card is applied.
package enum Softmax {
  /// softmax(logits / temperature), in `Float`.
  package static func probabilities(_ logits: [Float], temperature: Double) -> [Float] {
    let top = logits.max() ?? 0
    let powers = logits.map { exp(($0 - top) / Float(temperature)) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }
}
