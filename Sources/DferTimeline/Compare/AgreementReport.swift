extension Agreement {
  /// The figures as lines of text.
  package var lines: [String] {
    guard total > 0 else { return ["no time that both label"] + notCompared }
    var lines = pairs.map { "\($0.reference) with \($0.other): \(seconds($0.seconds)) that both label" }
    lines += notCompared
    lines += [
      "only in the reference \(seconds(onlyReference)), only in the other \(seconds(onlyOther))", "",
      "Cohen's kappa  \(number(kappa))", "WAR            \(number(weightedRecall))   same label, share of time",
      "UAR            \(number(unweightedRecall))   mean recall over the reference's labels", "",
      "seconds; rows: reference, columns: other",
    ]
    let first = labels.map(\.count).reduce(9, max)
    let width = labels.map(\.count).reduce(9, max) + 2
    lines.append(
      left("", first) + labels.map { right($0, width) }.joined() + right("recall", 9) + right("precision", 11))
    for (row, label) in labels.enumerated() {
      lines.append(
        left(label, first) + confusion[row].map { right(fixedDecimal($0, places: 1), width) }.joined()
          + right(number(recall(row)), 9) + right(number(precision(row)), 11))
    }
    return lines
  }

  /// A line for each face, tier or subject that no figure says anything of.
  package var notCompared: [String] {
    func lines(_ singles: [Single], of file: String) -> [String] {
      singles.map { "not compared: \($0.name) of \(file), \(seconds($0.seconds)), has no partner" }
    }
    return lines(unpairedReference, of: "the reference") + lines(unpairedOther, of: "the other")
  }

  /// The confusion as CSV, a row for each pair of labels: for R, pandas and spreadsheets.
  package var csv: String {
    var lines = ["reference,other,seconds"]
    for (row, reference) in labels.enumerated() {
      for (column, other) in labels.enumerated() {
        let names = [reference, other].map { Quoting.cell($0) }
        lines.append((names + [fixedDecimal(confusion[row][column], places: 3)]).joined(separator: ","))
      }
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private func number(_ value: Double?) -> String { value.map { fixedDecimal($0, places: 3) } ?? "-" }
  private func seconds(_ value: Double) -> String { fixedDecimal(value, places: 1) + " s" }
  private func left(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
  private func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
