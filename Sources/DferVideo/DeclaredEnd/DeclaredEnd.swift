/// What a file says of its own end. FFmpeg's demuxers take the end of a file that was cut off for an ordinary one where the
/// cut falls into something that they pass over, and some read the first of two files that were joined.
struct DeclaredEnd: Equatable {
  /// Whether the file goes on beyond its last byte by its own account.
  var isCut = false
  /// Whether another file of the kind begins where this one ends.
  var hasAnotherBehind = false
  /// Seconds that the file lasts by its own account, where FFmpeg does not hand them out.
  var seconds: Double?
  /// Whether what FFmpeg calls the duration was written into the file when it was whole, and not guessed from what is left.
  var declaresDuration = false

  /// - Parameters:
  ///   - path: of a plain file; anything else says nothing.
  ///   - format: FFmpeg's name of its demuxer.
  ///   - frameBytes: size of an uncompressed frame, for files of those.
  static func read(_ path: String, format: String, frameBytes: Int) -> Self {
    guard let file = FileBytes(path) else { return Self() }
    return switch format {
    case "avi": riff(file)
    case "asf": asf(file)
    case "flv": flv(file)
    case "gif": gif(file)
    case "apng": png(file)
    case "mjpeg", "jpeg_pipe": jpegs(file)
    case "ogg": ogg(file)
    case "yuv4mpegpipe": uncompressed(file, frameBytes: frameBytes)
    case _ where format.hasPrefix("matroska"): matroska(file)
    case _ where format.hasPrefix("mov"): boxes(file)
    default: Self()
    }
  }
}

// MARK: Files of nested pieces

extension DeclaredEnd {
  /// RIFF chunks, of which large files have several (OpenDML). Writers that cannot go back leave the size out.
  static func riff(_ file: FileBytes) -> Self {
    var at: Int64 = 0
    while at < file.size, file.mayGoOn {
      let head = file.read(at, 8)
      guard head.starts(with: Array("RIFF".utf8)), let size = head.littleEndian(4..<8), size > 0, size < 0xFFFF_FFFF
      else { break }
      at += 8 + Int64(size) + Int64(size & 1)
    }
    // Some writers count the eight bytes of the header too.
    return Self(isCut: at > file.size + 16)
  }

  /// Boxes of MP4 and QuickTime. Lists of frames show a cut too, and better, so only fragments are looked at for one.
  static func boxes(_ file: FileBytes) -> Self {
    var (isFragmented, films, last) = (false, 0, FileBytes.Box?.none)
    for box in file.boxes {
      guard box.name.allSatisfy({ (0x20...0x7E).contains($0) }) else { break }
      isFragmented = isFragmented || box.isNamed("moof")
      films += box.isNamed("moov") ? 1 : 0
      last = box
    }
    let isCut = last.map { ($0.isNamed("moof") || $0.isNamed("mdat")) && $0.end > file.size } ?? false
    return Self(isCut: isFragmented && isCut, hasAnotherBehind: !isFragmented && films > 1)
  }

  /// The segment of Matroska and WebM. A live recording leaves its size open, all ones, and says only how large its clusters are.
  static func matroska(_ file: FileBytes) -> Self {
    guard file.has([0x1A, 0x45, 0xDF, 0xA3], at: 0), let header = vint(file.read(4, 8)) else { return Self() }
    let segment = 4 + Int64(header.length) + header.value
    guard file.has([0x18, 0x53, 0x80, 0x67], at: segment), let size = vint(file.read(segment + 4, 8)) else {
      return Self()
    }
    var at = segment + 4 + Int64(size.length)
    guard size.isOpen else { return Self(isCut: at + size.value > file.size, declaresDuration: true) }
    while at < file.size, file.mayGoOn, let element = element(file, at: at) {
      at += element.head + (element.isOpen ? 0 : element.size)
    }
    return Self(isCut: at > file.size)
  }

  /// Elements of a segment and, because those may be open too, of a cluster; padding and checksums are in both.
  private static let elements: Set<UInt64> = [
    0x1F43_B675, 0x114D_9B74, 0x1549_A966, 0x1654_AE6B, 0x1C53_BB6B, 0x1254_C367, 0x1941_A469, 0x1043_A770, 0xE7, 0xA3,
    0xA0, 0xAB, 0xA7, 0xEC, 0xBF,
  ]

  /// The element at a place: bytes of its head and of what it holds. Nil where there is none.
  private static func element(_ file: FileBytes, at place: Int64) -> (head: Int64, size: Int64, isOpen: Bool)? {
    let bytes = file.read(place, 12)
    guard let name = vint(bytes), let whole = bytes.bigEndian(0..<name.length), elements.contains(whole),
      let size = vint(Array(bytes.dropFirst(name.length)))
    else { return nil }
    return (Int64(name.length + size.length), size.value, size.isOpen)
  }

  /// A number of EBML (RFC 8794, 4): the first bit that is set says how many bytes it has.
  private static func vint(_ bytes: [UInt8]) -> (value: Int64, length: Int, isOpen: Bool)? {
    guard let first = bytes.first, first > 0 else { return nil }
    let length = first.leadingZeroBitCount + 1
    guard let all = bytes.bigEndian(0..<length) else { return nil }
    let most: UInt64 = 1 << (7 * UInt64(length)) - 1
    return (Int64(all & most), length, all & most == most)
  }

  /// File Properties of Microsoft's ASF (specification 01.20.05, 3.2).
  static func asf(_ file: FileBytes) -> Self {
    let object: [UInt8] = [
      0x30, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF, 0x11, 0xA6, 0xD9, 0x00, 0xAA, 0x00, 0x62, 0xCE, 0x6C,
    ]
    let properties: [UInt8] = [
      0xA1, 0xDC, 0xAB, 0x8C, 0x47, 0xA9, 0xCF, 0x11, 0x8E, 0xE4, 0x00, 0xC0, 0x0C, 0x20, 0x53, 0x65,
    ]
    let head = file.read(0, 1 << 16)
    guard head.starts(with: object), let at = head.place(of: properties),
      let size = head.littleEndian((at + 40)..<(at + 48)), let shown = head.littleEndian((at + 64)..<(at + 72)),
      let before = head.littleEndian((at + 80)..<(at + 88)), let flags = head.littleEndian((at + 88)..<(at + 92)),
      flags & 1 == 0, size > 0, size < 1 << 62
    else { return Self() }
    return Self(
      isCut: Int64(size) > file.size, hasAnotherBehind: file.has(object, at: Int64(size)),
      seconds: MediaLimits.duration(max(0, Double(shown) / 1e7 - Double(before) / 1e3)), declaresDuration: true)
  }
}
