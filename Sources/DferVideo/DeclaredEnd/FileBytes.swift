import Foundation

/// Single places of a file, which may be larger than memory. What lies beyond its end is missing, never invented.
final class FileBytes {
  let size: Int64
  private let file: FileHandle
  /// What was read last, and where: neighbours are asked for one after the other.
  private var window: [UInt8] = []
  private var windowStart: Int64 = 0

  private var reads = 0
  /// False after four million places: a file of more pieces than that is made to be waited for.
  var mayGoOn: Bool { reads < 4 << 20 }

  /// Nil for what is no plain file or cannot be read.
  init?(_ path: String) {
    guard Folder.stamp(ofFile: path) != nil, let file = FileHandle(forReadingAtPath: path),
      let size = try? file.seekToEnd()
    else { return nil }
    self.size = Int64(clamping: size)
    self.file = file
  }

  /// Up to `count` bytes from `offset` on: fewer at the end of the file.
  func read(_ offset: Int64, _ count: Int) -> [UInt8] {
    reads += 1
    guard offset >= 0, offset < size else { return [] }
    let wanted = Int(min(Int64(count), size - offset))
    if offset < windowStart || offset + Int64(wanted) > windowStart + Int64(window.count) {
      guard (try? file.seek(toOffset: UInt64(offset))) != nil, let data = try? file.read(upToCount: max(count, 1 << 14))
      else { return [] }
      guard count <= 1 << 14 else { return [UInt8](data) }
      (window, windowStart) = ([UInt8](data), offset)
    }
    let start = Int(offset - windowStart)
    return Array(window[start..<min(start + wanted, window.count)])
  }

  /// Whether the file has these bytes at a place.
  func has(_ bytes: [UInt8], at offset: Int64) -> Bool { read(offset, bytes.count) == bytes }
}

extension FileBytes {
  /// One of the outermost boxes of MP4 and QuickTime.
  struct Box {
    let name: [UInt8]
    /// Where it says that it ends, which may be beyond the file.
    let end: Int64

    func isNamed(_ text: String) -> Bool { name.elementsEqual(text.utf8) }
  }

  /// The outermost boxes (ISO/IEC 14496-12, 4.2), up to one whose size cannot be.
  var boxes: UnfoldSequence<Box, Int64> {
    sequence(state: 0) { at in
      let head = self.mayGoOn ? self.read(at, 16) : []
      guard let short = head.bigEndian(0..<4), head.count >= 8, let size = short == 1 ? head.bigEndian(8..<16) : short,
        size >= 8, size < 1 << 62
      else { return nil }
      at += Int64(size)
      return Box(name: Array(head[4..<8]), end: at)
    }
  }
}

extension Array where Element == UInt8 {
  /// The number that the bytes `range` are, or nil where they end before.
  func bigEndian(_ range: Range<Int>) -> UInt64? {
    range.upperBound <= count ? self[range].reduce(0) { $0 << 8 | UInt64($1) } : nil
  }

  func littleEndian(_ range: Range<Int>) -> UInt64? {
    range.upperBound <= count ? self[range].reversed().reduce(0) { $0 << 8 | UInt64($1) } : nil
  }

  /// Where `bytes` first stand in it.
  func place(of bytes: [UInt8]) -> Int? {
    guard !bytes.isEmpty, count >= bytes.count else { return nil }
    return (0...count - bytes.count).first { self[$0] == bytes[0] && self[$0..<$0 + bytes.count].elementsEqual(bytes) }
  }
}
