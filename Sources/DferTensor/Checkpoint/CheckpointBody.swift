import Foundation
import Synchronization

/// The open file behind all copies of a checkpoint; a lock keeps a seek and its read together.
final class CheckpointBody: Sendable {
  let path: String
  /// Bytes of the file.
  let size: Int
  private let file: Mutex<FileHandle>

  /// - Throws: `CheckpointError` when there is no such file, or when it is none that can be read at any place.
  init(path: String) throws {
    self.path = path
    let url = URL(fileURLWithPath: path).resolvingSymlinksInPath()
    let attributes: [FileAttributeKey: Any]
    do {
      attributes = try FileManager.default.attributesOfItem(atPath: url.path)
    } catch {
      throw CheckpointError(path: path, reason: "there is no such file")
    }
    // Opening a pipe would wait for a writer, so anything but a file is refused first.
    guard attributes[.type] as? FileAttributeType == .typeRegular, let size = attributes[.size] as? Int else {
      throw CheckpointError(path: path, reason: "this is not a file")
    }
    self.size = size
    do {
      file = Mutex(try FileHandle(forReadingFrom: url))
    } catch {
      throw CheckpointError(path: path, reason: "it cannot be opened for reading")
    }
  }

  /// Exactly the bytes of a range that lies inside the file.
  func read(at offset: Int, count: Int) throws -> [UInt8] {
    guard count > 0 else { return [] }
    return try file.withLock { file in
      do {
        try file.seek(toOffset: UInt64(offset))
        if let data = try file.read(upToCount: count), data.count == count { return [UInt8](data) }
      } catch {
        throw CheckpointError(path: path, reason: "reading failed: \(error)")
      }
      throw CheckpointError(path: path, reason: "the file became shorter while it was read")
    }
  }
}
