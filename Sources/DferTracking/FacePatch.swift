import DferImage

/// A face and what is around it, in grey, small enough to be compared.
package struct FacePatch: Sendable {
  /// Pixels along each side, and the sides of what is seen over the longer one of the box.
  package static let side = 20
  private static let margin = 1.3

  /// About their mean.
  private let values: [Float]
  private let norm: Float

  /// The square of the image that a patch shows.
  package static func square(around box: Rect) -> Rect { box.square(factor: margin) }

  /// - Parameter crop: an image of `square(around:)`, `side` pixels along each side.
  package init(crop: Image) {
    self.init((0..<crop.width * crop.height).map { Self.luma(crop, $0 % crop.width, $0 / crop.width) })
  }

  /// An image around a box, by means of a few pixels; beyond its edges the last pixel counts.
  package init(_ image: Image, box: Rect) {
    let square = Self.square(around: box)
    // Four pixels for each of a patch are enough for a mean.
    let samples = square.width > Double(Self.side) ? 2 : 1
    let step = square.width / Double(Self.side * samples)
    let values = (0..<Self.side * Self.side).map { cell -> Float in
      var sum: Float = 0
      for sample in 0..<samples * samples {
        let x = square.x + (Double(cell % Self.side * samples + sample % samples) + 0.5) * step
        let y = square.y + (Double(cell / Self.side * samples + sample / samples) + 0.5) * step
        sum += Self.luma(image, min(image.width - 1, max(0, Int(x))), min(image.height - 1, max(0, Int(y))))
      }
      return sum / Float(samples * samples)
    }
    self.init(values)
  }

  private init(_ values: [Float]) {
    let mean = values.reduce(0, +) / Float(max(1, values.count))
    self.values = values.map { $0 - mean }
    norm = self.values.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }

  private static func luma(_ image: Image, _ x: Int, _ y: Int) -> Float {
    let pixel = 3 * (y * image.width + x)
    return Luma.of(image.pixels[pixel], image.pixels[pixel + 1], image.pixels[pixel + 2])
  }

  /// Whether there is nothing to be compared: black, white, a plain wall.
  package var isFlat: Bool { norm <= 1 }

  /// 1 less the correlation: 0 for the same image in any brightness and contrast, 1 for two that have nothing in common.
  package func difference(to other: FacePatch) -> Double {
    guard values.count == other.values.count, !isFlat, !other.isFlat else { return 0 }
    return Double(1 - zip(values, other.values).reduce(0) { $0 + $1.0 * $1.1 } / (norm * other.norm))
  }
}
