/// Brightness of a colour as television weighs it (BT.601).
package enum Luma {
  package static let red: Float = 0.299
  package static let green: Float = 0.587
  package static let blue: Float = 0.114

  /// 0...255.
  package static func of(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> Float {
    self.red * Float(red) + self.green * Float(green) + self.blue * Float(blue)
  }

  /// The same in whole 256ths, 0...65280: for sums over many pixels.
  package static func in256ths(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> Int {
    77 * Int(red) + 150 * Int(green) + 29 * Int(blue)
  }
}
