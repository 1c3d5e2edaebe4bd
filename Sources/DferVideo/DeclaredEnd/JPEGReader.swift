/// Goes through JPEG images (ITU-T T.81, annex B) that lie one after the other, from marker to marker: thumbnails are within
/// pieces that say how long they are.
struct JPEGReader {
  enum End { case none, marked, nextImage, endOfFile }

  private let bytes: [UInt8]
  private var at = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  /// Goes to the next start of an image that a further marker follows.
  mutating func findImage() -> Bool {
    while at + 3 < bytes.count {
      if isStart(at) { return true }
      at += 1
    }
    return false
  }

  /// Reads an image up to its end: its own mark, the start of another one, or where the bytes end.
  mutating func readImage() -> End {
    at += 2
    while at + 1 < bytes.count {
      guard bytes[at] == 0xFF else {
        at += 1
        continue
      }
      switch bytes[at + 1] {
      case 0xD9:
        at += 2
        return .marked
      case 0xD8 where isStart(at): return .nextImage
      // Zeros behind 0xFF and marks to restart from are among the numbers, and so is what fills.
      case 0x00, 0x01, 0xD0...0xD8: at += 2
      case 0xFF: at += 1
      default:
        guard at + 3 < bytes.count else { return .endOfFile }
        at += 2 + Int(bytes[at + 2]) << 8 + Int(bytes[at + 3])
      }
    }
    return .endOfFile
  }

  /// Start, and the mark of a table, a frame or an application.
  private func isStart(_ at: Int) -> Bool {
    guard at + 3 < bytes.count, bytes[at] == 0xFF, bytes[at + 1] == 0xD8, bytes[at + 2] == 0xFF else { return false }
    return (0xC0...0xCF).contains(bytes[at + 3]) || (0xDB...0xEF).contains(bytes[at + 3]) || bytes[at + 3] == 0xFE
  }
}
