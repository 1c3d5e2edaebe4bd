import Foundation

/// The numbers of a small `.npy` file (NumPy's format, versions 1 to 3): integers, floating-point numbers, or numbers
/// written as text. In the order of the file, whatever the shape.
struct NumPyArray {
  let values: [Double]

  /// - Throws: `DataError` when the file is not in this format, holds another type, or ends early.
  init(_ path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw DataError(path: path, reason: "it cannot be read")
    }
    let bytes = [UInt8](data)
    guard bytes.count > 12, bytes.starts(with: [0x93] + Array("NUMPY".utf8)) else {
      throw DataError(path: path, reason: "it is no NumPy array")
    }
    // The length of the header: two bytes in version 1, four from version 2.
    let start = bytes[6] == 1 ? 10 : 12
    let length = bytes[8..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard start + length <= bytes.count else { throw DataError(path: path, reason: "its header ends early") }
    let header = String(decoding: bytes[start..<start + length], as: UTF8.self)
    guard let type = Self.type(header), let count = Self.count(header) else {
      throw DataError(path: path, reason: "its header has no type and shape that are read here: \(header)")
    }
    let body = bytes[(start + length)...]
    let (size, overflows) = count.multipliedReportingOverflow(by: type.size)
    guard !overflows, size <= body.count else { throw DataError(path: path, reason: "it ends before its last number") }
    values = try (0..<count).map { index in
      let item = body.dropFirst(index * type.size).prefix(type.size)
      guard let value = type.number(item) else { throw DataError(path: path, reason: "number \(index + 1) is none") }
      return value
    }
  }

  /// Kind and size in bytes, as `<f8`, `|S2` or `<U1`; little-endian only.
  private struct ItemType {
    let kind: Character
    let size: Int

    func number(_ bytes: ArraySlice<UInt8>) -> Double? {
      let bits = bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      switch (kind, size) {
      case ("f", 8): return Double(bitPattern: bits)
      case ("f", 4): return Double(Float(bitPattern: UInt32(bits)))
      case ("u", _): return Double(bits)
      case ("i", _):
        let shift = UInt64(64 - 8 * size)
        return Double(Int64(bitPattern: bits << shift) >> Int64(shift))
      case ("S", _), ("U", _):
        // Text of fixed length, filled with zeros; a digit is one byte of the four of a U.
        return Double(String(decoding: bytes.filter { $0 != 0 }, as: UTF8.self).trimmingCharacters(in: .whitespaces))
      default: return nil
      }
    }
  }

  private static func type(_ header: String) -> ItemType? {
    guard let match = header.firstMatch(of: /'descr':\s*'([<|=])([fiuSU])([0-9]{1,4})'/), let width = Int(match.3)
    else {
      return nil
    }
    let kind = Character(String(match.2))
    let isNumber = "fiu".contains(kind)
    guard width > 0, !isNumber || [1, 2, 4, 8].contains(width) else { return nil }
    return ItemType(kind: kind, size: kind == "U" ? 4 * width : width)
  }

  /// Product of the shape; 1 of a single number, whose shape is ().
  private static func count(_ header: String) -> Int? {
    guard let match = header.firstMatch(of: /'shape':\s*\(([0-9, ]*)\)/) else { return nil }
    var count = 1
    for side in match.1.split(separator: ",").map({ $0.trimmingCharacters(in: .whitespaces) }) where !side.isEmpty {
      guard let side = Int(side) else { return nil }
      let (product, overflows) = count.multipliedReportingOverflow(by: side)
      guard !overflows else { return nil }
      count = product
    }
    return count
  }
}
