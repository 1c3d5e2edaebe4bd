/// An address as it may be shown: in messages, rows, manifests, exports and the live view.
///
/// Kept are the scheme, the host with its port, and the path. Everything else becomes `***`: user and password, the whole
/// query, the fragment, and in the path whatever follows `;`, a name such as `user=` or `token=`, or a segment such as
/// `/token/`; tokens that look like one (JWT); and the stream name of RTMP addresses. What is no address, such as the
/// path of a file, stays as it is.
package func redacted(_ location: String) -> String {
  // By bytes: a combining mark behind a question mark makes another Character of it, and would hide it from us.
  let bytes = Array(location.utf8)[...]
  guard let first = Address(bytes) else { return location }
  // A list of addresses, as the concat protocol has them.
  let parts = bytes.split(separator: UInt8(ascii: "|"), omittingEmptySubsequences: false)
  let shown =
    parts.count == 1
    ? first.shown : Array(parts.map { Address($0)?.shown ?? Array($0) }.joined(separator: [UInt8(ascii: "|")]))
  return String(decoding: shown, as: UTF8.self)
}

/// The parts of an address that matter here, as bytes.
private struct Address {
  private typealias Bytes = ArraySlice<UInt8>

  /// What stands before the scheme's name, such as "concat:".
  private let front: ArraySlice<UInt8>
  private let scheme: String
  /// "rtsp://"
  private let head: ArraySlice<UInt8>
  private let rest: ArraySlice<UInt8>

  /// Nil for what is no address. One lost slash, or none after the scheme of a network, is still one.
  init?(_ text: ArraySlice<UInt8>) {
    var name = text.startIndex
    for index in text.indices {
      let byte = text[index]
      if byte == UInt8(ascii: ":") {
        let scheme = text[name..<index]
        let isAddress =
          text[(index + 1)...].first == UInt8(ascii: "/")
          || (name == text.startIndex && Self.networks.contains(Self.word(scheme)))
        if isAddress, scheme.count > 1, Self.isLetter(scheme[name]) {
          let slashes = text[(index + 1)...].prefix { $0 == UInt8(ascii: "/") }
          (front, self.scheme) = (text[..<name], Self.word(scheme))
          (head, rest) = (text[name..<slashes.endIndex], text[slashes.endIndex...])
          return
        }
      }
      if !Self.isNamePart(byte) { name = index + 1 }
    }
    return nil
  }

  var shown: [UInt8] {
    // Only names of protocols may stand in front of an address; anything else may be a key.
    let isPlain = front.allSatisfy { Self.isNamePart($0) || $0 == UInt8(ascii: ":") }
    let start = (isPlain ? Array(front) : Self.stars) + head
    if scheme == "file" {
      // A path: question marks and hashes belong to names.
      let isHost = head.count == scheme.utf8.count + 3
      let at = isHost ? rest.prefix { $0 != UInt8(ascii: "/") }.lastIndex(of: UInt8(ascii: "@")) : nil
      return at.map { start + Self.stars + rest[$0...] } ?? start + rest
    }
    let authority = rest.prefix { !Self.endsAuthority($0) }
    // A slash or question mark in a password does not belong there, but people paste it: when in doubt, hide too much.
    let at =
      authority.lastIndex(of: UInt8(ascii: "@"))
      ?? (authority.contains(UInt8(ascii: ":")) ? rest.lastIndex(of: UInt8(ascii: "@")) : nil)
    let afterUser = at.map { rest[($0 + 1)...] } ?? rest
    let host = afterUser.prefix { !Self.endsAuthority($0) }
    return start + (at == nil ? [] : Self.stars + [UInt8(ascii: "@")]) + shown(host: host)
      + shown(path: afterUser[host.endIndex...])
  }

  /// A port is a number. Anything else after a colon is a password whose "@" was written in another way.
  private func shown(host: ArraySlice<UInt8>) -> [UInt8] {
    if Self.word(host).contains("%40") { return Self.stars }
    guard host.last != UInt8(ascii: "]"), let colon = host.lastIndex(of: UInt8(ascii: ":")) else { return Array(host) }
    let isPort = host[(colon + 1)...].allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    return isPort ? Array(host) : host[...colon] + Self.stars
  }

