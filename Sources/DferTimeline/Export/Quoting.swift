/// How text is written inside other text: one loop, and a rule for each format.
package enum Quoting {
  /// The text with those characters replaced that `replacement` has something else for.
  static func escaped(_ text: String, _ replacement: (Unicode.Scalar) -> String?) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if let other = replacement(scalar) {
        result.append(contentsOf: other.unicodeScalars)
      } else {
        result.append(scalar)
      }
    }
    return String(result)
  }

  /// A JSON string with its quotes (RFC 8259).
  static func json(_ text: String) -> String {
    let body = escaped(text) { scalar in
      switch scalar {
      case "\"": "\\\""
      case "\\": "\\\\"
      case "\n": "\\n"
      case "\t": "\\t"
      case "\r": "\\r"
      case let other where other.value < 0x20: "\\u00" + hex(other.value)
      default: nil
      }
    }
    return "\"\(body)\""
  }

  /// Text for XML and HTML, inside elements and attributes. Characters that XML 1.0 cannot hold become U+FFFD.
  package static func xml(_ text: String) -> String {
    escaped(text) { scalar in
      switch scalar {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "\"": "&quot;"
      case "'": "&#39;"
      case "\t", "\n", "\r": "&#\(scalar.value);"
      case let other where other.value < 0x20 || other.value == 0xFFFE || other.value == 0xFFFF: "\u{FFFD}"
      default: nil
      }
    }
  }

  /// Text in quotes, with quotes inside it doubled: Praat's rule, SQL's for names, and RFC 4180's for cells.
  static func doubled(_ text: String) -> String {
    "\"" + escaped(text) { $0 == "\"" ? "\"\"" : nil } + "\""
  }

  /// The text as one cell of a table: in quotes when it holds a separator, a quote or a line end. Looks at scalars, as
  /// readers look at bytes: a mark that combines with a comma does not hide it.
  package static func cell(_ text: String, separator: String = ",") -> String {
    let marks = separator.unicodeScalars
    let needsQuotes = text.unicodeScalars.contains { $0 == "\"" || isLineEnd($0) || marks.contains($0) }
    return needsQuotes ? doubled(text) : text
  }

  /// A path that no spreadsheet takes for a formula: "./=a.mp4" is the same file as "=a.mp4".
  package static func path(_ text: String) -> String { isFormula(text) ? "./" + text : text }

  /// Whether a spreadsheet would calculate what a cell with this text says.
  package static func isFormula(_ text: String) -> Bool {
    text.utf8.first.map { "=+-@\t\r".utf8.contains($0) } ?? false
  }

  /// Whatever some reader takes for the end of a line.
  static func isLineEnd(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029: true
    default: false
    }
  }

  private static func hex(_ value: UInt32) -> String {
    (value < 16 ? "0" : "") + String(value, radix: 16)
  }
}
