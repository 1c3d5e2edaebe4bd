/// Writes images as PNG (RFC 2083), packed for flat colours: each row is taken as differences to its left or upper
/// neighbour, and runs of equal bytes become one code. Photographs come out about as large as they are in memory.
package enum PNG {
  /// The bytes of a PNG file, 8 bits for each of red, green and blue.
  package static func data(_ image: Image) -> [UInt8] {
    var bytes: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    let header = big(UInt32(image.width)) + big(UInt32(image.height)) + [8, 2, 0, 0, 0]
    for (name, content) in [("IHDR", header), ("IDAT", zlib(filtered(image))), ("IEND", [])] {
      let chunk = Array(name.utf8) + content
      bytes += big(UInt32(content.count)) + chunk + big(crc(chunk))
    }
    return bytes
  }

  /// Each row behind the number of its filter: none, left or up, whichever leaves most zeros.
  private static func filtered(_ image: Image) -> [UInt8] {
    let stride = image.width * 3
    var result: [UInt8] = []
    result.reserveCapacity((stride + 1) * image.height)
    var above = [UInt8](repeating: 0, count: stride)
    for y in 0..<image.height {
      let row = Array(image.pixels[y * stride..<(y + 1) * stride])
      let left = row.indices.map { row[$0] &- ($0 < 3 ? 0 : row[$0 - 3]) }
      let up = row.indices.map { row[$0] &- above[$0] }
      let candidates: [(UInt8, [UInt8])] = [(0, row), (1, left), (2, up)]
      let best = candidates.max { first, second in
        first.1.count { $0 == 0 } < second.1.count { $0 == 0 }
      }
      result.append(best?.0 ?? 0)
      result += best?.1 ?? row
      above = row
    }
    return result
  }

  /// A zlib stream (RFC 1950) of one block with fixed codes (RFC 1951, 3.2.6).
  private static func zlib(_ bytes: [UInt8]) -> [UInt8] {
    var bits = BitWriter()
    bits.write(0x7801, bits: 16, bytesSwapped: true)
    bits.write(0b011, bits: 3)
    var place = 0
    while place < bytes.count {
      bits.writeLiteral(Int(bytes[place]))
      var run = 0
      while run < 258, place + 1 + run < bytes.count, bytes[place + 1 + run] == bytes[place] { run += 1 }
      if run >= 3 {
        bits.writeRun(run)
        place += run
      }
      place += 1
    }
    bits.writeLiteral(256)
    bits.pad()
    return bits.bytes + big(adler(bytes))
  }

  private static func adler(_ bytes: [UInt8]) -> UInt32 {
    var (a, b): (UInt32, UInt32) = (1, 0)
    for byte in bytes {
      a = (a + UInt32(byte)) % 65521
      b = (b + a) % 65521
    }
    return b << 16 | a
  }

  private static let crcTable: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 }
  }

  private static func crc(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(UInt32.max) { crcTable[Int(($0 ^ UInt32($1)) & 0xFF)] ^ $0 >> 8 }
  }

  private static func big(_ value: UInt32) -> [UInt8] {
    [UInt8(value >> 24), UInt8(value >> 16 & 0xFF), UInt8(value >> 8 & 0xFF), UInt8(value & 0xFF)]
  }
}

/// Bits in deflate's order: the lowest bit of a byte first.
private struct BitWriter {
  private(set) var bytes: [UInt8] = []
  private var waiting: UInt32 = 0
  private var count = 0

  mutating func write(_ value: UInt32, bits: Int) {
    waiting |= value << UInt32(count)
    count += bits
    while count >= 8 {
      bytes.append(UInt8(waiting & 0xFF))
      waiting >>= 8
      count -= 8
    }
  }

  /// Two bytes, the high one first.
  mutating func write(_ value: UInt32, bits: Int, bytesSwapped: Bool) {
    write(value >> 8 & 0xFF, bits: 8)
    write(value & 0xFF, bits: 8)
  }

  /// A literal byte, the end (256), or a length code, with its fixed code.
  mutating func writeLiteral(_ symbol: Int) {
    let (code, length) =
      switch symbol {
      case ..<144: (0x30 + symbol, 8)
      case ..<256: (0x190 + symbol - 144, 9)
      case ..<280: (symbol - 256, 7)
      default: (0xC0 + symbol - 280, 8)
      }
    // Codes are written from their highest bit on.
    for bit in stride(from: length - 1, through: 0, by: -1) { write(UInt32(code >> bit & 1), bits: 1) }
  }

  /// `length` (3...258) more of the last byte.
  mutating func writeRun(_ length: Int) {
    if length == 258 {
      writeLiteral(285)
    } else if length < 11 {
      writeLiteral(257 + length - 3)
    } else {
      // Four codes for each count of extra bits.
      let offset = length - 3
      let extra = (UInt.bitWidth - UInt(offset).leadingZeroBitCount) - 3
      writeLiteral(257 + extra * 4 + (offset >> extra))
      write(UInt32(offset & (1 << extra - 1)), bits: extra)
    }
    write(0, bits: 5)  // distance 1
  }

  mutating func pad() { if count > 0 { write(0, bits: 8 - count) } }
}
