import Foundation

enum Softmax {
  /// softmax(logits / temperature), in `Float`.
  static func probabilities(_ logits: [Float], temperature: Double) -> [Float] {
    let top = logits.max() ?? 0
    let powers = logits.map { exp(($0 - top) / Float(temperature)) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }
}
