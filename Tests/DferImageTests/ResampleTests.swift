import DferImage
import Testing

/// `Image.resampled` against a version that is slow and obvious.
struct ResampleTests {
  /// An image without any pattern, the same on every run.
  private static func noise(_ width: Int, _ height: Int) -> Image {
    var state: UInt32 = 1
    let pixels = (0..<width * height * 3).map { _ -> UInt8 in
      state = state &* 1_664_525 &+ 1_013_904_223
      return UInt8(state >> 24)
    }
    return Image(width: width, height: height, pixels: pixels)
  }

  /// One axis: how much of source pixel `pixel` (of an endless image) goes into target pixel `index`.
  private static func weight(_ pixel: Int, _ index: Int, start: Double, scale: Double) -> Double {
    let (low, high) = (start + Double(index) * scale, start + Double(index + 1) * scale)
    if scale > 1 { return max(0, min(high, Double(pixel + 1)) - max(low, Double(pixel))) / scale }
    return max(0, 1 - abs((low + high) / 2 - (Double(pixel) + 0.5)))
  }

  private static func slow(_ image: Image, _ area: Rect, _ width: Int, _ height: Int) -> [Double] {
    let (sx, sy) = (area.width / Double(width), area.height / Double(height))
    var result: [Double] = []
    for y in 0..<height {
      for x in 0..<width {
        for channel in 0..<3 {
          var sum = 0.0
          for py in Int(area.y) - 3...Int(area.bottom) + 3 {
            let wy = weight(py, y, start: area.y, scale: sy)
            if wy == 0 { continue }
            for px in Int(area.x) - 3...Int(area.right) + 3 {
              let wx = weight(px, x, start: area.x, scale: sx)
              let (ix, iy) = (min(max(px, 0), image.width - 1), min(max(py, 0), image.height - 1))
              sum += wx * wy * Double(image.pixels[(iy * image.width + ix) * 3 + channel])
            }
          }
          result.append(sum)
        }
      }
    }
    return result
  }

  @Test(arguments: [
    Rect(x: 0, y: 0, width: 23, height: 17), Rect(x: 2.3, y: 1.7, width: 12.4, height: 9.9),
    Rect(x: -6.5, y: -3.25, width: 14, height: 14), Rect(x: 15, y: 10, width: 20.5, height: 20.5),
    Rect(x: 5.5, y: 5.5, width: 3, height: 3), Rect(x: -40, y: -40, width: 10, height: 10),
    Rect(x: 4, y: 2, width: 16, height: 5),
  ])
  func agreesWithTheObviousVersion(area: Rect) {
    let image = Self.noise(23, 17)
    for (width, height) in [(8, 8), (5, 9), (16, 16), (1, 1)] {
      let fast = image.resampled(area, width: width, height: height)
      #expect(fast.size == Size(width: width, height: height))
      let slow = Self.slow(image, area, width, height)
      for (a, b) in zip(fast.pixels, slow) { #expect(abs(Double(a) - b) <= 0.51, "\(area) to \(width)x\(height)") }
    }
  }

  @Test func theWholeImageAtItsOwnSizeIsUnchanged() {
    let image = Self.noise(31, 14)
    #expect(image.resampled(Rect(x: 0, y: 0, width: 31, height: 14), width: 31, height: 14) == image)
  }

  @Test func aWholePixelStepMovesTheImage() {
    let image = Self.noise(20, 20)
    let moved = image.resampled(Rect(x: 3, y: 5, width: 10, height: 10), width: 10, height: 10)
    #expect(moved.pixels[0] == image.pixels[(5 * 20 + 3) * 3])
  }

  @Test func onePixelFillsEverything() {
    let image = Image(width: 1, height: 1, pixels: [7, 90, 255])
    let grown = image.resampled(Rect(x: -3, y: -2, width: 9, height: 9), width: 5, height: 4)
    for pixel in 0..<20 { #expect(Array(grown.pixels[pixel * 3..<pixel * 3 + 3]) == [7, 90, 255]) }
  }
}
