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
      let text = String(validating: bytes, as: UTF8.self)
      found.append(
        (
          bytes,
          Entry(
            name: text ?? Self.written(bytes), isText: text != nil, kind: kind, isLink: isLink,
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
