/// The parsed start of a safetensors file: which bytes hold which tensor.
///
/// Foundation's JSON parser keeps one of two equal names without a word, so the header has a reader of its own. It
/// takes exactly the grammar of the format: an object of entries, each with a number format, a shape and two offsets,
/// and one object of strings named `__metadata__`.
struct SafetensorsHeader: Sendable {
  struct Entry: Sendable {
    var format: NumberFormat
    var shape: [Int]
    /// Bytes of the tensor, counted from the end of the header.
    var bytes: Range<Int>
  }

  private(set) var metadata: [String: String] = [:]
  private(set) var entries: [String: Entry] = [:]

  /// Parses `json` and checks that its tensors cover `bodySize` bytes without a gap or an overlap.
  init(json: [UInt8], bodySize: Int) throws(HeaderFault) {
    var reader = HeaderReader(json)
    var sawMetadata = false
    try reader.object { (name, reader) throws(HeaderFault) in
      if name == "__metadata__" {
        if sawMetadata { throw HeaderFault("__metadata__ appears twice") }
        sawMetadata = true
        metadata = try Self.metadata(&reader)
      } else {
        if entries[name] != nil { throw HeaderFault("tensor \(name) appears twice") }
        entries[name] = try Self.entry(name, &reader)
      }
    }
    try reader.end()
    try checkCover(bodySize)
  }

  private static func metadata(_ reader: inout HeaderReader) throws(HeaderFault) -> [String: String] {
    var metadata: [String: String] = [:]
    try reader.object { (key, reader) throws(HeaderFault) in
      if metadata[key] != nil { throw HeaderFault("metadata key \(key) appears twice") }
      metadata[key] = try reader.string()
    }
    return metadata
  }

  private static func entry(_ name: String, _ reader: inout HeaderReader) throws(HeaderFault) -> Entry {
    var formatName: String?
    var shape: [Int]?
    var offsets: [Int]?
    try reader.object { (key, reader) throws(HeaderFault) in
      switch key {
      case "dtype" where formatName == nil: formatName = try reader.string()
      case "shape" where shape == nil: shape = try reader.integers()
      case "data_offsets" where offsets == nil: offsets = try reader.integers()
      default: throw HeaderFault("tensor \(name): key \(key) appears twice or is unknown")
      }
    }
    guard let formatName, let shape, let offsets else {
      throw HeaderFault("tensor \(name) lacks one of dtype, shape and data_offsets")
    }
    guard let format = NumberFormat(rawValue: formatName) else {
      throw HeaderFault("tensor \(name) has the number format \(formatName), which is not supported")
    }
    guard offsets.count == 2, offsets[0] <= offsets[1] else {
      throw HeaderFault("tensor \(name): data_offsets \(offsets) are not a begin and an end")
    }
    guard let size = byteCount(shape, format) else {
      throw HeaderFault("tensor \(name): shape \(shape) is too large for any memory")
    }
    guard size == offsets[1] - offsets[0] else {
      throw HeaderFault(
        "tensor \(name): \(formatName) of shape \(shape) takes \(size) bytes, not \(offsets[1] - offsets[0])")
    }
    return Entry(format: format, shape: shape, bytes: offsets[0]..<offsets[1])
  }

  /// Nil when the product leaves the range of `Int`, even if another dimension is zero.
  private static func byteCount(_ shape: [Int], _ format: NumberFormat) -> Int? {
    var size = format.size
    for dimension in shape {
      let (product, overflow) = size.multipliedReportingOverflow(by: dimension)
      guard !overflow else { return nil }
      size = product
    }
    return size
  }

  private func checkCover(_ bodySize: Int) throws(HeaderFault) {
    var end = 0
    func order(_ entry: Entry) -> (Int, Int) { (entry.bytes.lowerBound, entry.bytes.upperBound) }
    for (name, entry) in entries.sorted(by: { order($0.value) < order($1.value) }) {
      if entry.bytes.lowerBound < end { throw HeaderFault("tensor \(name) overlaps another tensor") }
      if entry.bytes.lowerBound > end {
        throw HeaderFault("\(entry.bytes.lowerBound - end) bytes before tensor \(name) belong to no tensor")
      }
      end = entry.bytes.upperBound
      if end > bodySize {
        throw HeaderFault("tensor \(name) ends \(end - bodySize) bytes after the file: it is cut off")
      }
    }
    if end < bodySize { throw HeaderFault("\(bodySize - end) bytes after the last tensor belong to no tensor") }
  }
}

/// Why a header was refused.
struct HeaderFault: Error {
  let reason: String
  init(_ reason: String) { self.reason = reason }
}
