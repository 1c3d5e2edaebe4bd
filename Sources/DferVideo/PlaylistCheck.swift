import DferImage
import Foundation

/// Looks through a local playlist before FFmpeg does: what it names must lie in its own folder, and be no playlist.
///
/// HLS is watched while it is read, because FFmpeg asks before it opens a part. DASH and concat open their parts without
/// asking.
struct PlaylistCheck {
  let path: String
  let format: String

  func run() throws {
    switch format {
    case "dash": for entry in try dashEntries() { try check(entry, mustExist: false) }
    case "concat": for entry in try concatEntries() { try check(entry, mustExist: true) }
    default: break
    }
  }

  private func text() throws -> String {
    guard let data = FileManager.default.contents(atPath: path), data.count < 16 << 20,
      let text = String(data: data, encoding: .utf8)
    else { throw VideoError.notText(path: path) }
    return text
  }

  private var folder: URL { URL(fileURLWithPath: path).deletingLastPathComponent() }

  private func check(_ entry: String, mustExist: Bool) throws {
    let parts = entry.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    let isInside =
      !entry.utf8.isEmpty && entry.utf8.first != UInt8(ascii: "/") && !parts.contains { $0.elementsEqual("..".utf8) }
      && !entry.utf8.contains(UInt8(ascii: ":")) && !entry.utf8.contains(UInt8(ascii: "&"))
    guard isInside else { throw VideoError.outsidePlaylist(path: path) }
    guard mustExist else { return }
    let file = folder.appendingPathComponent(entry).resolvingSymlinksInPath().path
    guard file.hasPrefix(folder.resolvingSymlinksInPath().path), FilmProbe.isFilm(file) else {
      throw VideoError.outsidePlaylist(path: path)
    }
  }

  /// Addresses in a DASH description, without its names of schemas.
  private func dashEntries() throws -> [String] {
    let text = try text()
    var entries: [String] = []
    for name in ["media", "initialization", "sourceURL", "index", "xlink:href", "href", "bitstreamSwitching"] {
      for quote in ["\"", "'"] {
        let parts = text.components(separatedBy: name + "=" + quote).dropFirst()
        entries += parts.map { $0.components(separatedBy: quote)[0] }
      }
    }
    for tag in ["BaseURL", "Location"] {
      for part in text.components(separatedBy: "<" + tag).dropFirst() {
        guard let begin = part.firstIndex(of: ">"), let end = part[begin...].firstIndex(of: "<") else { continue }
        entries.append(String(part[part.index(after: begin)..<end]).trimmingCharacters(in: .whitespacesAndNewlines))
      }
    }
    if text.contains("<!") && (text.contains("<!ENTITY") || text.contains("<![CDATA[")) {
      throw VideoError.outsidePlaylist(path: path)
    }
    return entries.filter { !$0.isEmpty && $0 != "./" }
  }

  /// Names in a list of the concat demuxer.
  private func concatEntries() throws -> [String] {
    try text().split(whereSeparator: \.isNewline).compactMap { line in
      let words = line.trimmingCharacters(in: .whitespaces)
      guard words.hasPrefix("file") else { return nil }
      return String(words.dropFirst(4)).trimmingCharacters(in: .whitespaces)
        .trimmingCharacters(in: CharacterSet(charactersIn: "'\""))
    }
  }

  /// The host of an address that Foundation does not read.
  static func host(of address: String) -> String? {
    guard let start = address.range(of: "://") else { return nil }
    let authority = address[start.upperBound...].prefix { !"/?#".contains($0) }
    let host = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
    if host.hasPrefix("[") { return host.firstIndex(of: "]").map { String(host[...$0]) } }
    return String(host.prefix { $0 != ":" })
  }
}
