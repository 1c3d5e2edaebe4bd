import DferTensor
import Foundation

/// Numbers that take long to compute and are wanted again and again, in a file: one record of equal length for each place,
/// as half-precision floats. A record that was never written, or only in part when the program was killed, is just not
/// there yet. Copies share the file.
struct FeatureCache: Sendable {
  let path: String
  /// Numbers of a record.
  let size: Int
  private let file: FileHandle

  /// Bytes in front of the first record: the key, for people who wonder what the file is.
  private static let header = 4096

  /// Opens the file of these records in `folder`, or begins it.
  ///
  /// - Parameter key: everything that the numbers depend on. Another key is another file.
  /// - Throws: `CheckpointError` when the file cannot be opened for writing.
  init(_ folder: URL, key: String, size: Int) throws {
    let path = folder.appendingPathComponent("features-\(String(Fingerprint.of(key.utf8), radix: 16)).bin").path
    (self.path, self.size) = (path, size)
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      if !FileManager.default.fileExists(atPath: path) {
        try Data(key.utf8.prefix(Self.header)).write(to: URL(fileURLWithPath: path))
      }
      file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    } catch { throw CheckpointError(writing: path, error) }
  }

  /// A record; nil when it is not there, or was made of something else.
  ///
  /// - Parameter mark: of what the numbers were made of, as given to `write`.
  func read(_ index: Int, mark: UInt64) -> [Float]? {
    let bytes = 8 + 2 * size
    guard (try? file.seek(toOffset: UInt64(Self.header + index * bytes))) != nil,
      let data = try? file.read(upToCount: bytes), data.count == bytes
    else { return nil }
    let stored = data.prefix(8).enumerated().reduce(UInt64(0)) { $0 | UInt64($1.element) << (8 * UInt64($1.offset)) }
    let body = [UInt8](data.dropFirst(8))
    guard stored == Fingerprint.of(body) ^ mark else { return nil }
    return (0..<size).map { i in
      let place = 2 * i
      return Float(Float16(bitPattern: UInt16(body[place]) | UInt16(body[place + 1]) << 8))
    }
  }

  /// Writes a record.
  ///
  /// - Returns: the numbers as they will be read back.
  /// - Throws: `CheckpointError` when the disk takes no more.
  func write(_ index: Int, mark: UInt64, _ values: [Float]) throws -> [Float] {
    precondition(values.count == size, "FeatureCache: \(values.count) numbers, not \(size)")
    let halves = values.map { Float16($0) }
    var body: [UInt8] = []
    body.reserveCapacity(2 * size)
    for half in halves {
      body.append(UInt8(truncatingIfNeeded: half.bitPattern))
      body.append(UInt8(truncatingIfNeeded: half.bitPattern >> 8))
    }
    let sum = Fingerprint.of(body) ^ mark
    do {
      try file.seek(toOffset: UInt64(Self.header + index * (8 + 2 * size)))
      try file.write(contentsOf: Data((0..<8).map { UInt8(truncatingIfNeeded: sum >> (8 * UInt64($0))) } + body))
    } catch {
      throw CheckpointError(writing: path, error)
    }
    return halves.map { Float($0) }
  }
}
