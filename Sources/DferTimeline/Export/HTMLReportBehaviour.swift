import Foundation

/// The part of the report that shows head pose, eyes and movements of one face over time.
struct HTMLReportBehaviour {
  /// Means over a stretch of time; nil: not known in it.
  private struct Column {
    var start, end: Double
    var values: [Double?]
  }

  private let columns: [Column]
  private let duration: Double
  private let strengths: [String]
  private let hasEyes: Bool

  static let style = """
    .doing{margin-top:10px;display:grid;grid-template-columns:110px 1fr;gap:3px 10px;align-items:center;font-size:13px}
    .doing h3{grid-column:1/-1;margin-top:6px}
    .doing svg{display:block;width:100%;background:var(--line);border-radius:3px}
    .pose{height:70px}.level{height:12px}
    .pose path,.zero{fill:none;stroke-width:2;vector-effect:non-scaling-stroke}
    .yaw{stroke:#d64545}.pitch{stroke:#3a8f5c}.roll{stroke:#4a90c9}.zero{stroke:var(--soft);stroke-width:1}
    .key b{font-weight:600}.key .yaw{color:#d64545}.key .pitch{color:#3a8f5c}.key .roll{color:#4a90c9}
    .level rect{fill:var(--ink)}

    """

  /// Degrees at the edges of the chart of head pose.
  private static let most = 60.0
  private static let limit = 500

  init(_ face: Int, in timeline: SegmentTimeline, strengths: [String]) {
    let shares = timeline.shares.filter { $0.row.faceID == face && $0.seconds > 0 }
    let count = shares.map(\.row.behaviour.strengths.count).max() ?? 0
    self.strengths = Array(strengths.prefix(count))
    hasEyes = shares.contains { $0.row.behaviour.eyes != nil }
    duration = max(timeline.duration, 0.001)
    let group = max(1, (shares.count + Self.limit - 1) / Self.limit)
    columns = stride(from: 0, to: shares.count, by: group).map { start in
      let part = shares[start..<min(shares.count, start + group)]
      let values = part.map { share -> [Double?] in
        let (row, behaviour) = (share.row, share.row.behaviour)
        let open = behaviour.eyes.map { $0.open.reduce(0, +) / Double(max(1, $0.open.count)) }
        return [behaviour.yaw, behaviour.pitch, row.rollDegrees, open]
          + (0..<count).map { $0 < behaviour.strengths.count ? behaviour.strengths[$0] : nil }
      }
      return Column(
        start: part[part.startIndex].start, end: part[part.endIndex - 1].end,
        values: (0..<4 + count).map { index in Self.mean(values.compactMap { $0[index] }) })
    }
  }

  /// Empty where no row knows the head's pose.
  var section: String {
    guard columns.contains(where: { $0.values[0] != nil }) else { return "" }
    let paths = zip(["yaw", "pitch", "roll"], 0...).map { "<path class=\"\($0)\" d=\"\(line($1))\"/>" }
    let head = """
      <h3>Head</h3><span class="key"><b class="yaw">right</b>, <b class="pitch">down</b>, <b class="roll">tilt</b></span>
      <svg class="pose" viewBox="0 0 1000 100" preserveAspectRatio="none" role="img" \
      aria-label="turn, nod and tilt of the head over time, up to 60 degrees each way"><path class="zero" d="M0 50H1000"/>\
      \(paths.joined())<title>\(poseNote)</title></svg>
      """
    let eyes = hasEyes ? "<h3>Eyes</h3>" + level("open", 3) : ""
    let units = strengths.enumerated().map { place, name in
      level(name.replacingOccurrences(of: "_strength", with: "").uppercased(), 4 + place)
    }
    let movements = units.isEmpty ? "" : "<h3>Movements</h3>" + units.joined(separator: "\n")
    return "<div class=\"doing\">\n\(head)\n\(eyes)\(movements)\n</div>"
  }

  private var poseNote: String {
    let words = ["turned to the right", "down", "tilted clockwise"]
    let means = words.enumerated().compactMap { index, word in
      Self.mean(columns.compactMap { $0.values[index] }).map { "\(word) \(fixedDecimal($0, places: 1)) degrees" }
    }
    return "Mean: " + means.joined(separator: ", ")
  }

  /// A strip that is the darker the higher the value is.
  private func level(_ name: String, _ index: Int) -> String {
    let bars = columns.compactMap { column -> String? in
      guard let value = column.values[index], value > 0.005 else { return nil }
      return "<rect x=\"\(x(column.start))\" y=\"0\" width=\"\(x(column.end - column.start))\" height=\"10\" "
        + "fill-opacity=\"\(fixedDecimal(min(1, value), places: 2))\"/>"
    }
    let mean = Self.mean(columns.compactMap { $0.values[index] })
    let note = mean.map { "\(name), mean \(fixedDecimal($0, places: 2))" } ?? name
    return "<span>\(name)</span><svg class=\"level\" viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" role=\"img\" "
      + "aria-label=\"\(note)\"><title>\(note)</title>\(bars.joined())</svg>"
  }

  /// Steps, as elsewhere: a value holds for its whole stretch. Broken where nothing is known.
  private func line(_ index: Int) -> String {
    var (path, last) = ("", -1.0)
    for column in columns {
      guard let value = column.values[index] else { continue }
      let y = fixedDecimal(50 + 50 * min(1, max(-1, value / Self.most)), places: 1)
      path += (abs(column.start - last) < 1e-6 ? "V\(y)" : "M\(x(column.start)) \(y)") + "H\(x(column.end))"
      last = column.end
    }
    return path
  }

  private func x(_ time: Double) -> String { fixedDecimal(time / duration * 1000, places: 2) }

  private static func mean(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }
}
