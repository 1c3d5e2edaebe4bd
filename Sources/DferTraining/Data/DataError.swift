/// What is wrong with labelled data. Lines count from 1, the header is line 1.
public struct DataError: Error, Hashable, CustomStringConvertible {
  public let path: String
  public let line: Int?
  public let reason: String

  public init(path: String, line: Int? = nil, reason: String) {
    (self.path, self.line, self.reason) = (path, line, reason)
  }

  public var description: String { "\(path)\(line.map { ", line \($0)" } ?? ""): \(reason)" }
}
