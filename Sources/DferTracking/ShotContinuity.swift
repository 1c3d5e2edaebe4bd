import DferImage

/// A frame in grey, small enough to be searched for in another one.
///
/// After a pan, a shake or a flash the same things are there, elsewhere or in another light; another shot has little in
/// common with the one before it. So the image is moved over the other one as a whole, and compared by correlation, which
/// knows no brightness and no contrast.
package struct ShotContinuity: Sendable {
  /// Long side in pixels: more would only cost more.
  private static let longSide = 64
  /// The least correlation of two frames of one shot. Over 87 cuts of composed videos it was 0.84 at most, between the
  /// frames of fast pans 0.94 at least.
  private static let same = 0.9

  private let plane: Plane

  package init(_ image: Image) { plane = Plane(image).scaled(toLongSide: Self.longSide) }

  /// Whether the image is there in the other one, moved by up to a fifth of its sides or, seen from a corner, by two
  /// fifths.
  package func goesOn(in other: ShotContinuity) -> Bool {
    let (width, height) = (plane.width * 6 / 10, plane.height * 6 / 10)
    guard plane.width == other.plane.width, plane.height == other.plane.height, width >= 8, height >= 8 else {
      return false
    }
    let (right, bottom) = (plane.width - width, plane.height - height)
    return [(right / 2, bottom / 2), (0, 0), (right, 0), (0, bottom), (right, bottom)].contains { x, y in
      let part = other.plane.patch(x, y, width, height)
      // A flat part is everywhere.
      return part.deviation >= 4 && plane.best(of: part, xs: 0...right, ys: 0...bottom) >= Self.same
    }
  }
}

/// Grey values, row by row.
private struct Plane: Sendable {
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
  func scaled(toLongSide side: Int) -> Plane {
    let scale = max(1, (max(width, height) + side - 1) / side)
    let (columns, rows) = (max(1, width / scale), max(1, height / scale))
    let means = (0..<columns * rows).map { index -> Float in
      var sum: Float = 0
      for y in 0..<scale {
        for x in 0..<scale { sum += values[(index / columns * scale + y) * width + index % columns * scale + x] }
      }
      return sum / Float(scale * scale)
    }
    return Plane(width: columns, height: rows, values: means)
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
