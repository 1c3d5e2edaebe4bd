/// A JSON value. Numbers stay text, so that no digit is lost; members keep their order.
enum JSONValue: Hashable, Sendable {
  case null
  case bool(Bool)
  case number(String)
  case text(String)
  case list([JSONValue])
  case object([Member])

  struct Member: Hashable, Sendable {
    let name: String
    let value: JSONValue
  }

  /// The first member of that name; nil when there is none, or when this is no object.
  subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  /// What a cell of a table holds for this value; nil for lists and objects.
  var cell: String? {
    switch self {
    case .null: ""
    case .bool(let value): value ? "true" : "false"
    case .number(let text), .text(let text): text
    case .list, .object: nil
    }
  }
}

/// Reads one JSON value after the other (RFC 8259), with nothing but white space between them.
struct JSONReader {
  private let bytes: [UInt8]
  private var place = 0
  private(set) var line = 1
  /// The lines at which objects inside a list of the document start: those of a document's rows.
  private(set) var rowLines: [Int] = []
  private static let deepest = 64
  /// Whether the document is a list, as pandas and R write the rows of a table.
  private var isList: Bool { Self.begins(bytes, with: ["["]) }

  /// Whether a text is JSON: an object, or a list.
  static func isDocument(_ bytes: some Collection<UInt8>) -> Bool { begins(bytes, with: ["{", "["]) }

  private static func begins(_ bytes: some Collection<UInt8>, with starts: [Unicode.Scalar]) -> Bool {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let text = bytes.dropFirst(bytes.starts(with: mark) ? mark.count : 0)
    return text.first { !" \t\r\n".utf8.contains($0) }.map { first in starts.contains { UInt8(ascii: $0) == first } }
      ?? false
  }

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { place = 3 }
  }

  /// The next value; nil at the end. Throws `CSVTimeline.ParseError`.
  mutating func next() throws -> JSONValue? {
    skipSpace()
    return place < bytes.count ? try value(depth: 0) : nil
  }

  private mutating func value(depth: Int) throws -> JSONValue {
    guard depth < Self.deepest else { throw fault("too many levels") }
    skipSpace()
    guard place < bytes.count else { throw fault("the text is cut off") }
    switch bytes[place] {
    case UInt8(ascii: "{"):
      if depth == (isList ? 1 : 2) { rowLines.append(line) }
      var members: [JSONValue.Member] = []
      try items(until: "}") { reader in
        guard reader.peek == UInt8(ascii: "\"") else { throw reader.fault("a name must be in quotes") }
        let name = try reader.string()
        reader.skipSpace()
        try reader.expect(":")
        members.append(JSONValue.Member(name: name, value: try reader.value(depth: depth + 1)))
      }
      return .object(members)
    case UInt8(ascii: "["):
      var list: [JSONValue] = []
      try items(until: "]") { list.append(try $0.value(depth: depth + 1)) }
      return .list(list)
    case UInt8(ascii: "\""): return .text(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return .number(try number())
    }
  }

  /// The comma-separated items of a list or object, its brackets included.
  private mutating func items(until end: Unicode.Scalar, _ item: (inout JSONReader) throws -> Void) throws {
    place += 1
    skipSpace()
    if peek == UInt8(ascii: end) {
      place += 1
      return
    }
    while true {
      skipSpace()
      try item(&self)
      skipSpace()
      if peek == UInt8(ascii: end) {
        place += 1
        return
      }
      try expect(",")
    }
  }

  private mutating func string() throws -> String {
    place += 1
    var content: [UInt8] = []
    while let byte = peek {
      place += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: content, as: UTF8.self) else { throw fault("not UTF-8 text") }
        return text
      case UInt8(ascii: "\\"): content += Array(String(try escape()).utf8)
      case 0..<0x20: throw fault("a control character inside a text")
      default: content.append(byte)
      }
    }
    throw fault("a text without an end")
  }

  private mutating func escape() throws -> Character {
    guard let byte = peek else { throw fault("the text is cut off") }
    place += 1
    let simple: [UInt8: Character] = [
      UInt8(ascii: "\""): "\"", UInt8(ascii: "\\"): "\\", UInt8(ascii: "/"): "/", UInt8(ascii: "n"): "\n",
      UInt8(ascii: "t"): "\t", UInt8(ascii: "r"): "\r", UInt8(ascii: "b"): "\u{8}", UInt8(ascii: "f"): "\u{C}",
    ]
    if let character = simple[byte] { return character }
    guard byte == UInt8(ascii: "u") else { throw fault("an unknown escape") }
    var code = try hexadecimal()
    if (0xD800..<0xDC00).contains(code), peek == UInt8(ascii: "\\") {
      place += 1
      try expect("u")
      let low = try hexadecimal()
      guard (0xDC00..<0xE000).contains(low) else { throw fault("half a character") }
      code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(code) else { throw fault("half a character") }
    return Character(scalar)
  }

  private mutating func hexadecimal() throws -> UInt32 {
    let end = min(place + 4, bytes.count)
    let digits = String(decoding: bytes[place..<end], as: UTF8.self)
    guard digits.utf8.count == 4, digits.allSatisfy(\.isHexDigit), let code = UInt32(digits, radix: 16) else {
      throw fault("an unknown escape")
    }
    place = end
    return code
  }

  private mutating func number() throws -> String {
    let start = place
    while let byte = peek, "+-.0123456789eE".utf8.contains(byte) { place += 1 }
    let text = String(decoding: bytes[start..<place], as: UTF8.self)
    guard Double(text) != nil, !text.hasPrefix("+") else { throw fault("not readable as JSON") }
    return text
  }

  private mutating func word(_ text: String, _ value: JSONValue) throws -> JSONValue {
    guard bytes[place...].starts(with: text.utf8) else { throw fault("not readable as JSON") }
    place += text.utf8.count
    return value
  }

  private var peek: UInt8? { place < bytes.count ? bytes[place] : nil }

  private mutating func expect(_ scalar: Unicode.Scalar) throws {
    guard peek == UInt8(ascii: scalar) else { throw fault("\"\(scalar)\" is missing") }
    place += 1
  }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      if byte == 0x0A { line += 1 }
      place += 1
    }
  }

  private func fault(_ reason: String) -> CSVTimeline.ParseError { .init(line: line, reason: reason) }
}

