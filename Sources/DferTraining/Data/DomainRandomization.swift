import DferImage
import DferTensor
import Foundation

/// Changes of images that make one source of faces look like others, beside the usual augmentation: resolution, colours, and
/// where a detector puts its box. A network that has seen all of them does not take any for a sign of an expression.
package struct DomainRandomization: Sendable, Hashable, Codable {
  /// Crops are reduced to a random side between this and 112 pixels, and enlarged again; nil: not.
  package var minimumResolution: Int?
  /// Strength of changes of hue, saturation and white balance, 0...1; some faces become grey.
  package var colour: Double
  /// Strength of changes of the crop's place and width, 0...1; at 1 as different detectors put their boxes.
  package var crop: Double

  package init(minimumResolution: Int? = nil, colour: Double = 0, crop: Double = 0) {
    (self.minimumResolution, self.colour, self.crop) = (minimumResolution, colour, crop)
  }

  /// The largest side that counts as a resolution.
  static let fullResolution = 112
}

extension Augmentation {
  /// Adds random changes; the same in all frames of a clip.
  mutating func randomize(_ domain: DomainRandomization, _ random: inout RandomSource) {
    if domain.crop > 0 {
      // Found boxes are 0.85 to 1.2 times as large as labelled ones, and lie a few hundredths beside them.
      side *= exp(max(-0.35, min(0.35, 0.15 * domain.crop * Double(random.normal()))))
      dx += max(-0.2, min(0.2, 0.07 * domain.crop * Double(random.normal())))
      dy += max(-0.2, min(0.2, 0.07 * domain.crop * Double(random.normal())))
    }
    if let least = domain.minimumResolution {
      // As many faces between 24 and 48 pixels as between 48 and 96.
      let full = Double(max(DomainRandomization.fullResolution, least))
      photometric.resolution = Int((Double(least) * pow(full / Double(least), Double(random.uniform()))).rounded())
    }
    if domain.colour > 0 { photometric.colour = ColourChange(strength: domain.colour, random: &random) }
  }
}

/// A linear change of colours: hue and saturation around the luma, then a gain for each colour.
package struct ColourChange: Sendable, Hashable {
  /// Row by row: what red, green and blue become of red, green and blue.
  let matrix: [Float]

  /// - Parameters:
  ///   - hue: turn in radians; `saturation`: 0 is grey, 1 as it is; `gains`: of red, green and blue.
  init(hue: Double, saturation: Double, gains: [Double]) {
    // Turns the two colour axes of YIQ, whose first axis is the luma.
    let toYIQ = [[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]]
    let fromYIQ = [[1, 0.956, 0.619], [1, -0.272, -0.647], [1, -1.106, 1.703]]
    let (c, s) = (saturation * cos(hue), saturation * sin(hue))
    let turn = [[1, 0, 0], [0, c, -s], [0, s, c]]
    func product(_ a: [[Double]], _ b: [[Double]]) -> [[Double]] {
      a.map { row in (0..<3).map { column in (0..<3).reduce(0) { $0 + row[$1] * b[$1][column] } } }
    }
    let all = product(fromYIQ, product(turn, toYIQ))
    matrix = zip(all, gains).flatMap { row, gain in row.map { Float($0 * gain) } }
  }

  init(strength: Double, random: inout RandomSource) {
    func spread(_ limit: Double) -> Double { (2 * Double(random.uniform()) - 1) * limit * strength }
    let isGrey = Double(random.uniform()) < 0.25 * strength
    let hue = spread(0.25)
    let saturation = isGrey ? 0 : exp(spread(0.6))
    // Warm light lifts red and lowers blue; green moves little.
    let warmth = spread(0.18)
    self.init(hue: hue, saturation: saturation, gains: [1 + warmth, 1 + spread(0.05), 1 - warmth])
  }

  func apply(to image: inout Image) {
    for start in stride(from: 0, to: image.pixels.count - 2, by: 3) {
      let (r, g, b) = (Float(image.pixels[start]), Float(image.pixels[start + 1]), Float(image.pixels[start + 2]))
      for colour in 0..<3 {
        let value = matrix[3 * colour] * r + matrix[3 * colour + 1] * g + matrix[3 * colour + 2] * b
        image.pixels[start + colour] = UInt8(max(0, min(255, value.rounded())))
      }
    }
  }
}
