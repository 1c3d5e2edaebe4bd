import DferImage

/// A coarse view of an image: mean brightness and colour of 16 x 9 blocks, each about its own mean over the image. Enough
/// to tell one shot from another, too little to see a face move.
package struct ShotSignature: Sendable {
  private static let (columns, rows) = (16, 9)
  /// Cells of a block along each side, for the edges of what covers a part of it.
  private static let cells = 4
  /// Below this standard deviation over the blocks, in grey values, an image is as good as empty: black, white, a fade.
  private static let flat = 4.0
  /// How much colour counts beside brightness.
  private static let colourWeight = 6.0

  /// Mean grey value of each cell, row by row; empty in an image without some of its blocks.
  private let cells: [Double]
  /// Of each block: mean grey value, and how far blue and red are from it.
  private let means: (grey: [Double], blue: [Double], red: [Double])
  /// The same about their means over the image.
  private let luma, blue, red: [Double]
  private let contrast: Double

  package var isFlat: Bool { contrast < Self.flat }

  /// A cell of at most this grey value may be black.
  private static let black = 24.0
  /// The least part of an image that is black between two shots; words and signs cover the rest.
  private static let leastBlack = 0.6
  /// The largest difference, in grey values, of a cell that words or a sign cover throughout, and the least part of all cells
  /// that are not black that do not differ more: at the edges of a sign are cells that it covers in part.
  private static let (unchanged, leastUnchanged) = (12.0, 0.6)

  /// The blocks that are not black where an image has faded to black under words or a sign that stay; nil where it has not.
  /// - Parameter earlier: an image with something on it.
  package func leftOnBlack(after earlier: ShotSignature) -> Set<Int>? {
    let (now, before) = (cells, earlier.cells)
    let dark = now.indices.filter { now[$0] <= Self.black }
    guard now.count == before.count, Double(dark.count) >= Self.leastBlack * Double(now.count) else { return nil }
    func mean(_ values: [Double]) -> Double { dark.reduce(0) { $0 + values[$1] } / Double(max(1, dark.count)) }
    let left = Set(now.indices).subtracting(dark)
    let same = left.count { abs(now[$0] - before[$0]) <= Self.unchanged }
    guard mean(before) > mean(now) + Self.flat, Double(same) >= Self.leastUnchanged * Double(left.count),
      left.allSatisfy({ now[$0] <= before[$0] + Self.unchanged })
    else { return nil }
    let across = Self.columns * Self.cells
    return Set(left.map { $0 / across / Self.cells * Self.columns + $0 % across / Self.cells })
  }

  /// Standard deviation of its blocks, in grey values, without some of them.
  package func contrast(without blocks: Set<Int>) -> Double { without(blocks).contrast }

  /// Whether everything but these blocks is black.
  package func isBlack(without blocks: Set<Int>) -> Bool {
    means.grey.indices.allSatisfy { blocks.contains($0) || means.grey[$0] <= Self.black }
  }

  /// The grey value that half of the blocks do not exceed.
  package var brightness: Double { means.grey.sorted()[means.grey.count / 2] }

  /// The same image without some of its blocks, to be compared with others without them.
  package func without(_ blocks: Set<Int>) -> ShotSignature {
    func left(_ values: [Double]) -> [Double] { values.indices.filter { !blocks.contains($0) }.map { values[$0] } }
    return blocks.isEmpty ? self : ShotSignature((left(means.grey), left(means.blue), left(means.red)), cells: [])
  }

  package init(_ image: Image) {
    var (luma, blue, red) = ([Double](), [Double](), [Double]())
    let (across, down) = (Self.columns * Self.cells, Self.rows * Self.cells)
    // Every second pixel along a row is enough for a mean.
    for row in 0..<down {
      let ys = Self.part(row, of: down, limit: image.height)
      for column in 0..<across {
        let xs = Self.part(column, of: across, limit: image.width)
        var (r, g, b, count) = (0, 0, 0, 0)
        for y in ys {
          for x in stride(from: xs.lowerBound, to: xs.upperBound, by: 2) {
            let pixel = 3 * (y * image.width + x)
            r += Int(image.pixels[pixel])
            g += Int(image.pixels[pixel + 1])
            b += Int(image.pixels[pixel + 2])
            count += 1
          }
        }
        let share = 1 / Double(max(1, count))
        let (meanRed, meanGreen, meanBlue) = (Double(r) * share, Double(g) * share, Double(b) * share)
        let grey = 0.299 * meanRed + 0.587 * meanGreen + 0.114 * meanBlue
        luma.append(grey)
        blue.append(meanBlue - grey)
        red.append(meanRed - grey)
      }
    }
    self.init((Self.blocks(luma), Self.blocks(blue), Self.blocks(red)), cells: luma)
  }

  /// Means of blocks of the means of their cells.
  private static func blocks(_ values: [Double]) -> [Double] {
    (0..<columns * rows).map { block in
      let first = block / columns * cells * columns * cells + block % columns * cells
      let sum = (0..<cells * cells).reduce(0) { $0 + values[first + $1 / cells * columns * cells + $1 % cells] }
      return sum / Double(cells * cells)
    }
  }

  private init(_ means: (grey: [Double], blue: [Double], red: [Double]), cells: [Double]) {
    (self.means, self.cells) = (means, cells)
    (luma, blue, red) = (Self.centred(means.grey), Self.centred(means.blue), Self.centred(means.red))
    contrast = (luma.reduce(0) { $0 + $1 * $1 } / Double(max(1, luma.count))).squareRoot()
  }

  /// How different two images are: 0 for the same scene in any brightness and contrast, about 1 and more for two shots.
  /// nil when one of them is flat, because nothing can be said then.
  package func distance(to other: ShotSignature) -> Double? {
    guard !isFlat, !other.isFlat, luma.count == other.luma.count else { return nil }
    var (shape, colour) = (0.0, 0.0)
    for index in luma.indices {
      shape += abs(luma[index] / contrast - other.luma[index] / other.contrast)
      colour += abs(blue[index] - other.blue[index]) + abs(red[index] - other.red[index])
    }
    let count = Double(luma.count)
    return shape / count + Self.colourWeight * colour / (2 * count) / 255
  }

  private static func centred(_ values: [Double]) -> [Double] {
    let mean = values.reduce(0, +) / Double(values.count)
    return values.map { $0 - mean }
  }

  /// Pixels of part `number` of a side, at least one.
  private static func part(_ number: Int, of count: Int, limit: Int) -> Range<Int> {
    let low = min(limit * number / count, limit - 1)
    return low..<max(low + 1, limit * (number + 1) / count)
  }
}
