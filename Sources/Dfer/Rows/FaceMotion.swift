import DferImage

/// How much a face changes while it is looked at: what tells a person from a poster on the wall.
enum FaceMotion {
  /// Blocks along each side of the middle of the crop.
  private static let blocks = 8
  /// The part of the crop that is looked at, from its middle: the face without what goes on behind it.
  private static let middle = 0.6

  /// The standard deviation over time of the grey value (0...255), as the mean over 8 x 8 blocks of the crops' middle.
  ///
  /// Blocks are far coarser than the noise of a camera or a codec, and than the jitter of a detector's box. Brightness and
  /// contrast of each crop are taken out first, because a lamp that flickers moves nobody. Crops follow the face, so
  /// that a head which only glides is still.
  ///
  /// - Parameter crops: squares of one size, in order of time.
  /// - Returns: nil for fewer than two crops, which cannot differ.
  static func of(_ crops: [Image]) -> Double? {
    guard crops.count > 1 else { return nil }
    let raw = crops.map(blockMeans)
    let contrasts = raw.map { ($0.reduce(0) { $0 + $1 * $1 } / Double($0.count)).squareRoot() }
    let contrast = contrasts.reduce(0, +) / Double(contrasts.count)
    let looks = zip(raw, contrasts).map { look, own in look.map { own > 0 ? $0 * contrast / own : 0 } }
    let count = Double(looks.count)
    var sum = 0.0
    for block in looks[0].indices {
      let mean = looks.reduce(0) { $0 + $1[block] } / count
      let squares = looks.reduce(0) { $0 + ($1[block] - mean) * ($1[block] - mean) }
      sum += (squares / count).squareRoot()
    }
    return sum / Double(blocks * blocks)
  }

  /// Mean grey values of the blocks, less the mean of all.
  private static func blockMeans(_ crop: Image) -> [Double] {
    func edges(_ length: Int) -> [Int] {
      let (start, size) = (Double(length) * (1 - middle) / 2, Double(length) * middle)
      return (0...blocks).map { Int((start + size * Double($0) / Double(blocks)).rounded()) }
    }
    let (columns, rows) = (edges(crop.width), edges(crop.height))
    var means: [Double] = []
    means.reserveCapacity(blocks * blocks)
    for row in 0..<blocks {
      for column in 0..<blocks {
        let (xs, ys) = (columns[column]..<columns[column + 1], rows[row]..<rows[row + 1])
        var sum = 0
        for y in ys {
          for x in xs {
            let place = 3 * (y * crop.width + x)
            sum += Luma.in256ths(crop.pixels[place], crop.pixels[place + 1], crop.pixels[place + 2])
          }
        }
        means.append(Double(sum) / Double(256 * max(1, xs.count * ys.count)))
      }
    }
    let mean = means.reduce(0, +) / Double(means.count)
    return means.map { $0 - mean }
  }
}
