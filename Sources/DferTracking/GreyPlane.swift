import DferImage

/// Grey values, row by row.
struct GreyPlane: Sendable {
  struct Patch {
    let width, height: Int
    /// About their mean.
    let values: [Float]
    /// Standard deviation.
    let deviation: Double
  }

  let width, height: Int
  private let values: [Float]

  init(_ image: Image) {
    (width, height) = (image.width, image.height)
    values = (0..<width * height).map {
      Luma.of(image.pixels[3 * $0], image.pixels[3 * $0 + 1], image.pixels[3 * $0 + 2])
    }
  }

  private init(width: Int, height: Int, values: [Float]) {
    (self.width, self.height, self.values) = (width, height, values)
  }

  /// Means over as many pixels as each pixel stands for.
  func scaled(toLongSide side: Int) -> GreyPlane {
    let scale = max(1, (max(width, height) + side - 1) / side)
    let (columns, rows) = (max(1, width / scale), max(1, height / scale))
    let means = (0..<columns * rows).map { index -> Float in
      var sum: Float = 0
      for y in 0..<scale {
        for x in 0..<scale { sum += values[(index / columns * scale + y) * width + index % columns * scale + x] }
      }
      return sum / Float(scale * scale)
    }
    return GreyPlane(width: columns, height: rows, values: means)
  }

  func patch(_ x: Int, _ y: Int, _ width: Int, _ height: Int) -> Patch {
    var (part, sum): ([Float], Float) = ([], 0)
    part.reserveCapacity(width * height)
    for row in y..<y + height {
      for value in values[row * self.width + x..<row * self.width + x + width] {
        part.append(value)
        sum += value
      }
    }
    let mean = sum / Float(part.count)
    var squares: Float = 0
    for index in part.indices {
      part[index] -= mean
      squares += part[index] * part[index]
    }
    return Patch(
      width: width, height: height, values: part,
      deviation: Double(squares / Float(part.count)).squareRoot())
  }

  /// The largest correlation of a patch with a part of this plane, -1...1.
  func best(of patch: Patch, xs: ClosedRange<Int>, ys: ClosedRange<Int>) -> Double {
    let count = Float(patch.values.count)
    var best: Float = -1
    for y in ys {
      for x in xs {
        var (product, sum, squares, index): (Float, Float, Float, Int) = (0, 0, 0, 0)
        for row in y..<y + patch.height {
          for place in row * width + x..<row * width + x + patch.width {
            let value = values[place]
            product += value * patch.values[index]
            sum += value
            squares += value * value
            index += 1
          }
        }
        let mean = sum / count
        let variance = squares / count - mean * mean
        guard variance > 1 else { continue }
        best = max(best, product / count / (variance.squareRoot() * Float(patch.deviation)))
      }
    }
    return Double(best)
  }
}
