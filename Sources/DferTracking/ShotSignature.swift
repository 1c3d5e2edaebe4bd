import DferImage

/// A coarse view of an image: mean brightness and colour of 16 x 9 blocks, each about its own mean over the image. Enough
/// to tell one shot from another, too little to see a face move.
package struct ShotSignature: Sendable {
  private static let (columns, rows) = (16, 9)
  /// Below this standard deviation over the blocks, in grey values, an image is as good as empty: black, white, a fade.
  private static let flat = 4.0
  /// How much colour counts beside brightness.
  private static let colourWeight = 6.0

  private var luma: [Double]
  private var blue: [Double]
  private var red: [Double]
  private let contrast: Double

  package var isFlat: Bool { contrast < Self.flat }

  /// - Parameter area: the part of the image that is looked at; nil: all of it.
  package init(_ image: Image, area: Rect? = nil) {
    let whole = Rect(x: 0, y: 0, width: Double(image.width), height: Double(image.height))
    let area = (area ?? whole).intersection(whole)
    var (luma, blue, red): ([Double], [Double], [Double]) = ([], [], [])
    // Every second pixel along a row is enough for a mean.
    for row in 0..<Self.rows {
      let ys = Self.part(row, of: Self.rows, from: area.y, length: area.height, limit: image.height)
      for column in 0..<Self.columns {
        let xs = Self.part(column, of: Self.columns, from: area.x, length: area.width, limit: image.width)
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
    (self.luma, self.blue, self.red) = (Self.centred(luma), Self.centred(blue), Self.centred(red))
    contrast = (self.luma.reduce(0) { $0 + $1 * $1 } / Double(self.luma.count)).squareRoot()
  }

  /// How different two images are: 0 for the same scene in any brightness and contrast, about 1 and more for two shots.
  /// nil when one of them is flat, because nothing can be said then.
  package func distance(to other: ShotSignature) -> Double? {
    guard !isFlat, !other.isFlat else { return nil }
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

  /// Pixels of block `number`, at least one.
  private static func part(_ number: Int, of count: Int, from start: Double, length: Double, limit: Int) -> Range<Int> {
    let low = min(max(0, Int(start + length * Double(number) / Double(count))), limit - 1)
    let high = min(limit, Int(start + length * Double(number + 1) / Double(count)))
    return low..<max(low + 1, high)
  }
}
