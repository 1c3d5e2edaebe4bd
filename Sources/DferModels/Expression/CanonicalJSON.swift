import Foundation

/// JSON with sorted keys: equal values give equal text. Used in model cards, checkpoints and weight files.
package enum CanonicalJSON {
  /// Sizes, names and finite numbers always have a JSON form.
  package static func text(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }
}
