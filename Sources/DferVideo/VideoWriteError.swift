/// Why a video or image could not be written: what was tried, on which file, and what stopped it.
public struct VideoWriteError: Error, Hashable, CustomStringConvertible {
  public let operation: String
  public let path: String
  public let reason: String

  public init(operation: String, path: String, reason: String) {
    (self.operation, self.path, self.reason) = (operation, path, reason)
  }

  public var description: String { "\(path): cannot \(operation): \(reason)" }
}
