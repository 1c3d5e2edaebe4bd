import DferTimeline
import Foundation

/// The course of a training as a figure: one line for each loss of its `log.csv`, smoothed, on a logarithmic scale.
package struct LossCurves: Sendable {
  /// One column of the log: steps and values, empty cells left out.
  struct Line: Sendable {
    var name: String
    var points: [(step: Double, value: Double)]
  }

  let lines: [Line]

  /// - Parameters:
  ///   - log: text of a CSV file with a column `step`.
  ///   - columns: which of the others to draw; those that are not there or have no number above 0 are left out.
  package init(log: String, columns: [String] = ["loss", "box", "landmark", "expression", "blendshape"]) {
    let rows = log.split(whereSeparator: \.isNewline).map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    let header = (rows.first ?? []).map(String.init)
    let step = header.firstIndex(of: "step")
    lines = columns.compactMap { name in
      guard let step, let column = header.firstIndex(of: name) else { return nil }
      let points = rows.dropFirst().compactMap { row -> (step: Double, value: Double)? in
        guard row.count == header.count, let at = Double(row[step]), let value = Double(row[column]), value > 0,
          value.isFinite
        else { return nil }
        return (at, value)
      }
      return points.isEmpty ? nil : Line(name: name, points: Self.smoothed(points))
    }
  }

  /// A few hundred points, the last one included, each the mean of its neighbours.
  private static func smoothed(_ points: [(step: Double, value: Double)]) -> [(step: Double, value: Double)] {
    let group = max(1, (points.count + 399) / 400, points.count / 100)
    var starts = Array(stride(from: 0, to: points.count, by: max(1, group / 2)))
    if starts.last != points.count - 1 { starts.append(points.count - 1) }
    return starts.map { start in
      let part = points[max(0, start - group / 2)..<min(points.count, start + group / 2 + 1)]
      return (points[start].step, part.reduce(0) { $0 + $1.value } / Double(part.count))
    }
  }

  /// The figure as SVG.
  package var svg: String {
    let (width, height, left, top, plotWidth, plotHeight) = (800.0, 420.0, 64.0, 40.0, 712.0, 330.0)
    let all = lines.flatMap(\.points)
    let last = max(1, all.map(\.step).max() ?? 1)
    let (low, high) = (log10(all.map(\.value).min() ?? 0.1), log10(all.map(\.value).max() ?? 1))
    // Room for one step of the scale at least.
    let (bottom, range) = (low - 0.05, max(0.2, high - low + 0.1))
    func x(_ step: Double) -> String { fixedDecimal(left + plotWidth * step / last, places: 1) }
    func y(_ value: Double) -> String {
      fixedDecimal(top + plotHeight * (1 - (log10(value) - bottom) / range), places: 1)
    }
    let colours = ["#1d2430", "#0072b2", "#d55e00", "#009e73", "#cc79a7"]
    var parts: [String] = []
    let ticks = [1.0, 2, 5].flatMap { mark in (-6...3).map { mark * pow(10, Double($0)) } }
    for tick in ticks.sorted() where log10(tick) >= bottom && log10(tick) <= bottom + range {
      parts.append(
        "<path class=\"grid\" d=\"M\(fixedDecimal(left, places: 0)) \(y(tick))h\(fixedDecimal(plotWidth, places: 0))\"/>"
      )
      parts.append(
        "<text x=\"\(fixedDecimal(left - 8, places: 0))\" y=\"\(y(tick))\" dy=\"4\" text-anchor=\"end\">\(tick)</text>")
    }
    for part in 0...4 {
      let step = (last * Double(part) / 4).rounded()
      parts.append(
        "<text x=\"\(x(step))\" y=\"\(fixedDecimal(top + plotHeight + 20, places: 0))\" text-anchor=\"middle\">\(Int(step))</text>"
      )
    }
    for (index, line) in lines.enumerated() {
      let colour = colours[index % colours.count]
      let path = line.points.map { "\(x($0.step)) \(y($0.value))" }.joined(separator: "L")
      parts.append("<path class=\"line\" stroke=\"\(colour)\" d=\"M\(path)\"/>")
      let place = fixedDecimal(left + 130 * Double(index), places: 0)
      parts.append("<text x=\"\(place)\" y=\"24\" style=\"fill:\(colour)\">\(line.name)</text>")
    }
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(width)) \(Int(height))" width="\(Int(width))" \
      height="\(Int(height))" role="img">
      <title>Losses by step</title>
      <style>text{font:12px Helvetica,Arial,sans-serif;fill:#5d6776}.grid{stroke:#dfe2e7}\
      .line{fill:none;stroke-width:1.5}</style>
      <rect width="100%" height="100%" fill="#fff"/>
      \(parts.joined(separator: "\n"))
      </svg>

      """
  }

  /// Draws a log beside it; a log that cannot be read gives no figure.
  static func draw(_ log: String, to path: String) throws {
    guard let text = try? String(contentsOf: URL(fileURLWithPath: log), encoding: .utf8) else { return }
    try OutputFile(path, overwrite: true, kind: .whole).writeWhole(LossCurves(log: text).svg)
  }
}
