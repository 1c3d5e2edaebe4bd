/// One thing that `dfer doctor` looked at.
struct Finding: Hashable {
  enum State: String {
    case ok, note, slow, missing
  }

  var state: State
  var what: String
  var words: String
  /// What to do about it.
  var advice: String?

  static func ok(_ what: String, _ words: String) -> Finding { Finding(state: .ok, what: what, words: words) }
  static func note(_ what: String, _ words: String, _ advice: String? = nil) -> Finding {
    Finding(state: .note, what: what, words: words, advice: advice)
  }
  static func slow(_ what: String, _ words: String, _ advice: String) -> Finding {
    Finding(state: .slow, what: what, words: words, advice: advice)
  }
  static func missing(_ what: String, _ words: String, _ advice: String) -> Finding {
    Finding(state: .missing, what: what, words: words, advice: advice)
  }

  var lines: [String] {
    let mark = state == .missing ? "MISSING" : state.rawValue
    return ["\(mark.padded(to: 8)) \(what.padded(to: 14)) \(words)"]
      + (advice.map { ["\("".padded(to: 23)) -> \($0)"] } ?? [])
  }
}
