import DferImage
import DferTensor

extension [Float] {
  /// Where the largest number stands; nil without numbers.
  var top: Int? { indices.max { self[$0] < self[$1] } }
}

/// Measures of numbers and places that are right by degrees.
package enum Agreement {
  /// Concordance correlation, 2 cov / (var x + var y + (mean x - mean y)^2), with sums divided by N; 0 when neither moves.
  package static func concordance(_ x: [Float], _ y: [Float]) -> Double {
    precondition(x.count == y.count && !x.isEmpty, "concordance: \(x.count) and \(y.count) numbers")
    let n = Double(x.count)
    let meanX = x.reduce(0.0) { $0 + Double($1) } / n
    let meanY = y.reduce(0.0) { $0 + Double($1) } / n
    var (varX, varY, both) = (0.0, 0.0, 0.0)
    for (a, b) in zip(x, y) {
      let (dx, dy) = (Double(a) - meanX, Double(b) - meanY)
      varX += dx * dx / n
      varY += dy * dy / n
      both += dx * dy / n
    }
    let below = varX + varY + (meanX - meanY) * (meanX - meanY)
    return below > 0 ? 2 * both / below : 0
  }

  package static func meanSquaredError(_ x: [Float], _ y: [Float]) -> Double {
    precondition(x.count == y.count && !x.isEmpty, "meanSquaredError: \(x.count) and \(y.count) numbers")
    let squares = zip(x, y).map { (Double($0) - Double($1)) * (Double($0) - Double($1)) }
    return squares.reduce(0, +) / Double(x.count)
  }

  /// Normalised mean error of points: the mean distance over `scale`, usually the distance of the outer eye corners.
  package static func normalisedMeanError(_ points: [Point], _ truth: [Point], scale: Double) -> Double {
    precondition(points.count == truth.count && !points.isEmpty && scale > 0, "normalisedMeanError: nothing to compare")
    return zip(points, truth).reduce(0) { $0 + distance($1.0, $1.1) } / Double(points.count) / scale
  }

  /// Share of the rows with a weight above 0 whose largest number stands where the truth's does; nil without such rows.
  static func topShare(_ rows: Tensor, _ truth: Tensor, weights: [Float]) -> Double? {
    let classes = rows.columns
    func top(_ values: [Float], _ row: Int) -> Int {
      (0..<classes).max { values[row * classes + $0] < values[row * classes + $1] } ?? 0
    }
    let labelled = weights.indices.filter { weights[$0] > 0 }
    guard !labelled.isEmpty else { return nil }
    return Double(labelled.count { top(rows.values, $0) == top(truth.values, $0) }) / Double(labelled.count)
  }

  package static func distance(_ a: Point, _ b: Point) -> Double {
    ((a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y)).squareRoot()
  }
}
