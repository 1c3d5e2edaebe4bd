import Foundation

/// Standard error as a place for people: a block of lines that is redrawn in place, or plain lines in a log.
struct Terminal {
  let isInteractive: Bool
  private var drawn = 0
  private var lastDraw: ContinuousClock.Instant?

  init() {
    let term = ProcessInfo.processInfo.environment["TERM"] ?? ""
    isInteractive = isatty(2) == 1 && term != "dumb" && !term.isEmpty
  }

  /// Whether colour is welcome (https://no-color.org).
  var usesColour: Bool { isInteractive && ProcessInfo.processInfo.environment["NO_COLOR"] == nil }

  var width: Int {
    var size = winsize()
    guard unsafe ioctl(2, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Puts `lines` in the place of the last block, at most ten times a second unless `always`.
  mutating func redraw(always: Bool = false, _ lines: () -> [String]) {
    guard isInteractive else { return }
    let now = ContinuousClock.now
    if !always, let lastDraw, now - lastDraw < .milliseconds(100) { return }
    lastDraw = now
    let lines = lines()
    var text = drawn > 0 ? "\u{1B}[\(drawn)A\r" : "\r"
    text += lines.map { $0 + "\u{1B}[K\n" }.joined()
    text += "\u{1B}[J"
    Self.write(text)
    drawn = lines.count
  }

  /// A line that stays.
  mutating func say(_ line: String) {
    drawn = 0
    Self.write(line + "\n")
  }

  /// Text of one line that draws nothing: names of files may hold line ends and a terminal's commands. A line end becomes
  /// `\n`, an escape `\x1B`.
  static func plain(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where isControl(scalar):
        let digits = String(scalar.value, radix: 16, uppercase: true)
        result += "\\x" + (digits.count < 2 ? "0" : "") + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.generalCategory == .control }

  /// What cannot be said to anybody is not said: a full disk below a log, or nobody who listens, is no reason to stop.
  static func write(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }
}
