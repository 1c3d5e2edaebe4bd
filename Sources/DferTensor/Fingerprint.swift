/// FNV-1a, word by word: a sum that changes with every change of what was added. Quick, and no protection against malice.
package struct Fingerprint {
  package private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

  package init() {}

  package mutating func add(_ word: UInt64) { value = (value ^ word) &* 0x100_0000_01B3 }
  package mutating func add(_ bytes: some Sequence<UInt8>) { for byte in bytes { add(UInt64(byte)) } }
  /// The same for an array: other modules get the general one unspecialised, which takes many times as long.
  package mutating func add(_ bytes: [UInt8]) { for byte in bytes { add(UInt64(byte)) } }
  package mutating func add(_ numbers: [Float]) { for number in numbers { add(UInt64(number.bitPattern)) } }

  package static func of(_ bytes: some Sequence<UInt8>) -> UInt64 {
    var print = Fingerprint()
    print.add(bytes)
    return print.value
  }

  package static func of(_ bytes: [UInt8]) -> UInt64 {
    var print = Fingerprint()
    print.add(bytes)
    return print.value
  }
}
