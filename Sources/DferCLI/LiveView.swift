import Dfer
import DferTimeline
import Foundation

/// The image that `dfer watch` keeps on a terminal: a few lines for each face and one of progress.
///
/// A label in doubt is dim, has a question mark and a hatched bar.
///
/// A value that turns rows into lines of text; writing them over the old ones is `Terminal`'s business.
struct LiveView {
  private struct Face {
    var label: String
    var confidence: Double
    var probabilities: [(label: String, value: Double)]
    var strip: [(label: String, confidence: Double)] = []
    var end: Double
  }

  let title: String
  let labels: [String]
  let usesColour: Bool
  private var faces: [Int: Face] = [:]
  private var now = 0.0

  init(title: String, labels: [String], usesColour: Bool) {
    self.title = title
    self.labels = labels
    self.usesColour = usesColour
  }

  mutating func add(_ row: ClipResult) {
    now = max(now, row.endSeconds)
    guard let id = row.faceID, let best = row.best(labels) else { return }
    let confidence = Double(best.confidence)
    var face = faces[id] ?? Face(label: best.label, confidence: confidence, probabilities: [], end: row.endSeconds)
    face.label = best.label
    face.confidence = confidence
    face.end = row.endSeconds
    face.probabilities = zip(labels, row.probabilities).map { (label: $0, value: Double($1)) }.sorted {
      $0.value > $1.value
    }
    face.strip.append((best.label, confidence))
    if face.strip.count > 40 { face.strip.removeFirst() }
    faces[id] = face
    // A face that has been away for long has its rows in the file; the view shows who is here.
    faces = faces.filter { now - $0.value.end < 5 }
  }

  /// All lines, none wider than `width` columns.
  func lines(progress: String, width: Int) -> [String] {
    var lines = [styled("1", fit(title, width))]
    let shown = faces.sorted { $0.key < $1.key }
    for (id, face) in shown.prefix(6) {
      let head = "face \(id)".padded(to: 8)
      let isDoubtful = Doubt.isDoubtful(face.confidence)
      let style = (isDoubtful ? "2;" : "") + colour(face.label)
      let strip = face.strip.suffix(max(0, min(40, width - 46))).map { cell($0) }.joined()
      lines.append(
        head + styled(style, (face.label + (isDoubtful ? "?" : "")).padded(to: 10)) + percent(face.confidence) + "  "
          + styled(style, bar(face.confidence, width: 18, isDoubtful: isDoubtful)) + "  " + strip)
      if shown.count <= 3 {
        let others = face.probabilities.dropFirst().prefix(3).map { "\($0.label) \(percent($0.value))" }
        lines.append(styled("2", fit(String(repeating: " ", count: 8) + others.joined(separator: "   "), width)))
      }
    }
    if shown.isEmpty { lines.append(styled("2", "no face")) }
    if shown.count > 6 { lines.append(styled("2", "and \(shown.count - 6) more faces")) }
    lines.append(fit(progress, width))
    return lines
  }

  private func cell(_ sample: (label: String, confidence: Double)) -> String {
    let steps = Array("▁▂▃▄▅▆▇█")
    let step = steps[min(steps.count - 1, max(0, Int(sample.confidence * Double(steps.count))))]
    return styled((Doubt.isDoubtful(sample.confidence) ? "2;" : "") + colour(sample.label), String(step))
  }

  private func bar(_ share: Double, width: Int, isDoubtful: Bool) -> String {
    if isDoubtful {
      let cells = Int((min(1, max(0, share)) * Double(width)).rounded())
      return String(repeating: "▒", count: cells).padded(to: width)
    }
    let eighths = Int((min(1, max(0, share)) * Double(width * 8)).rounded())
    let partial = Array(" ▏▎▍▌▋▊▉")
    var text = String(repeating: "█", count: eighths / 8)
    if eighths % 8 > 0 { text.append(partial[eighths % 8]) }
    return text.padded(to: width)
  }

  private func percent(_ share: Double) -> String {
    let digits = String(Int((share * 100).rounded()))
    return String(repeating: " ", count: max(0, 3 - digits.count)) + digits + " %"
  }

  private func styled(_ code: String, _ text: String) -> String {
    usesColour ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }

  private func colour(_ label: String) -> String {
    switch label {
    case "happiness": "33"
    case "sadness": "34"
    case "anger": "31"
    case "fear": "35"
    case "disgust": "32"
    case "surprise": "36"
    case "contempt": "95"
    default: "37"
    }
  }

  private func fit(_ text: String, _ width: Int) -> String {
    text.count <= width ? text : String(text.prefix(max(0, width - 1))) + "…"
  }
}

extension String {
  /// The text with spaces after it, at least `width` characters.
  func padded(to width: Int) -> String {
    count >= width ? self : self + String(repeating: " ", count: width - count)
  }
}
