// Files of pieces one after the other, the last of which is whole or not.
extension DeclaredEnd {
  /// Tags of Flash video. Each is followed by its size, so that the last one can be found from the end.
  static func flv(_ file: FileBytes) -> Self {
    let key: [UInt8] = Array("filesize".utf8) + [0]
    var declared = 0.0
    let head = file.read(0, 1 << 16)
    if let at = head.place(of: key), let bits = head.bigEndian((at + key.count)..<(at + key.count + 8)) {
      declared = Double(bitPattern: bits)
    }
    return Self(isCut: declared > Double(file.size) || !endsWithTag(file), declaresDuration: true)
  }

  private static func endsWithTag(_ file: FileBytes) -> Bool {
    if let size = file.read(file.size - 4, 4).bigEndian(0..<4), size >= 11,
      let length = tagLength(file, at: file.size - 4 - Int64(size)), length == size
    {
      return true
    }
    // Some writers put anything there: then every tag is looked at, up to what is none.
    guard let start = file.read(5, 4).bigEndian(0..<4), start >= 9 else { return true }
    var at = Int64(start) + 4
    while at < file.size, file.mayGoOn {
      guard let length = tagLength(file, at: at) else {
        let rest = file.read(at, 4)
        return rest.count == 4 || !tagTypes.contains(rest[0] & 0x1F)
      }
      at += Int64(length) + 4
    }
    return at <= file.size + 4
  }

  /// Sound, images, data.
  private static let tagTypes: [UInt8] = [8, 9, 18]

  /// Bytes of the tag at a place with its header; nil where there is none.
  private static func tagLength(_ file: FileBytes, at place: Int64) -> UInt64? {
    let head = file.read(place, 4)
    guard head.count == 4, tagTypes.contains(head[0] & 0x1F), let size = head.bigEndian(1..<4) else { return nil }
    return 11 + size
  }

  /// The last page of Ogg (RFC 3533, 6). Streams may end without the mark of an end, but not within a page.
  static func ogg(_ file: FileBytes) -> Self {
    let tail = file.read(max(0, file.size - (1 << 17)), 1 << 17)
    let mark = Array("OggS".utf8) + [0]
    guard let page = tail.indices.last(where: { tail[$0...].starts(with: mark) }) else { return Self() }
    guard page + 27 <= tail.count, page + 27 + Int(tail[page + 26]) <= tail.count else { return Self(isCut: true) }
    let lengths = tail[(page + 27)..<(page + 27 + Int(tail[page + 26]))]
    return Self(isCut: page + 27 + lengths.count + lengths.reduce(0) { $0 + Int($1) } > tail.count)
  }

  /// Blocks of GIF up to the trailer (GIF89a, 17 to 27).
  static func gif(_ file: FileBytes) -> Self {
    let head = file.read(0, 13)
    guard head.count == 13, head.starts(with: Array("GIF8".utf8)) else { return Self() }
    var at = 13 + colours(head[10])
    while file.mayGoOn {
      let block = file.read(at, 10)
      switch block.first {
      case 0x21: at += 2
      case 0x2C where block.count == 10: at += 11 + colours(block[9])
      case 0x3B: return Self(hasAnotherBehind: file.has(Array("GIF8".utf8), at: at + 1))
      case nil, 0x2C: return Self(isCut: true)
      // Nobody knows what follows something damaged.
      default: return Self()
      }
      // Both end with blocks of up to 255 bytes and an empty one.
      while file.mayGoOn, let length = file.read(at, 1).first {
        at += 1 + Int64(length)
        if length == 0 { break }
      }
    }
    return Self()
  }

  /// Bytes of a table of colours, by the byte that announces it.
  private static func colours(_ flags: UInt8) -> Int64 { flags & 0x80 != 0 ? 3 << (Int64(flags & 7) + 1) : 0 }

  /// Chunks of PNG up to its end.
  static func png(_ file: FileBytes) -> Self {
    let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    guard file.has(signature, at: 0) else { return Self() }
    var at: Int64 = 8
    while file.mayGoOn {
      let head = file.read(at, 8)
      guard head.count == 8, let size = head.bigEndian(0..<4) else { return Self(isCut: true) }
      at += 12 + Int64(size)
      guard Array(head[4...]) != Array("IEND".utf8) else {
        return Self(isCut: at > file.size, hasAnotherBehind: file.has(signature, at: at))
      }
    }
    return Self()
  }

  /// JPEG images one after the other. An image that was cut off decodes, grey from the cut on.
  static func jpegs(_ file: FileBytes) -> Self {
    var reader = JPEGReader(bytes: file.read(max(0, file.size - (16 << 20)), 16 << 20))
    var (end, endsAreMarked) = (JPEGReader.End.none, true)
    while reader.findImage() {
      end = reader.readImage()
      if end == .nextImage { endsAreMarked = false }
    }
    return Self(isCut: end == .endOfFile && endsAreMarked)
  }

  /// YUV4MPEG2: a line, then frames of equal size behind a line each.
  static func uncompressed(_ file: FileBytes, frameBytes: Int) -> Self {
    guard frameBytes > 0, let line = file.read(0, 4096).firstIndex(of: 0x0A) else { return Self() }
    var at = Int64(line) + 1
    while file.mayGoOn, file.has(Array("FRAME".utf8), at: at) {
      guard let line = file.read(at, 256).firstIndex(of: 0x0A) else { break }
      at += Int64(line) + 1 + Int64(frameBytes)
    }
    return Self(isCut: at > file.size)
  }
}
