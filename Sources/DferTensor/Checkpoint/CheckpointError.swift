/// What is wrong with a weight file. One error carries every problem that was found, so one look is enough.
public struct CheckpointError: Error, Hashable, CustomStringConvertible {
  public let path: String
  public let reasons: [String]

  public init(path: String, reasons: [String]) {
    self.path = path
    self.reasons = reasons
  }

  public init(path: String, reason: String) {
    self.init(path: path, reasons: [reason])
  }

  public var description: String {
    guard reasons.count != 1 else { return "\(path): \(reasons[0])" }
    return "\(path): \(reasons.count) problems" + reasons.map { "\n  \($0)" }.joined()
  }
}
