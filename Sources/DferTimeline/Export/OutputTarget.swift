import Foundation

/// What a path leads to, as a place to write.
package enum OutputTarget: Sendable, Hashable {
  /// Something that is open already: standard output, or `/dev/fd/N`.
  case descriptor(Int32)
  /// A pipe or a device that exists.
  case stream(String)
  /// A regular file, or none yet; links are followed, so that it is the file they point to that is written.
  case file(String)

  /// Throws `OutputError` for folders, for links in a circle, and for files that would be made or replaced below `/dev`.
  package init(_ path: String) throws {
    guard path != "-" else {
      self = .descriptor(1)
      return
    }
    let files = FileManager.default
    var url = URL(fileURLWithPath: path)
    for _ in 0..<40 {
      if let number = Self.descriptor(url.path) {
        self = .descriptor(number)
        return
      }
      let folder = url.deletingLastPathComponent().resolvingSymlinksInPath()
      url = folder.appendingPathComponent(url.lastPathComponent)
      if let number = Self.descriptor(url.path) {
        self = .descriptor(number)
        return
      }
      // Foundation writes what is no UTF-8 as U+FFFD, and that is the name of another file.
      guard path.unicodeScalars.contains("\u{FFFD}") || !url.path.unicodeScalars.contains("\u{FFFD}") else {
        throw OutputError.notWritable(path: path, reason: "it leads to a name that is not UTF-8")
      }
      if let target = try? files.destinationOfSymbolicLink(atPath: url.path) {
        url =
          URL(fileURLWithPath: target, relativeTo: folder.appendingPathComponent("", isDirectory: true))
          .standardizedFileURL
        continue
      }
      let type = (try? files.attributesOfItem(atPath: url.path))?[.type] as? FileAttributeType
      switch type {
      case nil, .typeRegular?:
        guard !Self.isOfTheSystem(url.path) else {
          throw OutputError.notWritable(path: path, reason: "no file is made or replaced below /dev, /proc and /sys")
        }
        self = .file(url.path)
      case .typeDirectory?: throw OutputError.notWritable(path: path, reason: "it is a directory")
      default: self = .stream(url.path)
      }
      return
    }
    throw OutputError.notWritable(path: path, reason: "its links lead in a circle")
  }

  /// The number of what is open under that name; nil for other paths.
  private static func descriptor(_ path: String) -> Int32? {
    switch path {
    case "/dev/stdout": return 1
    case "/dev/stderr": return 2
    default: break
    }
    for folder in ["/dev/fd/", "/proc/self/fd/", "/proc/\(getpid())/fd/"] where path.hasPrefix(folder) {
      return Int32(path.dropFirst(folder.count))
    }
    return nil
  }

  /// `/dev/shm` is memory that people may well keep files in.
  private static func isOfTheSystem(_ path: String) -> Bool {
    ["/dev/", "/proc/", "/sys/"].contains(where: path.hasPrefix) && !path.hasPrefix("/dev/shm/")
  }
}
