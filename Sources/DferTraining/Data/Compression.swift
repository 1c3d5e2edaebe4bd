import DferImage
import Foundation

extension Image {
  /// What a strong compression leaves of an image: blocks of 8 x 8 whose fine waves are rounded away, and colours at half
  /// the size. The steps are those of JPEG (ITU-T T.81, annex K), scaled by `quality` as in the common libraries.
  ///
  /// - Parameter quality: 1...100; about 50 begins to show, below 20 little of a face's creases is left.
  func compressed(quality: Double) -> Image {
    let scale = quality < 50 ? 50 / quality : 2 - quality / 50
    var (luma, blue, red) = (
      [Float](repeating: 0, count: width * height), [Float](repeating: 0, count: width * height),
      [Float](repeating: 0, count: width * height)
    )
    for i in 0..<width * height {
      let (r, g, b) = (Float(pixels[3 * i]), Float(pixels[3 * i + 1]), Float(pixels[3 * i + 2]))
      luma[i] = Luma.red * r + Luma.green * g + Luma.blue * b
      (blue[i], red[i]) = (0.564 * (b - luma[i]), 0.713 * (r - luma[i]))
    }
    round(&luma, cell: 1, Self.lumaSteps, scale)
    round(&blue, cell: 2, Self.colourSteps, scale)
    round(&red, cell: 2, Self.colourSteps, scale)
    var result = self
    func byte(_ value: Float) -> UInt8 { UInt8(min(255, max(0, value))) }
    for i in 0..<width * height {
      let (r, b) = (luma[i] + red[i] / 0.713, luma[i] + blue[i] / 0.564)
      result.pixels[3 * i] = byte(r)
      result.pixels[3 * i + 1] = byte((luma[i] - Luma.red * r - Luma.blue * b) / Luma.green)
      result.pixels[3 * i + 2] = byte(b)
    }
    return result
  }

  /// Rounds the waves of every block of a plane. A block is 8 x 8 cells of `cell` x `cell` pixels; what sticks out beyond
  /// the right and lower edge repeats the last pixel.
  private func round(_ plane: inout [Float], cell: Int, _ steps: [Float], _ scale: Double) {
    let side = 8 * cell
    for top in stride(from: 0, to: height, by: side) {
      for left in stride(from: 0, to: width, by: side) {
        var block = [Float](repeating: 0, count: 64)
        for y in 0..<side {
          for x in 0..<side {
            let (row, column) = (min(height - 1, top + y), min(width - 1, left + x))
            block[y / cell * 8 + x / cell] += plane[row * width + column] / Float(cell * cell)
          }
        }
        var waves = Self.product(Self.product(Self.cosines, block), Self.turned)
        for i in 0..<64 {
          let step = max(1, steps[i] * Float(scale))
          waves[i] = (waves[i] / step).rounded() * step
        }
        block = Self.product(Self.product(Self.turned, waves), Self.cosines)
        for y in 0..<min(side, height - top) {
          for x in 0..<min(side, width - left) {
            plane[(top + y) * width + left + x] = block[y / cell * 8 + x / cell]
          }
        }
      }
    }
  }

  /// a b, both 8 x 8.
  private static func product(_ a: [Float], _ b: [Float]) -> [Float] {
    var c = [Float](repeating: 0, count: 64)
    for i in 0..<8 {
      for k in 0..<8 {
        let factor = a[i * 8 + k]
        for j in 0..<8 { c[i * 8 + j] += factor * b[k * 8 + j] }
      }
    }
    return c
  }

  /// The orthonormal cosine transform of 8 numbers, and its inverse.
  private static let cosines: [Float] = (0..<64).map { i in
    let (wave, place) = (Double(i / 8), Double(i % 8))
    return Float((wave == 0 ? 0.125 : 0.25).squareRoot() * cos((2 * place + 1) * wave * Double.pi / 16))
  }
  private static let turned: [Float] = (0..<64).map { cosines[$0 % 8 * 8 + $0 / 8] }

  private static let lumaSteps: [Float] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
    87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103, 99,
  ]
  private static let colourSteps: [Float] =
    [17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66]
    + [Float](repeating: 99, count: 38)
}
