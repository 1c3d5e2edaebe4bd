/// What is wrong with labelled data. Lines count from 1, the header is line 1.
package struct DataError: Error, Hashable, CustomStringConvertible {
  package let path: String
  package let line: Int?
  package let reason: String

  package init(path: String, line: Int? = nil, reason: String) {
    (self.path, self.line, self.reason) = (path, line, reason)
  }

  package var description: String { "\(path)\(line.map { ", line \($0)" } ?? ""): \(reason)" }
}
