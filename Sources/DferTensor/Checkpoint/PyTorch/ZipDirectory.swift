/// Where the entries of a zip archive lie, as far as PyTorch needs it: all are stored as they are. A compressed entry is
/// refused, so an archive can never unpack to more than its own size.
///
/// Format: APPNOTE.TXT of PKWARE, 4.3 (structure) and 4.5.3 (sizes of 64 bits).
struct ZipDirectory: Sendable {
  struct Entry: Sendable {
    let name: String
    /// Of its local header.
    let offset: Int
    let size: Int
  }

  let entries: [String: Entry]
  private let body: CheckpointBody

  /// Most bytes of a directory: room for a million entries.
  private static let limit = 128 << 20

  init(_ body: CheckpointBody) throws {
    self.body = body
    func fault(_ reason: String) -> CheckpointError { CheckpointError(path: body.path, reason: reason) }
    let tailSize = min(body.size, 22 + 20 + 65535)
    let tail = LittleEndianBytes(try body.read(at: body.size - tailSize, count: tailSize))
    guard let end = stride(from: tailSize - 22, through: 0, by: -1).first(where: { tail.uint32($0) == 0x0605_4B50 })
    else { throw fault("the list at the end of the archive is missing: the file is cut off") }
    guard var size = tail.uint32(end + 12), var start = tail.uint32(end + 16) else {
      throw fault("the list at the end of the archive is damaged")
    }
    // With sizes of 64 bits there is a second record, and a pointer to it before the first.
    if end >= 20, tail.uint32(end - 20) == 0x0706_4B50, let place = tail.uint64(end - 20 + 8), place <= body.size - 56 {
      let record = LittleEndianBytes(try body.read(at: place, count: 56))
      guard record.uint32(0) == 0x0606_4B50, let wideSize = record.uint64(40), let wideStart = record.uint64(48) else {
        throw fault("the list at the end of the archive is damaged")
      }
      (size, start) = (wideSize, wideStart)
    }
    guard start <= body.size, size <= body.size - start, size <= Self.limit else {
      throw fault("the list of the archive does not lie inside the file: it is cut off")
    }
    let list = LittleEndianBytes(try body.read(at: start, count: size))
    var entries: [String: Entry] = [:]
    var place = 0
    while place < size {
      guard let entry = Self.entry(list, &place) else {
        throw fault("the list of the archive is damaged at byte \(place)")
      }
      guard let method = entry.method, method == 0 else {
        throw fault("\(entry.entry.name) is compressed, which PyTorch never does")
      }
      guard entry.entry.offset <= body.size, entry.entry.size <= body.size - entry.entry.offset else {
        throw fault("\(entry.entry.name) does not lie inside the file: it is cut off")
      }
      guard entries.updateValue(entry.entry, forKey: entry.entry.name) == nil else {
        throw fault("\(entry.entry.name) appears twice")
      }
    }
    self.entries = entries
  }

  /// One record of the list; moves `place` behind it. The method is nil for an entry that is encrypted.
  private static func entry(_ list: LittleEndianBytes, _ place: inout Int) -> (entry: Entry, method: Int?)? {
    guard list.uint32(place) == 0x0201_4B50, let flags = list.uint16(place + 8), let method = list.uint16(place + 10),
      let packed = list.uint32(place + 20), var size = list.uint32(place + 24), let nameSize = list.uint16(place + 28),
      let extraSize = list.uint16(place + 30), let commentSize = list.uint16(place + 32),
      var offset = list.uint32(place + 42), let name = list.text(place + 46, nameSize)
    else { return nil }
    // Fields of 32 bits that are full are followed by ones of 64 bits, in this order.
    var extra = place + 46 + nameSize
    let extraEnd = extra + extraSize
    while extra + 4 <= extraEnd, let id = list.uint16(extra), let length = list.uint16(extra + 2) {
      if id == 1 {
        var field = extra + 4
        func wide() -> Int? {
          defer { field += 8 }
          return field + 8 <= extra + 4 + length ? list.uint64(field) : nil
        }
        if size == 0xFFFF_FFFF { size = wide() ?? size }
        if packed == 0xFFFF_FFFF { _ = wide() }
        if offset == 0xFFFF_FFFF { offset = wide() ?? offset }
      }
      extra += 4 + length
    }
    place = extraEnd + commentSize
    guard place <= list.count else { return nil }
    return (Entry(name: name, offset: offset, size: size), flags & 1 == 0 ? method : nil)
  }

  /// Where the bytes of an entry begin.
  func start(of entry: Entry) throws -> Int {
    guard entry.offset <= body.size - 30 else { throw damaged(entry) }
    let header = LittleEndianBytes(try body.read(at: entry.offset, count: 30))
    guard header.uint32(0) == 0x0403_4B50, let nameSize = header.uint16(26), let extraSize = header.uint16(28) else {
      throw damaged(entry)
    }
    let start = entry.offset + 30 + nameSize + extraSize
    guard start <= body.size, entry.size <= body.size - start else { throw damaged(entry) }
    return start
  }

  private func damaged(_ entry: Entry) -> CheckpointError {
    CheckpointError(path: body.path, reason: "\(entry.name) is damaged, or the file is cut off")
  }
}

/// Numbers at places of a list of bytes; nil beyond its end.
struct LittleEndianBytes {
  private let bytes: [UInt8]
  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var count: Int { bytes.count }

  func uint16(_ place: Int) -> Int? { number(place, 2) }
  func uint32(_ place: Int) -> Int? { number(place, 4) }
  func uint64(_ place: Int) -> Int? { number(place, 8) }

  func text(_ place: Int, _ count: Int) -> String? {
    guard place >= 0, count <= bytes.count - place else { return nil }
    return String(validating: bytes[place..<place + count], as: UTF8.self)
  }

  private func number(_ place: Int, _ size: Int) -> Int? {
    guard place >= 0, place <= bytes.count - size else { return nil }
    return Int(exactly: bytes[place..<place + size].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
  }
}
