/// Draws one face's timeline as SVG shapes: bands of class probabilities stacked to 1, and a strip of labels.
/// Coordinates run over `width` and `height`; colours are CSS classes `c0`, `c1`... in the order of `labels`.
struct TimelineChart {
  /// A stretch of time with the mean probabilities in it, in the order of `labels`.
  struct Column {
    var start, end: Double
    var values: [Double]
  }

  let labels: [String]
  let duration: Double
  let width: Double
  let height: Double

  /// The read shares of a face. Beyond `limit` of them, neighbours are averaged: no screen shows more.
  static func columns(_ face: Int, in timeline: SegmentTimeline, limit: Int = 1000) -> [Column] {
    let order = timeline.labels.compactMap { timeline.rowLabels.firstIndex(of: $0) }
    let read = timeline.shares.filter {
      $0.row.faceID == face && $0.seconds > 0 && $0.reading(timeline.rowLabels) != nil
    }
    let group = max(1, (read.count + limit - 1) / limit)
    var columns: [Column] = []
    var joined = 0
    for share in read {
      let values = order.map { Double(share.row.shownProbabilities[$0]) }
      guard let last = columns.last, joined < group, abs(last.end - share.start) < 1e-6 else {
        columns.append(Column(start: share.start, end: share.end, values: values))
        joined = 1
        continue
      }
      let weight = share.seconds / (share.end - last.start)
      columns[columns.count - 1].values = zip(last.values, values).map { $0 + ($1 - $0) * weight }
      columns[columns.count - 1].end = share.end
      joined += 1
    }
    return columns
  }

  /// One path for each class. Steps, not slopes: a value holds for its whole share.
  func bands(_ columns: [Column]) -> String {
    guard !columns.isEmpty else { return "" }
    return labels.indices.map { index in
      var path = ""
      for run in runs(columns) {
        let lower = run.map { $0.values[..<index].reduce(0, +) }
        let upper = zip(run, lower).map { $0.values[index] + $1 }
        let forth = zip(run, upper).map { "L\(x($0.start)) \(y($1))H\(x($0.end))" }.joined()
        let back = zip(run, lower).reversed().map { "L\(x($0.end)) \(y($1))H\(x($0.start))" }.joined()
        path += "M\(x(run[0].start)) \(y(lower[0]))\(forth)\(back)Z"
      }
      return "<path class=\"c\(index)\" d=\"\(path)\"/>"
    }.joined(separator: "\n")
  }

  /// One rectangle for each segment, hatched where the label is in doubt.
  func strip(_ segments: [Segment]) -> String {
    segments.map { segment in
      let index = labels.firstIndex(of: segment.label).map { "c\($0)" } ?? "none"
      let name =
        segment.faceID == nil ? segment.label : "\(segment.shownLabel) \(TextParts.percent(segment.confidence))"
      let title = "\(name), \(Self.clock(segment.start)) to \(Self.clock(segment.end))"
      let hatching = segment.isDoubtful ? hatching(segment.start, segment.end) : ""
      return rectangle(index, segment.start, segment.end, title: title) + hatching
    }.joined(separator: "\n")
  }

  /// Slanted lines from the lower to the upper edge, for what is in doubt. Drawn one by one: a pattern would be a
  /// reference, and reports have none.
  private func hatching(_ start: Double, _ end: Double) -> String {
    let (left, right) = (start / span * width, end / span * width)
    let step = 7.0
    let slant = min(step * 0.8, right - left)
    let lines = stride(from: left, through: max(left, right - slant), by: step).map { x in
      "M\(number(x)) \(number(height))L\(number(x + slant)) 0"
    }
    return "<path class=\"doubt\" d=\"\(lines.joined())\"/>"
  }

  func rectangle(_ style: String, _ start: Double, _ end: Double, title: String) -> String {
    "<rect class=\"\(style)\" x=\"\(x(start))\" y=\"0\" width=\"\(number(width * (end - start) / span))\" "
      + "height=\"\(number(height))\"><title>\(Quoting.xml(title))</title></rect>"
  }

  /// Round times for an axis, at most eleven.
  static func ticks(_ duration: Double) -> [Double] {
    let steps = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400]
    let step = steps.first { duration / $0 <= 10 } ?? duration / 10
    return duration > 0 && duration.isFinite ? stride(from: 0, through: duration, by: step).map { $0 } : [0]
  }

  /// 83.2 is "1:23.2"; for axes, whole seconds lose their tenths.
  static func clock(_ seconds: Double, short: Bool = false) -> String {
    let tenths = Int(min(max(seconds * 10, -1e15), 1e15).rounded())
    let (hours, minutes, rest) = (tenths / 36000, tenths / 600 % 60, tenths % 600)
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let head = hours > 0 ? "\(hours):\(two(minutes)):" : "\(minutes):"
    return head + two(rest / 10) + (short && rest % 10 == 0 ? "" : ".\(rest % 10)")
  }

  /// Columns that touch each other.
  private func runs(_ columns: [Column]) -> [[Column]] {
    columns.reduce(into: []) { runs, column in
      if let last = runs.last?.last, abs(last.end - column.start) < 1e-6 {
        runs[runs.count - 1].append(column)
      } else {
        runs.append([column])
      }
    }
  }

  private var span: Double { max(duration, 0.001) }
  private func x(_ time: Double) -> String { number(time / span * width) }
  private func y(_ share: Double) -> String { number(height * (1 - min(1, max(0, share)))) }
  private func number(_ value: Double) -> String { fixedDecimal(value, places: 2) }
}

/// A colour for each class, the same in every chart: apart in hue and in lightness, readable on light and dark grounds.
package enum ClassColours {
  private static let known = [
    "anger": "#d64545", "contempt": "#8f5fa8", "disgust": "#5f8f3e", "fear": "#3f4f9c", "happiness": "#f0b429",
    "neutral": "#a3adb8", "sadness": "#4a90c9", "surprise": "#ec7f37",
  ]
  private static let others = ["#2a9d8f", "#c2607f", "#7a6f5a", "#69b3a2", "#b5651d", "#5c6bc0", "#9e9d24", "#78909c"]

  /// A colour (`#rrggbb`) for each label, the same in reports and in the live view.
  package static func of(_ labels: [String]) -> [String] {
    var next = 0
    return labels.map { label in
      if let colour = known[label] { return colour }
      defer { next += 1 }
      return others[next % others.count]
    }
  }

  /// How lines over what is in doubt look.
  static let doubtRule =
    ".doubt{fill:none;stroke:#fff;stroke-opacity:.8;stroke-width:2;vector-effect:non-scaling-stroke;pointer-events:none}"

  /// The rules that give `c0`, `c1`... their colour.
  static func rules(_ labels: [String]) -> String {
    of(labels).enumerated().map { ".c\($0.offset){fill:\($0.element);background:\($0.element)}" }.joined(
      separator: "\n")
  }
}
