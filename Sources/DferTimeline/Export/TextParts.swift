/// Small pieces that several text formats share.
enum TextParts {
  /// "Face 0".
  static func name(_ face: Int?) -> String { face.map { "Face \($0)" } ?? "No face" }

  /// "less than 60 % sure"
  static let doubtNote = "less than \(percent(Doubt.threshold)) sure"

  static func percent(_ share: Double) -> String { fixedDecimal(share * 100, places: 0) + " %" }

  /// Whole milliseconds of a segment; it keeps at least one after rounding.
  static func milliseconds(_ segment: Segment) -> (start: Int, end: Int) {
    let start = Int((segment.start * 1000).rounded())
    return (start, max(start + 1, Int((segment.end * 1000).rounded())))
  }

  /// 3725500 with "." is "01:02:05.500".
  static func clock(_ milliseconds: Int, mark: String) -> String {
    func padded(_ value: Int, _ places: Int) -> String {
      String(repeating: "0", count: max(0, places - String(value).count)) + String(value)
    }
    let seconds = milliseconds / 1000
    return "\(padded(seconds / 3600, 2)):\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2))"
      + mark + padded(milliseconds % 1000, 3)
  }

  /// Text for one cell of a line-based format.
  static func oneLine(_ text: String) -> String {
    Quoting.escaped(text) { $0 == "\t" || Quoting.isLineEnd($0) ? " " : nil }
  }
}
