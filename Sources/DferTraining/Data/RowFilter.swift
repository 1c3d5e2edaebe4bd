/// Which rows of a table are read: what a suite's `where` and `except` say.
package struct RowFilter: Sendable, Hashable {
  /// What a cell must be.
  package enum Rule: Sendable, Hashable {
    /// The last number in the cell, as the 17 of `london-017`, is odd or even: halves a set by person.
    case odd, even
    case oneOf(Set<String>)
  }

  /// By column; a row is read when all of them hold.
  package var rules: [String: Rule]
  /// By column the cells of rows that are passed over, whatever `rules` say of them.
  package var exceptions: [String: Set<String>]
  /// Rows with one of these in the column `label` are passed over, where there is such a column.
  package var excludedLabels: Set<String>

  /// Every row.
  package static let all = RowFilter()

  package init(
    _ rules: [String: Rule] = [:], except exceptions: [String: Set<String>] = [:], excludedLabels: Set<String> = []
  ) {
    (self.rules, self.exceptions, self.excludedLabels) = (rules, exceptions, excludedLabels)
  }

  /// - Throws: `DataError` when a rule is about a column that the table does not have.
  func check(_ table: LabelTable) throws {
    for column in Set(rules.keys).union(exceptions.keys).sorted() where !table.has(column) {
      throw DataError(path: table.path, line: 1, reason: "there is no column \(column) to choose rows by")
    }
  }

  /// - Throws: `DataError` when a cell that must be odd or even has no number.
  func keeps(_ row: LabelTable.Row) throws -> Bool {
    if let label = row.text("label"), excludedLabels.contains(LabelName.canonical(label)) { return false }
    for (column, names) in exceptions where Self.isAmong(names, column, row) { return false }
    for (column, rule) in rules where try !Self.holds(rule, column, row) { return false }
    return true
  }

  private static func holds(_ rule: Rule, _ column: String, _ row: LabelTable.Row) throws -> Bool {
    switch rule {
    case .oneOf(let names): return isAmong(names, column, row)
    case .odd, .even:
      let text = row.text(column) ?? ""
      guard let digit = text.reversed().drop(while: { !$0.isWholeNumber }).first?.wholeNumberValue else {
        throw row.fault("column \(column) holds \"\(text)\", which has no number to be odd or even")
      }
      return digit.isMultiple(of: 2) == (rule == .even)
    }
  }

  private static func isAmong(_ names: Set<String>, _ column: String, _ row: LabelTable.Row) -> Bool {
    let text = row.text(column) ?? ""
    guard column == "label" else { return names.contains(text) }
    return Set(names.map(LabelName.canonical)).contains(LabelName.canonical(text))
  }
}
