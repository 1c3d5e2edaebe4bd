/// Reads the XML that annotation programs write: elements, attributes, text, in UTF-8. Names with a prefix stay as they
/// are; document types are refused, so that nothing is ever expanded or fetched.
///
/// Foundation's parser is not used here: it stops the whole program on some damaged files, and annotations come from
/// anywhere.
struct XMLScanner {
  enum Event: Hashable {
    case start(String, [String: String])
    case text(String)
    case end(String)
  }

  private let bytes: [UInt8]
  private var place = 0
  private var open: [String] = []
  private var closing: String?
  private var hasRoot = false

  init(_ bytes: some Sequence<UInt8>) {
    self.bytes = Array(bytes)
    if self.bytes.starts(with: [0xEF, 0xBB, 0xBF]) { place = 3 }
  }

  /// The next event; nil at the end of a whole document. Throws `AnnotationError`.
  mutating func next() throws -> Event? {
    if let name = closing {
      closing = nil
      return .end(name)
    }
    while place < bytes.count {
      if bytes[place] != UInt8(ascii: "<") {
        let text = try decoded(take(until: "<", orEnd: true))
        guard open.isEmpty else { return .text(text) }
        guard text.allSatisfy(\.isWhitespace) else { throw fault("text outside the document") }
      } else if skip("<!--") {
        _ = try take(until: "-->")
      } else if skip("<?") {
        _ = try take(until: "?>")
      } else if skip("<![CDATA[") {
        return .text(String(decoding: try take(until: "]]>"), as: UTF8.self))
      } else if skip("</") {
        let name = String(decoding: try take(until: ">"), as: UTF8.self).filter { !$0.isWhitespace }
        guard open.popLast() == name else { throw fault("\"\(name)\" ends what did not start") }
        return .end(name)
      } else if skip("<!") {
        throw fault("a document type")
      } else {
        place += 1
        return try element()
      }
    }
    guard open.isEmpty, hasRoot else { throw fault("the document is cut off") }
    return nil
  }

  private mutating func element() throws -> Event {
    guard !open.isEmpty || !hasRoot else { throw fault("two documents") }
    guard open.count < 100 else { throw fault("too many levels") }
    hasRoot = true
    let name = try word()
    var attributes: [String: String] = [:]
    while true {
      skipSpace()
      if skip("/>") {
        closing = name
        return .start(name, attributes)
      }
      if skip(">") {
        open.append(name)
        return .start(name, attributes)
      }
      let key = try word()
      skipSpace()
      guard skip("=") else { throw fault("no value for \"\(key)\"") }
      skipSpace()
      let quote = skip("\"") ? "\"" : skip("'") ? "'" : nil
      guard let quote else { throw fault("no quote for \"\(key)\"") }
      let value = try decoded(take(until: quote))
      guard attributes.updateValue(value, forKey: key) == nil else { throw fault("\"\(key)\" twice") }
    }
  }

  // MARK: Bytes

  private mutating func word() throws -> String {
    let start = place
    while place < bytes.count, !" \t\r\n=/><\"'".utf8.contains(bytes[place]) { place += 1 }
    guard place > start else { throw fault("no name") }
    return String(decoding: bytes[start..<place], as: UTF8.self)
  }

  private mutating func skipSpace() {
    while place < bytes.count, " \t\r\n".utf8.contains(bytes[place]) { place += 1 }
  }

  private mutating func skip(_ text: String) -> Bool {
    guard bytes[place...].starts(with: text.utf8) else { return false }
    place += text.utf8.count
    return true
  }

  /// The bytes before `mark`, which is stepped over unless it may be the document's end.
  private mutating func take(until mark: String, orEnd: Bool = false) throws -> ArraySlice<UInt8> {
    let mark = Array(mark.utf8)
    let start = place
    while place < bytes.count {
      if bytes[place] == mark[0], bytes[place...].starts(with: mark) {
        defer { if !orEnd { place += mark.count } }
        return bytes[start..<place]
      }
      place += 1
    }
    guard orEnd else { throw fault("the document is cut off") }
    return bytes[start...]
  }

  /// Text with its references replaced.
  private func decoded(_ slice: ArraySlice<UInt8>) throws -> String {
    // Scalars, not Characters: a mark may combine with the end of a reference.
    let text = String(decoding: slice, as: UTF8.self).unicodeScalars
    guard text.contains("&") else { return String(text) }
    let parts = text.split(separator: "&", omittingEmptySubsequences: false)
    var result = String.UnicodeScalarView(parts[0])
    for part in parts.dropFirst() {
      guard let end = part.firstIndex(of: ";") else { throw fault("an open reference") }
      result.append(try scalar(String(part[..<end])))
      result.append(contentsOf: part[part.index(after: end)...])
    }
    return String(result)
  }

  private func scalar(_ name: String) throws -> Unicode.Scalar {
    let named: [String: Unicode.Scalar] = ["lt": "<", "gt": ">", "amp": "&", "quot": "\"", "apos": "'"]
    if let scalar = named[name] { return scalar }
    let number = name.hasPrefix("#x") ? UInt32(name.dropFirst(2), radix: 16) : UInt32(name.dropFirst())
    guard name.hasPrefix("#"), let scalar = number.flatMap(Unicode.Scalar.init) else {
      throw fault("reference \"\(name)\"")
    }
    return scalar
  }

  private func fault(_ reason: String) -> AnnotationError { AnnotationError("not readable as XML: \(reason)") }
}
