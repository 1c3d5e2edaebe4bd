/// Why a video or image could not be written: what was tried, on which file, and what stopped it.
package struct VideoWriteError: Error, Hashable, CustomStringConvertible {
  package let operation: String
  package let path: String
  package let reason: String

  package init(operation: String, path: String, reason: String) {
    (self.operation, self.path, self.reason) = (operation, path, reason)
  }

  package var description: String { "\(path): cannot \(operation): \(reason)" }
}
