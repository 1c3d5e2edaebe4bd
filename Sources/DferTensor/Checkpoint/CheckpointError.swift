/// What is wrong with a weight file. One error carries every problem that was found, so one look is enough.
package struct CheckpointError: Error, Hashable, CustomStringConvertible {
  package let path: String
  package let reasons: [String]

  package init(path: String, reasons: [String]) {
    self.path = path
    self.reasons = reasons
  }

  package init(path: String, reason: String) {
    self.init(path: path, reasons: [reason])
  }

  package var description: String {
    guard reasons.count != 1 else { return "\(path): \(reasons[0])" }
    return "\(path): \(reasons.count) problems" + reasons.map { "\n  \($0)" }.joined()
  }
}
