/// Reads the JSON of a safetensors header, token by token: objects, strings and lists of whole numbers.
struct HeaderReader {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Calls `member` after each name; it must read that name's value.
  mutating func object(
    _ member: (_ name: String, _ reader: inout HeaderReader) throws(HeaderFault) -> Void
  ) throws(HeaderFault) {
    try expect(UInt8(ascii: "{"))
    if skip(UInt8(ascii: "}")) { return }
    repeat {
      let name = try string()
      try expect(UInt8(ascii: ":"))
      try member(name, &self)
    } while skip(UInt8(ascii: ","))
    try expect(UInt8(ascii: "}"))
  }

  /// A list of whole numbers from 0 up.
  mutating func integers() throws(HeaderFault) -> [Int] {
    try expect(UInt8(ascii: "["))
    if skip(UInt8(ascii: "]")) { return [] }
    var numbers: [Int] = []
    repeat { numbers.append(try integer()) } while skip(UInt8(ascii: ","))
    try expect(UInt8(ascii: "]"))
    return numbers
  }

  mutating func string() throws(HeaderFault) -> String {
    try expect(UInt8(ascii: "\""))
    var text: [UInt8] = []
    while let byte = next() {
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else {
          throw HeaderFault("the header holds text that is not UTF-8")
        }
        return string
      case UInt8(ascii: "\\"): text.append(contentsOf: try escape())
      case 0..<0x20: throw fault("a bare control character in a string")
      default: text.append(byte)
      }
    }
    throw fault("a string without an end")
  }

  /// Nothing but white space may follow.
  mutating func end() throws(HeaderFault) {
    skipSpace()
    if position < bytes.count { throw fault("text after the header's object") }
  }

  // MARK: Parts of a token

  private mutating func integer() throws(HeaderFault) -> Int {
    skipSpace()
    let start = position
    while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
    let digits = bytes[start..<position]
    guard !digits.isEmpty else { throw fault("no whole number from 0 up") }
    guard digits.count == 1 || digits.first != UInt8(ascii: "0") else { throw fault("a number with a leading zero") }
    guard let number = Int(String(decoding: digits, as: UTF8.self)) else { throw fault("a number beyond 64 bits") }
    return number
  }

  private mutating func escape() throws(HeaderFault) -> String.UTF8View {
    switch next() {
    case UInt8(ascii: "\""): return "\"".utf8
    case UInt8(ascii: "\\"): return "\\".utf8
    case UInt8(ascii: "/"): return "/".utf8
    case UInt8(ascii: "b"): return "\u{8}".utf8
    case UInt8(ascii: "f"): return "\u{C}".utf8
    case UInt8(ascii: "n"): return "\n".utf8
    case UInt8(ascii: "r"): return "\r".utf8
    case UInt8(ascii: "t"): return "\t".utf8
    case UInt8(ascii: "u"): return String(try unicode()).utf8
    default: throw fault("an unknown escape in a string")
    }
  }

  /// The scalar of `\uXXXX`, or of the two halves of a surrogate pair.
  private mutating func unicode() throws(HeaderFault) -> Character {
    var code = try hex()
    if (0xD800..<0xDC00).contains(code) {
      guard next() == UInt8(ascii: "\\"), next() == UInt8(ascii: "u") else { throw fault("half a surrogate pair") }
      let low = try hex()
      guard (0xDC00..<0xE000).contains(low) else { throw fault("half a surrogate pair") }
      code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(code) else { throw fault("half a surrogate pair") }
    return Character(scalar)
  }

  private mutating func hex() throws(HeaderFault) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw fault("\\u without four hexadecimal digits")
      }
      code = code << 4 + UInt32(digit)
    }
    return code
  }

  // MARK: Bytes

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func next() -> UInt8? {
    guard let byte = peek else { return nil }
    position += 1
    return byte
  }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private mutating func skip(_ wanted: UInt8) -> Bool {
    skipSpace()
    guard peek == wanted else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ wanted: UInt8) throws(HeaderFault) {
    guard skip(wanted) else { throw fault("no '\(Character(Unicode.Scalar(wanted)))'") }
  }

  private func fault(_ what: String) -> HeaderFault {
    HeaderFault("the header is not valid JSON of this format: \(what) at byte \(position)")
  }
}
