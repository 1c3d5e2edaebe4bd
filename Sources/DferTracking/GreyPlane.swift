import DferImage

/// Grey values, row by row.
struct GreyPlane: Sendable {
  struct Patch {
    /// Where its pixels are in a plane of the same width, counted from the patch's first one.
    let places: [Int]
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

  /// Of planes of the same size.
  func meanDifference(to other: GreyPlane) -> Float {
    zip(values, other.values).reduce(0) { $0 + abs($1.0 - $1.1) } / Float(max(1, values.count))
  }

  subscript(x: Int, y: Int) -> Float { values[y * width + x] }

  /// Means over the pixels that each pixel stands for, none of them more than once; for sizes that are no larger.
  func averaged(width columns: Int, height rows: Int) -> GreyPlane {
    let xs = (0..<columns).map { $0 * width / columns..<max($0 * width / columns + 1, ($0 + 1) * width / columns) }
    let ys = (0..<rows).map { $0 * height / rows..<max($0 * height / rows + 1, ($0 + 1) * height / rows) }
    var means: [Float] = []
    means.reserveCapacity(columns * rows)
    for y in ys {
      for x in xs {
        let sum = y.reduce(Float(0)) { $0 + values[$1 * width + x.lowerBound..<$1 * width + x.upperBound].reduce(0, +) }
        means.append(sum / Float(x.count * y.count))
      }
    }
    return GreyPlane(width: columns, height: rows, values: means)
  }

  /// Part of the plane.
  ///
  /// - Parameter other: a plane of the same size; pixels that are the same in it, up to some grey values, are left out.
  func patch(
    _ x: Int, _ y: Int, _ width: Int, _ height: Int, notIn other: (plane: GreyPlane, within: Float)? = nil
  ) -> Patch {
    let first = y * self.width + x
    let all = (0..<height).flatMap { row in (0..<width).map { row * self.width + $0 } }
    let places =
      other.map { other in
        all.filter { abs(values[first + $0] - other.plane.values[first + $0]) > other.within }
      } ?? all
    let count = Float(max(1, places.count))
    let mean = places.reduce(Float(0)) { $0 + values[first + $1] } / count
    let part = places.map { values[first + $0] - mean }
    return Patch(
      places: places, values: part, deviation: Double(part.reduce(0) { $0 + $1 * $1 } / count).squareRoot())
  }

  /// The largest correlation of a patch with a part of this plane, -1...1, and where that part is.
  func best(
    of patch: Patch, xs: ClosedRange<Int>, ys: ClosedRange<Int>
  ) -> (correlation: Double, x: Int, y: Int) {
    let count = Float(patch.values.count)
    var (best, place): (Float, (x: Int, y: Int)) = (-1, (xs.lowerBound, ys.lowerBound))
    for y in ys {
      for x in xs {
        var (product, sum, squares): (Float, Float, Float) = (0, 0, 0)
        let first = y * width + x
        for index in patch.places.indices {
          let value = values[first + patch.places[index]]
          product += value * patch.values[index]
          sum += value
          squares += value * value
        }
        let mean = sum / count
        let variance = squares / count - mean * mean
        guard variance > 1 else { continue }
        let correlation = product / count / (variance.squareRoot() * Float(patch.deviation))
        if correlation > best { (best, place) = (correlation, (x, y)) }
      }
    }
    return (Double(best), place.x, place.y)
  }
}