  private func shown(path: ArraySlice<UInt8>) -> [UInt8] {
    let plain = path.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
    var segments = plain.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map { Array($0) }
    var isValue = false
    for index in segments.indices where !segments[index].isEmpty {
      let word = Self.word(Self.decoded(segments[index])[...])
      segments[index] = isValue ? Self.stars : shown(segment: segments[index])
      isValue = !isValue && Self.secretSegments.contains(word)
    }
    let named = segments.indices.filter { !segments[$0].isEmpty }
    if scheme.hasPrefix("rtmp"), named.count > 1, let last = named.last { segments[last] = Self.stars }
    // An address inside of an address has a user, a query and a path of its own.
    if let inner = segments.firstIndex(where: { $0.last == UInt8(ascii: ":") && $0.count > 2 }) {
      segments = segments[..<inner] + [Self.stars]
    }
    var result = Array(segments.joined(separator: [UInt8(ascii: "/")]))
    let after = path[plain.endIndex...]
    let query = after.prefix { $0 != UInt8(ascii: "#") }
    if !query.isEmpty { result += [UInt8(ascii: "?")] + (query.count > 1 ? Self.stars : []) }
    let fragment = after[query.endIndex...]
    if fragment.count > 1 { result += [UInt8(ascii: "#")] + Self.stars }
    return result
  }

  /// A segment up to what it must not show. Percent signs do not hide a name: they are decoded first.
  private func shown(segment: [UInt8]) -> [UInt8] {
    let plain = Self.decoded(segment)
    if plain.starts(with: Array("eyJ".utf8)) && plain.count(where: { $0 == UInt8(ascii: ".") }) >= 2 {
      return Self.stars
    }
    var name = plain.startIndex
    for index in plain.indices {
      let byte = plain[index]
      if byte == UInt8(ascii: ";") { return plain[...index] + Self.stars }
      if byte == UInt8(ascii: "=") {
        let word = Self.word(plain[name..<index])
        if Self.secretNames.contains(where: word.contains) { return plain[...index] + Self.stars }
      }
      if !Self.isNamePart(byte) { name = index + 1 }
    }
    return segment
  }

  private static func decoded(_ text: [UInt8]) -> [UInt8] {
    var (result, index) = ([UInt8](), 0)
    while index < text.count {
      if text[index] == UInt8(ascii: "%"), index + 2 < text.count,
        let value = UInt8(String(decoding: text[(index + 1)...(index + 2)], as: UTF8.self), radix: 16)
      {
        result.append(value)
        index += 3
      } else {
        result.append(text[index])
        index += 1
      }
    }
    return result
  }

  private static func word(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self).lowercased() }

  private static func endsAuthority(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#")
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) }

  private static func isNamePart(_ byte: UInt8) -> Bool {
    isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "+-._".utf8.contains(byte)
  }

  private static let stars = Array("***".utf8)

  private static let networks: Set<String> = [
    "http", "https", "rtsp", "rtsps", "rtmp", "rtmps", "rtmpt", "rtmpe", "udp", "rtp", "srt", "tcp", "tls", "ftp",
    "sftp",
    "mms", "mmsh", "rist",
  ]

  /// Parts of names in a path whose values are kept back.
  private static let secretNames = [
    "pass", "pwd", "pw", "token", "secret", "key", "auth", "sig", "user", "usr", "login", "cred", "session", "sid",
    "jwt",
    "hmac", "hdn", "hash", "otp",
  ]

  /// Whole segments of a path whose next segment is kept back.
  private static let secretSegments: Set<String> = [
    "token", "access_token", "key", "apikey", "api_key", "api-key", "streamkey", "stream_key", "stream-key", "secret",
    "password", "passwd", "pass", "pwd", "auth", "jwt", "sig", "signature", "session", "sessionid", "sid", "hmac",
    "hdnts", "hdnea", "user", "login", "credentials",
  ]
}
