import Foundation

/// What cards of all systems do alike.
package enum CardText {
  /// JSON with sorted keys: equal values give equal text. Sizes, names and finite numbers always have a JSON form.
  package static func json(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  /// softmax(logits / temperature).
  static func probabilities(_ logits: [Float], temperature: Double) -> [Float] {
    let top = logits.max() ?? 0
    let powers = logits.map { exp(($0 - top) / Float(temperature)) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }
}
