extension Image {
  /// The part of the image inside `area`, scaled to `width` x `height`.
  ///
  /// Fractions of pixels are honoured, so that a slowly moving crop moves smoothly. Shrinking averages over the source
  /// area, growing is bilinear, and outside the image its border is repeated.
  package func resampled(_ area: Rect, width: Int, height: Int) -> Image {
    precondition(
      width > 0 && height > 0 && area.width > 0 && area.height > 0, "resampled: \(area) to \(width)x\(height)")
    let columns = Weights(start: area.x, length: area.width, count: width, limit: self.width)
    let rows = Weights(start: area.y, length: area.height, count: height, limit: self.height)
    let first = rows.firstSource
    let span = rows.lastSource - first + 1
    // Rows first: each needed source row is squeezed to the new width once.
    var squeezed = [Float](repeating: 0, count: span * width * 3)
    for row in 0..<span {
      let source = (first + row) * self.width * 3
      for x in 0..<width {
        let taps = columns.taps(x)
        var (r, g, b): (Float, Float, Float) = (0, 0, 0)
        for tap in taps {
          let weight = columns.weight[tap]
          let index = source + columns.source[tap] * 3
          r += weight * Float(pixels[index])
          g += weight * Float(pixels[index + 1])
          b += weight * Float(pixels[index + 2])
        }
        let target = (row * width + x) * 3
        squeezed[target] = r
        squeezed[target + 1] = g
        squeezed[target + 2] = b
      }
    }
    var result = Image(width: width, height: height)
    var sums = [Float](repeating: 0, count: width * 3)
    for y in 0..<height {
      for index in sums.indices { sums[index] = 0.5 }
      for tap in rows.taps(y) {
        let weight = rows.weight[tap]
        let source = (rows.source[tap] - first) * width * 3
        for index in sums.indices { sums[index] += weight * squeezed[source + index] }
      }
      let target = y * width * 3
      for index in sums.indices { result.pixels[target + index] = UInt8(min(255, max(0, sums[index]))) }
    }
    return result
  }
}

/// Which source pixels make each target pixel along one axis, and how much each counts; weights of a target sum to 1.
private struct Weights {
  private(set) var source: [Int] = []
  private(set) var weight: [Float] = []
  private var starts: [Int] = [0]
  private(set) var firstSource = Int.max
  private(set) var lastSource = 0

  init(start: Double, length: Double, count: Int, limit: Int) {
    let scale = length / Double(count)
    for index in 0..<count {
      if scale > 1 {
        // Area: the target pixel's share of each source pixel that it covers.
        let (low, high) = (start + Double(index) * scale, start + Double(index + 1) * scale)
        for pixel in Int(low.rounded(.down))..<max(Int(low.rounded(.down)) + 1, Int(high.rounded(.up))) {
          let share = min(high, Double(pixel + 1)) - max(low, Double(pixel))
          if share > 0 { add(pixel, share / scale, limit) }
        }
      } else {
        // Bilinear between the middles of the two nearest pixels.
        let middle = start + (Double(index) + 0.5) * scale - 0.5
        let pixel = Int(middle.rounded(.down))
        let share = middle - Double(pixel)
        add(pixel, 1 - share, limit)
        if share > 0 { add(pixel + 1, share, limit) }
      }
      starts.append(source.count)
    }
  }

  func taps(_ target: Int) -> Range<Int> { starts[target]..<starts[target + 1] }

  /// Adds one tap; a pixel outside the image is its border.
  private mutating func add(_ pixel: Int, _ share: Double, _ limit: Int) {
    let inside = min(max(pixel, 0), limit - 1)
    firstSource = min(firstSource, inside)
    lastSource = max(lastSource, inside)
    // Border repeats fall on the same pixel: one tap for all of them.
    if let last = source.last, last == inside, starts[starts.count - 1] < source.count {
      weight[weight.count - 1] += Float(share)
    } else {
      source.append(inside)
      weight.append(Float(share))
    }
  }
}