extension CSVTimeline {
  /// Rows of `.jsonl` (an object a line) or of `.json` (one document whose `rows` are such objects).
  init(json bytes: [UInt8]) throws {
    var reader = JSONReader(bytes)
    guard let first = try reader.next() else { throw ParseError(line: 1, reason: "no rows") }
    var waiting: [(line: Int, value: JSONValue)] = [(1, first)]
    let list: [JSONValue]? =
      switch (first, first["rows"]) {
      case (.list(let rows), _), (_, .list(let rows)?): rows
      default: nil
      }
    if let rows = list {
      if let more = try reader.next() {
        throw ParseError(line: reader.line, reason: "text after the document: \(more.cell ?? "")")
      }
      // Rows come before segments, so theirs are the first lines.
      waiting = rows.enumerated().map { index, row in
        (index < reader.rowLines.count ? reader.rowLines[index] : reader.line, row)
      }.reversed()
    }
    guard case .object(let members)? = waiting.last?.value else {
      // A document can say its columns without having a row.
      guard waiting.isEmpty, case .list(let columns)? = first["columns"] else {
        throw ParseError(line: 1, reason: "no rows")
      }
      try self.init(header: columns.compactMap(\.cell)) { nil }
      return
    }
    let header = members.map(\.name)
    try self.init(header: header) {
      guard let (line, value) = try waiting.popLast() ?? reader.next().map({ (reader.line, $0) }) else { return nil }
      guard case .object(let members) = value, members.map(\.name) == header else {
        throw ParseError(line: line, reason: "a row has other fields than the first")
      }
      let cells = try members.map { member in
        guard let cell = member.value.cell else {
          throw ParseError(line: line, reason: "field \(member.name) cannot hold a list")
        }
        return cell
      }
      return DelimitedReader.Record(line: line, cells: cells)
    }
  }
}
