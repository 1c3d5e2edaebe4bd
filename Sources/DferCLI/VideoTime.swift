import ArgumentParser

/// A time in a video as people write it: "90", "90.5s", "1:30", "1:02:03.5".
struct VideoTime: Hashable, Codable {
  let seconds: Double

  /// - Throws: `ValidationError` for anything else, negative times, and minutes or seconds of 60 and more after a colon.
  init(_ text: String) throws {
    let parts = (text.last == "s" ? text.dropLast() : Substring(text)).split(
      separator: ":", omittingEmptySubsequences: false)
    let numbers = parts.compactMap { Double($0) }
    guard numbers.count == parts.count, parts.count <= 3, numbers.allSatisfy({ $0.isFinite && $0 >= 0 }),
      numbers.dropFirst().allSatisfy({ $0 < 60 }), numbers.dropLast().allSatisfy({ $0.rounded() == $0 })
    else { throw ValidationError("not a time like 90, 90.5s, 1:30 or 1:02:03.5") }
    seconds = numbers.reduce(0) { $0 * 60 + $1 }
  }
}
