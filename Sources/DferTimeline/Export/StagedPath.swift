import Foundation

/// A hidden name beside a file's own, for what must appear whole or not at all: the file takes its name in `commit`.
/// Without that, nothing is left behind.
package final class StagedPath {
  package let path: String
  /// Where to write until then; in the same folder, so that the name changes at once.
  package let temporary: String
  /// What `path` leads to.
  package let target: String
  private let overwrite: Bool
  private var isCommitted = false

  /// Checks that `path` can be written; a symbolic link keeps pointing where it points. Throws `OutputError`.
  package init(_ path: String, overwrite: Bool) throws {
    (self.path, self.overwrite) = (path, overwrite)
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
    try Self.move(temporary, to: target, as: path, overwrite: overwrite)
    isCommitted = true
  }

  /// Gives a file its name in one step. Where nothing may be replaced, neither is what has come there in the meantime.
  ///
  /// - Parameter path: the name as people know it, for errors. Throws `OutputError`.
  package static func move(_ file: String, to target: String, as path: String, overwrite: Bool) throws {
    if !overwrite {
      if unsafe link(file, target) == 0 {
        _ = unsafe unlink(file)
        return
      }
      // Some file systems have no second names: there somebody may come between looking and moving.
      let isTaken = unsafe access(target, F_OK) == 0
      if isTaken { throw OutputError.exists(path: path) }
    }
    guard unsafe rename(file, target) == 0 else {
      throw OutputError.notWritable(path: path, reason: POSIXError(.init(rawValue: errno) ?? .EIO).localizedDescription)
    }
  }

  deinit { if !isCommitted { try? FileManager.default.removeItem(atPath: temporary) } }
}
