import ArgumentParser

/// A length of time as people write it: "90s", "30m", "1h", "1d".
struct Period: Hashable, Codable {
  let seconds: Double

  /// From a second to a year.
  init?(_ text: String) {
    let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
    guard let unit = text.last.flatMap({ units[$0] }), let number = Double(text.dropLast()),
      number.isFinite, number * unit >= 1, number * unit <= 366 * 86400
    else { return nil }
    seconds = number * unit
  }

  /// The value of `--split-every`.
  static func splitting(_ text: String) throws -> Period {
    guard let period = Period(text) else {
      let hint = Int(text) == nil ? "" : "; to rotate the image, use --rotation \(text)"
      throw ValidationError("not a duration of at least 1 s, like 90s, 30m or 1h\(hint)")
    }
    return period
  }
}
