import Foundation

/// The one place where the temperature of a card is applied.
package enum Softmax {
  /// softmax(logits / temperature), in `Float`. Of logits that are not finite nothing is known: all classes are equally
  /// likely then.
  package static func probabilities(_ logits: [Float], temperature: Double) -> [Float] {
    guard logits.allSatisfy(\.isFinite) else { return logits.map { _ in 1 / Float(logits.count) } }
    let top = logits.max() ?? 0
    let powers = logits.map { exp(($0 - top) / Float(temperature)) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }
}
