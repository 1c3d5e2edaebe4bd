import Foundation

/// Suites as text for people.
extension SuiteResult {
  /// A table with a line for each domain and one for their mean, and a second one against other weights.
  package var lines: [String] {
    let confident = AbstentionPoint.usual.dropFirst().map { Evaluation.decimal(100 * $0, 0) }
    let header = ["domain", "n", "UAR %", "95 %", "WAR %", "F1 %", "ECE"] + confident.map { "at " + $0 + " %" }
    var rows = domains.map { domain in
      let figures = domain.classes
      return Self.row(
        domain.name, "\(figures.samples)", figures.uar, figures.uarInterval, figures.war, figures.macroF1,
        figures.calibration.error, figures.abstention)
    }
    rows.append(
      Self.row(
        "mean", "", mean.uar, mean.uarInterval, mean.war, mean.macroF1, mean.calibrationError, mean.abstention))
    var lines = ["suite \(suite), \(weights.words)"] + Table.lines([header] + rows)
    let faceless = domains.filter { $0.faceless > 0 }.map { "\($0.faceless) of \($0.name)" }
    if !faceless.isEmpty { lines.append("no face found in \(faceless.joined(separator: ", ")): they count as wrong") }
    if let fittedTemperature {
      lines.append(
        "temperature \(weights.temperature); \(Evaluation.decimal(fittedTemperature, 3)) would fit all domains best")
    }
    if let comparison { lines += [""] + comparison.lines }
    return lines
  }

  private static func row(
    _ name: String, _ count: String, _ uar: Double, _ interval: Interval, _ war: Double, _ f1: Double, _ error: Double,
    _ curve: [AbstentionPoint]
  ) -> [String] {
    func percent(_ value: Double) -> String { Evaluation.decimal(100 * value, 1) }
    return [
      name, count, percent(uar), "\(percent(interval.low)) to \(percent(interval.high))", percent(war), percent(f1),
      Evaluation.decimal(error, 3),
    ]
      + (curve.isEmpty
        ? AbstentionPoint.usual.dropFirst().map { _ in "" } : curve.dropFirst().map { percent($0.accuracy) })
  }

  /// One JSON object with everything, the confusion tables too.
  package var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    // Finite numbers and names always have a JSON form.
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) + "\n" } ?? ""
  }
}

extension SuiteResult.Weights {
  var words: String { "\(path) (\(system), version \(version))" + (prior.map { ", prior \($0)" } ?? "") }
}

extension SuiteComparison {
  var lines: [String] {
    func points(_ value: Double) -> String { (value <= -0.0005 ? "-" : "+") + Evaluation.decimal(abs(100 * value), 1) }
    func span(_ interval: Interval) -> String { "\(points(interval.low)) to \(points(interval.high))" }
    let header = ["domain", "UAR", "95 %", "WAR", "95 %", "won", "lost", "p"]
    let rows = domains.map { gain in
      [
        gain.domain, points(gain.uar), span(gain.uarInterval), points(gain.war), span(gain.warInterval), "\(gain.won)",
        "\(gain.lost)", gain.chance < 0.0005 ? "< 0.001" : Evaluation.decimal(gain.chance, 3),
      ]
    }
    let mean = ["mean", points(uar), span(uarInterval), points(war), span(warInterval), "", "", ""]
    return ["gain over \(weights.words), in points"] + Table.lines([header] + rows + [mean])
  }
}

/// Columns for a terminal: the first to the left, the others to the right.
enum Table {
  static func lines(_ rows: [[String]]) -> [String] {
    let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = zip(row.indices, zip(row, widths)).map { column, cell in
        let room = String(repeating: " ", count: cell.1 - cell.0.count)
        return column == 0 ? cell.0 + room : room + cell.0
      }
      return cells.joined(separator: "  ").replacing(/\ +$/, with: "")
    }
  }
}
