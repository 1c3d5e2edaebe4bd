/// Numbers of a file to numbers of a tensor and back. Bytes of a file may start at any address.
extension Kernels {
  static func widen(_ bytes: [UInt8], _ format: NumberFormat) -> [Float] {
    switch format {
    case .f32: numbers(bytes) { (x: UInt32) in Float(bitPattern: UInt32(littleEndian: x)) }
    case .f16: numbers(bytes) { (x: UInt16) in Float(Float16(bitPattern: UInt16(littleEndian: x))) }
    case .bf16: numbers(bytes) { (x: UInt16) in Float(bitPattern: UInt32(UInt16(littleEndian: x)) << 16) }
    case .f64: numbers(bytes) { (x: UInt64) in Float(Double(bitPattern: UInt64(littleEndian: x))) }
    case .i64: numbers(bytes) { (x: Int64) in Float(Int64(littleEndian: x)) }
    case .i32: numbers(bytes) { (x: Int32) in Float(Int32(littleEndian: x)) }
    case .i16: numbers(bytes) { (x: Int16) in Float(Int16(littleEndian: x)) }
    case .i8: numbers(bytes) { (x: Int8) in Float(x) }
    case .u64: numbers(bytes) { (x: UInt64) in Float(UInt64(littleEndian: x)) }
    case .u32: numbers(bytes) { (x: UInt32) in Float(UInt32(littleEndian: x)) }
    case .u16: numbers(bytes) { (x: UInt16) in Float(UInt16(littleEndian: x)) }
    case .u8: numbers(bytes) { (x: UInt8) in Float(x) }
    case .bool: numbers(bytes) { (x: UInt8) in x == 0 ? 0 : 1 }
    }
  }

  /// Whole numbers of an integer format; nil where a number does not fit in `Int`. The format must not be a float.
  static func integers(_ bytes: [UInt8], _ format: NumberFormat) -> [Int?] {
    switch format {
    case .i64: numbers(bytes) { (x: Int64) in Int(Int64(littleEndian: x)) }
    case .i32: numbers(bytes) { (x: Int32) in Int(Int32(littleEndian: x)) }
    case .i16: numbers(bytes) { (x: Int16) in Int(Int16(littleEndian: x)) }
    case .i8: numbers(bytes) { (x: Int8) in Int(x) }
    case .u64: numbers(bytes) { (x: UInt64) in Int(exactly: UInt64(littleEndian: x)) }
    case .u32: numbers(bytes) { (x: UInt32) in Int(UInt32(littleEndian: x)) }
    case .u16: numbers(bytes) { (x: UInt16) in Int(UInt16(littleEndian: x)) }
    case .u8: numbers(bytes) { (x: UInt8) in Int(x) }
    case .bool: numbers(bytes) { (x: UInt8) in x == 0 ? 0 : 1 }
    case .f64, .f32, .f16, .bf16: preconditionFailure("integers: \(format.rawValue) is not a format of whole numbers")
    }
  }

  /// The bytes of `values` as 32-bit floats.
  static func bytes32(_ values: [Float]) -> [UInt8] {
    values.map { $0.bitPattern.littleEndian }.withUnsafeBytes { [UInt8]($0) }
  }

  /// The bytes of `values` as 16-bit floats, rounded to nearest even.
  static func bytes16(_ values: [Float]) -> [UInt8] {
    values.map { Float16($0).bitPattern.littleEndian }.withUnsafeBytes { [UInt8]($0) }
  }

  /// The bytes of finite `values` as bf16, rounded to nearest even.
  static func bytesBF16(_ values: [Float]) -> [UInt8] {
    values.map { value in
      let bits = value.bitPattern
      return UInt16(truncatingIfNeeded: (UInt64(bits) + 0x7FFF + UInt64(bits >> 16 & 1)) >> 16).littleEndian
    }.withUnsafeBytes { [UInt8]($0) }
  }

  @inline(__always)
  private static func numbers<Stored: BitwiseCopyable, Number>(
    _ bytes: [UInt8], _ convert: (Stored) -> Number
  ) -> [Number] {
    let size = MemoryLayout<Stored>.size
    let count = bytes.count / size
    return [Number](unsafeUninitializedCapacity: count) { numbers, filled in
      bytes.withUnsafeBytes { raw in
        for i in 0..<count {
          numbers.initializeElement(at: i, to: convert(raw.loadUnaligned(fromByteOffset: i * size, as: Stored.self)))
        }
      }
      filled = count
    }
  }
}
