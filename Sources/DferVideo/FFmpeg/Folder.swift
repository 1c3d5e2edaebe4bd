import CFFmpeg
import Foundation

/// What stands in a folder, by the bytes of its names.
///
/// Foundation leaves out names that are not UTF-8. Here they are listed, with what is no text written as `\xFC`.
package struct Folder: Sendable {
  package enum Kind: Sendable {
    case file, folder
    /// A link to nothing, or to itself.
    case deadLink
    /// A pipe, a socket, a device.
    case other
  }

  package struct Entry: Sendable {
    /// The name, or how it is written when `isText` is false.
    package let name: String
    /// Whether the name is UTF-8, so that it can be opened by it.
    package let isText: Bool
    package let kind: Kind
    package let isLink: Bool
    /// Device and number of what the name leads to, links followed: the same for every way to it.
    package let identity: Identity
  }

  package struct Identity: Sendable, Hashable {
    let device, number: UInt64
  }

  /// Entries in the order of their bytes, without `.` and `..`.
  package let entries: [Entry]

  /// Nil when the folder cannot be listed.
  package init?(_ path: String) {
    guard let handle = opendir(path) else { return nil }
    defer { closedir(handle) }
    var found: [(bytes: [UInt8], entry: Entry)] = []
    while let entry = readdir(handle) {
      let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { raw in Array(raw.prefix { $0 != 0 }) }
      if bytes == [46] || bytes == [46, 46] { continue }
      var facts = stat()
      let (isThere, isLink) = bytes.map { CChar(bitPattern: $0) }.withTerminator { name in
        let isLink = fstatat(dirfd(handle), name, &facts, AT_SYMLINK_NOFOLLOW) == 0 && facts.st_mode & S_IFMT == S_IFLNK
        return (fstatat(dirfd(handle), name, &facts, 0) == 0, isLink)
      }
      let kind: Kind =
        !isThere
        ? .deadLink
        : facts.st_mode & S_IFMT == S_IFREG ? .file : facts.st_mode & S_IFMT == S_IFDIR ? .folder : .other
      let (text, isText) = Self.text(of: bytes)
      found.append(
        (
          bytes,
          Entry(
            name: text, isText: isText, kind: kind, isLink: isLink,
            identity: isThere ? Identity(facts) : Identity(device: 0, number: 0))
        ))
    }
    entries = found.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }.map(\.entry)
  }

  /// What a path leads to, links followed; nil when nothing is there.
  package static func identity(of path: String) -> Identity? {
    var facts = stat()
    return stat(path, &facts) == 0 ? Identity(facts) : nil
  }

  /// What a path leads to, links followed, whatever bytes their targets have; nil when nothing is there.
  package static func kind(of path: String) -> Kind? {
    var facts = stat()
    guard stat(path, &facts) == 0 else { return nil }
    return facts.st_mode & S_IFMT == S_IFREG ? .file : facts.st_mode & S_IFMT == S_IFDIR ? .folder : .other
  }

  /// Bytes and seconds since 1970 of the regular file that a path leads to, links followed; nil for anything else.
  package static func stamp(ofFile path: String) -> (byteSize: Int64, modified: Double)? {
    var facts = stat()
    guard stat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { return nil }
    #if os(Linux)
      let time = facts.st_mtim
    #else
      let time = facts.st_mtimespec
    #endif
    return (Int64(facts.st_size), Double(time.tv_sec) + Double(time.tv_nsec) / 1e9)
  }

  /// Where the link at a path leads, by the text of its bytes; nil when it is no link.
  package static func target(ofLink path: String) -> (text: String, isText: Bool)? {
    var bytes = [UInt8](repeating: 0, count: 4097)
    let count = bytes.withUnsafeMutableBytes { readlink(path, $0.bindMemory(to: CChar.self).baseAddress!, 4096) }
    return count < 0 ? nil : Self.text(of: Array(bytes.prefix(count)))
  }

  /// The folder that relative paths start from. Nil when it is gone.
  package static var current: (text: String, isText: Bool)? {
    guard let path = getcwd(nil, 0) else { return nil }
    defer { free(path) }
    return text(of: Array(UnsafeRawBufferPointer(start: path, count: strlen(path))))
  }

  /// Bytes as text, and whether they are text. What is none is written as `\xFC`.
  package static func text(of bytes: [UInt8]) -> (text: String, isText: Bool) {
    String(validating: bytes, as: UTF8.self).map { ($0, true) } ?? (written(bytes), false)
  }

  /// Whether a path leads to a pipe with a name.
  package static func isPipe(_ path: String) -> Bool {
    var facts = stat()
    return stat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFIFO
  }

  /// Bytes that are no UTF-8, as text: "M\xFCller.mp4".
  private static func written(_ bytes: [UInt8]) -> String {
    var (result, rest) = ("", bytes[...])
    while let first = rest.first {
      let width = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
      if let text = String(validating: Array(rest.prefix(width)), as: UTF8.self) {
        result += text
        rest = rest.dropFirst(width)
      } else {
        let digits = String(first, radix: 16, uppercase: true)
        result += "\\x" + (digits.count < 2 ? "0" : "") + digits
        rest = rest.dropFirst()
      }
    }
    return result
  }
}

extension Folder.Identity {
  fileprivate init(_ facts: stat) {
    self.init(device: UInt64(truncatingIfNeeded: facts.st_dev), number: UInt64(truncatingIfNeeded: facts.st_ino))
  }
}

extension [CChar] {
  fileprivate func withTerminator<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    (self + [0]).withUnsafeBufferPointer { body($0.baseAddress!) }
  }
}
