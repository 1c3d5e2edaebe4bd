import DferImage
import DferTensor
import Foundation

/// What lens, sensor and recording do to an image. The same for all frames of a clip but the noise.
struct SensorModel: Sendable {
  private let gain: Float
  /// Deviation of the blur, in pixels.
  private let blur: Float
  /// Deviation of the noise, in 0...255.
  private let noise: Float
  /// Side of the recorded image over that of the shown one.
  private let detail: Double
  /// Share of the colour that is left.
  private let saturation: Float
  /// x264's CRF.
  let quality: Int

  /// - Parameter skin: lightness of the people, 0...1: cameras open up for dark faces, but not all the way.
  init(skin: Float, random: inout RandomSource) {
    func draw(_ low: Float, _ high: Float) -> Float { low + random.uniform() * (high - low) }
    gain = draw(0.75, 1.35) * Float(pow(0.4 / Double(max(0.02, skin)), 0.4))
    blur = max(0, draw(-0.5, 1.1))
    noise = max(0, draw(-3, 7))
    detail = draw(0, 1) < 0.3 ? Double(draw(0.35, 0.9)) : 1
    let vivid = draw(0, 1)
    saturation = vivid < 0.12 ? 0 : draw(0.6, 1.1)
    quality = Int(draw(17, 33))
  }

  /// The canvas at half its size, as a camera would have recorded it.
  func image(_ canvas: Canvas, random: inout RandomSource) -> Image {
    let (width, height) = (canvas.width / 2, canvas.height / 2)
    var image = Image(width: width, height: height)
    let scale = gain / 4 * Float(Self.curve.count - 1)
    for y in 0..<height {
      for x in 0..<width {
        let a = 2 * y * canvas.width + 2 * x
        let b = a + canvas.width
        var r = canvas.red[a] + canvas.red[a + 1] + canvas.red[b] + canvas.red[b + 1]
        var g = canvas.green[a] + canvas.green[a + 1] + canvas.green[b] + canvas.green[b + 1]
        var l = canvas.blue[a] + canvas.blue[a + 1] + canvas.blue[b] + canvas.blue[b + 1]
        let grey = 0.3 * r + 0.59 * g + 0.11 * l
        (r, g, l) = (grey + saturation * (r - grey), grey + saturation * (g - grey), grey + saturation * (l - grey))
        let at = 3 * (y * width + x)
        image.pixels[at] = Self.encoded(r * scale)
        image.pixels[at + 1] = Self.encoded(g * scale)
        image.pixels[at + 2] = Self.encoded(l * scale)
      }
    }
    if detail < 1 {
      let all = Rect(x: 0, y: 0, width: Double(width), height: Double(height))
      let small = (max(8, Int(Double(width) * detail)), max(8, Int(Double(height) * detail)))
      let coarse = image.resampled(all, width: small.0, height: small.1)
      image = coarse.resampled(
        Rect(x: 0, y: 0, width: Double(small.0), height: Double(small.1)), width: width, height: height)
    }
    if blur > 0.2 { image.blur(blur) }
    if noise > 0 { addNoise(&image, &random) }
    return image
  }

  private func addNoise(_ image: inout Image, _ random: inout RandomSource) {
    // Four 16-bit numbers summed are near enough to normal; their deviation is 2^16 / sqrt(3).
    let factor = noise * 1.732 / 65536
    for index in image.pixels.indices {
      let bits = random.next()
      let sum = Float(bits & 0xFFFF) + Float(bits >> 16 & 0xFFFF) + Float(bits >> 32 & 0xFFFF) + Float(bits >> 48)
      let value = Float(image.pixels[index]) + factor * (sum - 131_070)
      image.pixels[index] = UInt8(min(255, max(0, value + 0.5)))
    }
  }

  /// Linear light -> bytes, sRGB.
  private static let curve: [UInt8] = (0...4095).map { step in
    let v = Double(step) / 4095
    return UInt8((255 * (v <= 0.0031308 ? 12.92 * v : 1.055 * pow(v, 1 / 2.4) - 0.055)).rounded())
  }

  private static func encoded(_ value: Float) -> UInt8 { curve[min(curve.count - 1, max(0, Int(value)))] }
}

extension Image {
  /// A blur by three weights along each side, exact in its deviation up to about one pixel.
  fileprivate mutating func blur(_ standardDeviation: Float) {
    let side = min(0.33, standardDeviation * standardDeviation / 2)
    let (edge, middle) = (Int(side * 256), 256 - 2 * Int(side * 256))
    func pass(_ pixels: [UInt8], step: Int, isInside: (Int) -> (before: Bool, after: Bool)) -> [UInt8] {
      var result = pixels
      for index in pixels.indices {
        let (before, after) = isInside(index)
        let here = Int(pixels[index])
        let sum = edge * (before ? Int(pixels[index - step]) : here) + edge * (after ? Int(pixels[index + step]) : here)
        result[index] = UInt8((sum + middle * here + 128) >> 8)
      }
      return result
    }
    let row = 3 * width
    pixels = pass(pixels, step: 3) { ($0 % row >= 3, $0 % row < row - 3) }
    pixels = pass(pixels, step: row) { ($0 >= row, $0 < row * (height - 1)) }
  }
}
