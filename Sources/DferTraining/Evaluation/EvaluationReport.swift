import DferTimeline
import Foundation

/// Evaluations as text for people.
extension Evaluation {
  /// Lines of at most 100 columns or so: figures, recall of each class, confusion.
  package var lines: [String] {
    var lines: [String] = suite?.lines ?? []
    if let selected { lines += Self.lines(selected, "\(selected.labels.count) classes") }
    if let all { lines += Self.lines(all, "all \(all.labels.count) classes", brief: selected != nil) }
    if let localization {
      let error = localization.normalisedMeanError.map { "landmark error \(Self.percent($0)) of the eye distance" }
      let overlap = localization.boxOverlap.map { "box IoU \(Self.decimal($0, 3))" }
      lines.append(
        "places (n = \(localization.samples)): " + [error, overlap].compactMap { $0 }.joined(separator: ", "))
    }
    if let masks {
      lines.append(
        "mask (n = \(masks.samples)): \(Self.percent(masks.accuracy)) right; worn "
          + "\(masks.wornRecall.map(Self.percent) ?? "-"), bare \(masks.bareRecall.map(Self.percent) ?? "-")")
    }
    if let fittedTemperature, suite == nil {
      lines.append("temperature \(temperature); \(Self.decimal(fittedTemperature, 3)) would fit these majorities best")
    }
    return lines
  }

  private static func lines(_ classes: Classes, _ title: String, brief: Bool = false) -> [String] {
    func span(_ interval: Interval) -> String { "[\(percent(interval.low)), \(percent(interval.high))]" }
    var lines = [
      "\(title) (n = \(classes.samples)): accuracy (WAR) \(percent(classes.war)) \(span(classes.warInterval)), "
        + "UAR \(percent(classes.uar)) \(span(classes.uarInterval))",
      "  macro F1 \(percent(classes.macroF1)), calibration error (ECE) \(decimal(classes.calibration.error, 3))",
    ]
    let unanswered = classes.confusion.unanswered.reduce(0, +)
    if unanswered > 0 { lines.append("  in \(unanswered) of them no face was found: they count as wrong") }
    guard !brief else { return lines }
    let points = classes.abstention.filter { $0.answered < 1 && $0.answered >= 0.5 }.map {
      "\(decimal(100 * $0.answered, 0)) % (from \(decimal($0.confidence, 2))): \(percent($0.accuracy))"
    }
    if !points.isEmpty, classes.samples >= 10 {
      lines.append("  right when only the most confident are answered: " + points.joined(separator: ", "))
    }
    let width = max(8, classes.labels.map(\.count).max() ?? 0)
    let names = classes.labels.map { right(String($0.prefix(8)), 9) }.joined()
    lines.append("  " + pad("truth", width) + " recall" + names)
    for (index, label) in classes.labels.enumerated() {
      let counts = classes.confusion.counts[index].map { right(String($0), 9) }.joined()
      lines.append("  " + pad(label, width) + right(classes.recall[index].map(percent) ?? "-", 7) + counts)
    }
    return lines
  }

  /// The confusion table as CSV: one line for each true class.
  package var confusionCSV: String? {
    guard let classes = selected ?? all else { return nil }
    let rows = zip(classes.labels, classes.confusion.counts).map { [$0] + $1.map(String.init) }
    return ([["truth"] + classes.labels] + rows).map { $0.joined(separator: ",") + "\n" }.joined()
  }

  /// What was read of each face as CSV: its name, the class that most people gave it, the answer with its probability, and the
  /// probabilities of all classes. Cells stay empty where there is no majority, and where no face was found.
  ///
  /// - Parameter answers: one for each clip of `set`.
  package func predictionsCSV(_ predictions: [Evaluator.Prediction], of set: LabelledSet) -> String {
    let (labels, every) = (set.labels, Array(set.labels.indices))
    func truth(_ clip: LabelledClip) -> String { clip.majority(among: every).map { labels[$0] } ?? "" }
    let known = zip(predictions, set.clips).map { prediction, clip in
      let p = Temperature.probabilities(prediction.logits, temperature: temperature)
      let top = p.top
      return [clip.name, truth(clip), top.map { labels[$0] } ?? "", top.map { Self.decimal(Double(p[$0]), 4) } ?? ""]
        + p.map { Self.decimal(Double($0), 4) }
    }
    let unseen = set.faceless.map { [$0.name, truth($0), "", ""] + labels.map { _ in "" } }
    let heading = ["name", "truth", "answer", "confidence"] + labels.map { "p_" + $0 }
    return ([heading] + known + unseen).map { $0.map { Quoting.cell($0) }.joined(separator: ",") + "\n" }.joined()
  }

  /// One JSON object with everything.
  package var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    // Finite numbers and names always have a JSON form.
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) + "\n" } ?? ""
  }

  static func percent(_ share: Double) -> String { decimal(100 * share, 1) + "%" }

  static func decimal(_ value: Double, _ places: Int) -> String {
    // A point in every locale.
    String(format: "%.\(places)f", value)
  }

  private static func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  private static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
