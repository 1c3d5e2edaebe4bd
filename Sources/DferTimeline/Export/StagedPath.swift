import Foundation

/// A hidden name beside a file's own, for what must appear whole or not at all: the file takes its name in `commit`.
/// Without that, nothing is left behind.
package final class StagedPath {
  package let path: String
  /// Where to write until then; in the same folder, so that the name changes at once.
  package let temporary: String
  /// What `path` leads to.
  package let target: String
  private var isCommitted = false

  /// Checks that `path` can be written; a symbolic link keeps pointing where it points. Throws `OutputError`.
  package init(_ path: String, overwrite: Bool) throws {
    self.path = path
    guard case .file(let place) = try OutputTarget(path) else {
      throw OutputError.notWritable(path: path, reason: "this kind of file cannot go to a pipe or a device")
    }
    target = place
    let files = FileManager.default
    let url = URL(fileURLWithPath: place)
    let folder = url.deletingLastPathComponent()
    let exists = files.fileExists(atPath: place)
    guard files.fileExists(atPath: folder.path) else { throw OutputError.noFolder(path: path) }
    guard !exists || overwrite else { throw OutputError.exists(path: path) }
    guard files.isWritableFile(atPath: folder.path), !exists || files.isWritableFile(atPath: place) else {
      throw OutputError.notWritable(path: path, reason: "permission denied or a read-only file system")
    }
    let name = ".\(url.lastPathComponent.prefix(60)).part-\(String(UInt32.random(in: .min ... .max), radix: 16))"
    temporary = folder.appendingPathComponent(name).path
  }

  /// Gives the file its name. Throws `OutputError`.
  package func commit() throws {
    guard unsafe rename(temporary, target) == 0 else {
      throw OutputError.notWritable(path: path, reason: POSIXError(.init(rawValue: errno) ?? .EIO).localizedDescription)
    }
    isCommitted = true
  }

  deinit { if !isCommitted { try? FileManager.default.removeItem(atPath: temporary) } }
}
