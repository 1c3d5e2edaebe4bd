import Foundation

/// What is wrong with a weight file. One error carries every problem that was found, so one look is enough.
package struct CheckpointError: Error, Hashable, CustomStringConvertible {
  package let path: String
  package let reasons: [String]
  /// Whether the file could not be written.
  package let isOutput: Bool

  package init(path: String, reasons: [String], isOutput: Bool = false) {
    self.path = path
    self.reasons = reasons
    self.isOutput = isOutput
  }

  /// A file that cannot be written, or a folder that cannot be made.
  package init(writing path: String, _ error: any Error) {
    self.init(path: path, reasons: ["it cannot be written: \(error.localizedDescription)"], isOutput: true)
  }

  package init(path: String, reason: String) {
    self.init(path: path, reasons: [reason])
  }

  package var description: String {
    guard reasons.count != 1 else { return "\(path): \(reasons[0])" }
    return "\(path): \(reasons.count) problems" + reasons.map { "\n  \($0)" }.joined()
  }
}
