import Foundation

/// How much better one way to read the same faces is than another.
package struct Comparison: Sendable, Codable {
  /// Both ways, in words.
  package var first, second: String
  /// Clips with a majority, as in `Evaluation.Classes`; those without a face are left out, since both ways miss them.
  package var samples: Int
  /// Clips that only the first way, and only the second way, reads right.
  package var won, lost: Int
  /// Accuracy and mean recall of the first way less those of the second, with intervals over draws of the same clips for both.
  package var war, uar: Double
  package var warInterval, uarInterval: Interval
  /// How often clips won and lost would be as uneven as this, or more, if both ways were equally good (exact McNemar test).
  package var chance: Double

  /// nil when no clip has a majority among the labels.
  ///
  /// - Parameters:
  ///   - first: its name, and one answer for each clip.
  ///   - labels: of the logits.
  ///   - without: labels left out.
  package init?(
    _ first: (name: String, predictions: [Evaluator.Prediction]),
    over second: (name: String, predictions: [Evaluator.Prediction]),
    of clips: [LabelledClip], labels: [String], without: Set<String> = []
  ) {
    (self.first, self.second) = (first.name, second.name)
    let kept = labels.indices.filter { !without.contains(labels[$0]) }
    func said(_ prediction: Evaluator.Prediction) -> Int? { kept.map { prediction.logits[$0] }.top }
    var (truth, a, b): ([Int], [Int?], [Int?]) = ([], [], [])
    for (clip, predictions) in zip(clips, zip(first.predictions, second.predictions)) {
      guard let top = clip.majority(among: kept).flatMap({ kept.firstIndex(of: $0) }) else { continue }
      truth.append(top)
      a.append(said(predictions.0))
      b.append(said(predictions.1))
    }
    guard !truth.isEmpty else { return nil }
    samples = truth.count
    won = truth.indices.count { a[$0] == truth[$0] && b[$0] != truth[$0] }
    lost = truth.indices.count { a[$0] != truth[$0] && b[$0] == truth[$0] }
    func gain(_ picked: [Int], _ figure: (Confusion) -> Double) -> Double {
      let truth = picked.map { truth[$0] }
      return figure(Confusion(classes: kept.count, truth: truth, predictions: picked.map { a[$0] }))
        - figure(Confusion(classes: kept.count, truth: truth, predictions: picked.map { b[$0] }))
    }
    let all = Array(truth.indices)
    (war, uar) = (gain(all, \.war), gain(all, \.uar))
    warInterval = Bootstrap.interval(count: truth.count) { gain($0, \.war) }
    uarInterval = Bootstrap.interval(count: truth.count) { gain($0, \.uar) }
    chance = Self.chance(won, lost)
  }

  /// Two-sided sign test: draws of a fair coin, in logarithms because the counts may be large.
  static func chance(_ won: Int, _ lost: Int) -> Double {
    let count = won + lost
    func logFactorial(_ n: Int) -> Double { lgamma(Double(n) + 1) }
    let tail = (0...min(won, lost)).reduce(0.0) { sum, k in
      sum + exp(logFactorial(count) - logFactorial(k) - logFactorial(count - k) - Double(count) * log(2))
    }
    return min(1, 2 * tail)
  }

  /// One line for people.
  package var line: String {
    func points(_ share: Double) -> String { (share <= -0.0005 ? "-" : "+") + Evaluation.decimal(abs(100 * share), 1) }
    func span(_ interval: Interval) -> String { "[\(points(interval.low)), \(points(interval.high))]" }
    return
      "\(first) over \(second) (n = \(samples)): WAR \(points(war)) \(span(warInterval)), UAR \(points(uar)) \(span(uarInterval)); "
      + "\(won) won, \(lost) lost, p \(chance < 0.0005 ? "< 0.001" : "= " + Evaluation.decimal(chance, 3))"
  }
}
