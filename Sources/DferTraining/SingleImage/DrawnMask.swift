import DferImage
import DferTensor
import Foundation

/// A mask to paint over the lower face: a polygon around the jaw and over the nose, which gives both labels for free,
/// the expression that people saw before and that a mask is worn.
package struct DrawnMask: Sendable, Hashable {
  /// How far up the nose it reaches: 0 the tip, 1 the root.
  var height: Double
  /// How far it stands off the jaw, as a share of the face.
  var looseness: Double
  /// How far the upper edge hangs between nose and cheeks, as a share of the face.
  var sag: Double
  var colour, shade: [UInt8]
  var folds: Int
  /// The image becomes grey behind it, so that colour alone says nothing.
  var isGrey: Bool

  /// Surgical blues, white, black, and cloth of any colour, in several shapes.
  package init(random: inout RandomSource) {
    func number(_ low: Double, _ high: Double) -> Double { low + (high - low) * Double(random.uniform()) }
    let usual: [[Double]] = [
      [150, 190, 215], [95, 150, 190], [235, 235, 235], [200, 205, 205], [35, 35, 40], [70, 75, 90], [190, 200, 180],
    ]
    var base = usual[Int(random.next() % UInt64(usual.count))]
    if random.uniform() < 0.3 { base = (0..<3).map { _ in number(20, 240) } }
    let light = number(0.75, 1.1)
    colour = base.map { UInt8(min(255, max(0, $0 * light))) }
    shade = colour.map { UInt8(Double($0) * 0.85) }
    (height, looseness, sag) = (number(0.15, 0.75), number(-0.01, 0.06), number(-0.02, 0.06))
    folds = random.uniform() < 0.5 ? 0 : 3 + Int(random.next() % 3)
    isGrey = random.uniform() < 0.5
  }

  /// Paints the mask; the contour is that of the usual 68 points, in pixels of the image.
  package func drawn(on image: Image, contour: [Point]) -> Image {
    precondition(contour.count == 68, "DrawnMask: \(contour.count) points, not 68")
    let polygon = polygon(contour)
    var result = image
    let top = max(0, Int(polygon.map(\.y).min() ?? 0))
    let bottom = min(image.height, Int((polygon.map(\.y).max() ?? 0) + 1))
    for row in top..<max(top, bottom) {
      // Where the line through the middle of the row crosses the polygon's edges, in pairs.
      let y = Double(row) + 0.5
      var crossings: [Double] = []
      for (a, b) in zip(polygon, polygon.dropFirst() + polygon.prefix(1)) where (a.y <= y) != (b.y <= y) {
        crossings.append(a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x))
      }
      crossings.sort()
      let part = Double(row - top) / Double(max(1, bottom - top))
      let isFold = folds > 0 && (part * Double(folds)).truncatingRemainder(dividingBy: 1) < 0.25
      for pair in stride(from: 0, to: crossings.count - 1, by: 2) {
        let first = max(0, Int((crossings[pair] - 0.5).rounded(.up)))
        let last = min(image.width - 1, Int((crossings[pair + 1] - 0.5).rounded(.down)))
        for column in first..<max(first, last + 1) {
          for c in 0..<3 { result.pixels[3 * (row * image.width + column) + c] = isFold ? shade[c] : colour[c] }
        }
      }
    }
    return isGrey ? result.grey : result
  }

  /// About where the 68 points lie that a mask is drawn along, for a face of which five are known: the jaw is half an
  /// ellipse below the eyes. The other points stay between the eyes.
  ///
  /// - Parameter five: image-left eye, image-right eye, nose tip, image-left and image-right mouth corner.
  static func contour(of five: [Point]) -> [Point] {
    guard five.count == 5 else { return [] }
    func middle(_ a: Point, _ b: Point) -> Point { Point(x: (a.x + b.x) / 2, y: (a.y + b.y) / 2) }
    let (eyes, mouth) = (middle(five[0], five[1]), middle(five[3], five[4]))
    // The chin lies about as far below the mouth as half the way from the eyes to it; cheeks a bit beyond the eyes.
    let down = Point(x: (mouth.x - eyes.x) * 1.65, y: (mouth.y - eyes.y) * 1.65)
    let across = Point(x: (five[1].x - five[0].x) * 1.02, y: (five[1].y - five[0].y) * 1.02)
    var contour = (0...16).map { i -> Point in
      let angle = Double.pi * Double(i) / 16
      return Point(
        x: eyes.x - cos(angle) * across.x + sin(angle) * down.x, y: eyes.y - cos(angle) * across.y + sin(angle) * down.y
      )
    }
    contour += [Point](repeating: eyes, count: 10)
    contour += (0...3).map { i in
      let part = Double(i) / 3
      return Point(x: eyes.x + (five[2].x - eyes.x) * part, y: eyes.y + (five[2].y - eyes.y) * part)
    }
    return contour + [Point](repeating: five[2], count: 68 - contour.count)
  }

  /// The jaw from cheek to cheek, then back over the nose.
  private func polygon(_ p: [Point]) -> [Point] {
    let face = p[8].y - p[27].y
    let middle = p[30].x
    let first = height > 0.45 ? 1 : 2
    var outline = (first...16 - first).map { i -> Point in
      let outward = p[i].x < middle ? -1.0 : 1.0
      let isChin = abs(i - 8) <= 2
      return Point(
        x: p[i].x + (isChin ? 0 : outward * looseness * face), y: p[i].y + (isChin ? looseness * face : 0))
    }
    let bridge = Point(
      x: p[30].x + (p[27].x - p[30].x) * height, y: p[30].y + (p[27].y - p[30].y) * height)
    func cheek(_ side: Point) -> Point {
      Point(x: (bridge.x + side.x) / 2, y: (bridge.y + side.y) / 2 + sag * face)
    }
    outline += [cheek(p[16 - first]), bridge, cheek(p[first])]
    return outline
  }
}

extension Image {
  /// Every pixel by its luma.
  var grey: Image {
    var result = self
    for i in stride(from: 0, to: pixels.count, by: 3) {
      let luma = Luma.of(pixels[i], pixels[i + 1], pixels[i + 2])
      for c in 0..<3 { result.pixels[i + c] = UInt8(luma + 0.5) }
    }
    return result
  }
}
