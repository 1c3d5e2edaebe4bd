import DferTimeline
import Foundation

/// The manifest of a run. Its name is taken from the start to the end of the run, so that no other run whose manifest would have the
/// same name goes on at the same time: rows of one would lie beside the facts of the other.
final class ManifestFile {
  /// nil: the run writes none.
  let path: String?
  private let overwrite: Bool
  private var lock: FileHandle?
  /// Whether what lies there is this run's.
  private var isOurs = false

  /// Throws `OutputError.inUse` while another run has the name.
  init(_ path: String?, overwrite: Bool) throws {
    (self.path, self.overwrite) = (path, overwrite)
    guard let path else { return }
    let descriptor = unsafe open(Self.lockPath(of: path), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o666)
    // What speaks against the folder is said when the manifest is checked.
    guard descriptor >= 0 else { return }
    lock = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    // The system lets go of it however the run ends. Some network drives know no locks.
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
      lock = nil
      throw OutputError.inUse(path: path)
    }
  }

  deinit { if let path, lock != nil { try? FileManager.default.removeItem(atPath: Self.lockPath(of: path)) } }

  /// What the hidden file beside a manifest says of its run.
  enum Trace { case goesOn, wasKilled }

  /// nil: no run goes on, and the last one ended by itself.
  static func trace(of manifest: String) -> Trace? {
    let descriptor = unsafe open(lockPath(of: manifest), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK ? .goesOn : .wasKilled
  }

  /// The hidden file beside a manifest that is there while its run goes on.
  static func lockPath(of manifest: String) -> String {
    let name = (manifest as NSString).lastPathComponent
    return manifest.dropLast(name.count) + (name.hasPrefix(".") ? "" : ".") + name + ".lock"
  }

  func write(_ manifest: RunManifest) throws {
    guard let path else { return }
    try manifest.write(to: path, overwrite: overwrite || isOurs)
    isOurs = true
  }
}
