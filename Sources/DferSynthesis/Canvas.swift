import DferImage
import Foundation

/// An image while it is made: linear light, depth, and who is seen at each pixel.
///
/// x to the right and y down in pixels; the edge of the first pixel is 0, its middle 0.5.
struct Canvas: Sendable {
  let width, height: Int
  var red, green, blue: [Float]
  /// 1 / distance; 0 where nothing has been drawn.
  var depth: [Float]
  /// The number of the face that is seen, counted from 1; 0 for background, 255 for things in front of faces.
  var owner: [UInt8]

  init(width: Int, height: Int) {
    (self.width, self.height) = (width, height)
    red = [Float](repeating: 0, count: width * height)
    (green, blue, depth) = (red, red, red)
    owner = [UInt8](repeating: 0, count: width * height)
  }

  /// Draws the triangles that turn their front to the viewer, or all of a sheet.
  mutating func draw(_ corners: Corners, _ triangles: [Int32], owner number: UInt8, isSheet: Bool = false) {
    let (xs, ys, ds) = (corners.x, corners.y, corners.depth)
    for at in stride(from: 0, to: triangles.count, by: 3) {
      let (a, b, c) = (Int(triangles[at]), Int(triangles[at + 1]), Int(triangles[at + 2]))
      let (ax, ay, bx, by, cx, cy) = (xs[a], ys[a], xs[b], ys[b], xs[c], ys[c])
      // Twice the area; y points down, so a front has a negative one.
      let area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
      if isSheet ? area == 0 : area >= 0 { continue }
      // Most triangles of a small image lie between the pixels' middles.
      let left = max(0, Int((min(ax, min(bx, cx)) + 0.5).rounded(.down)))
      let right = min(width - 1, Int((max(ax, max(bx, cx)) - 0.5).rounded(.down)))
      let top = max(0, Int((min(ay, min(by, cy)) + 0.5).rounded(.down)))
      let bottom = min(height - 1, Int((max(ay, max(by, cy)) - 0.5).rounded(.down)))
      if left > right || top > bottom { continue }
      let scale = 1 / area
      for y in top...bottom {
        let py = Float(y) + 0.5
        for x in left...right {
          let px = Float(x) + 0.5
          let wa = ((bx - px) * (cy - py) - (by - py) * (cx - px)) * scale
          let wb = ((cx - px) * (ay - py) - (cy - py) * (ax - px)) * scale
          let wc = 1 - wa - wb
          if wa < 0 || wb < 0 || wc < 0 { continue }
          let near = wa * ds[a] + wb * ds[b] + wc * ds[c]
          let pixel = y * width + x
          if near <= depth[pixel] { continue }
          depth[pixel] = near
          red[pixel] = wa * corners.red[a] + wb * corners.red[b] + wc * corners.red[c]
          green[pixel] = wa * corners.green[a] + wb * corners.green[b] + wc * corners.green[c]
          blue[pixel] = wa * corners.blue[a] + wb * corners.blue[b] + wc * corners.blue[c]
          owner[pixel] = number
        }
      }
    }
  }

  /// Paints `colour` over every pixel by the share that `cover` gives for its middle.
  mutating func paint(_ area: Rect, owner number: UInt8?, _ colour: Colour, cover: (Float, Float) -> Float) {
    let (left, right) = (max(0, Int(area.x)), min(width, Int(area.right.rounded(.up))))
    let (top, bottom) = (max(0, Int(area.y)), min(height, Int(area.bottom.rounded(.up))))
    guard left < right, top < bottom else { return }
    for y in top..<bottom {
      for x in left..<right {
        let share = cover(Float(x) + 0.5, Float(y) + 0.5)
        if share <= 0 { continue }
        let pixel = y * width + x
        red[pixel] += share * (colour.red - red[pixel])
        green[pixel] += share * (colour.green - green[pixel])
        blue[pixel] += share * (colour.blue - blue[pixel])
        if let number, share > 0.5 { owner[pixel] = number }
      }
    }
  }
}

/// Vertices as the rasteriser takes them: where they lie on the canvas and how they look, in linear light.
struct Corners {
  var x, y, depth, red, green, blue: [Float]
}

/// Linear light, 0...1 for a white surface in full light.
struct Colour: Sendable, Hashable {
  var red, green, blue: Float

  /// From the 0...255 of an image.
  init(srgb red: Float, _ green: Float, _ blue: Float) {
    func linear(_ value: Float) -> Float {
      let v = value / 255
      return v <= 0.04045 ? v / 12.92 : Float(pow(Double((v + 0.055) / 1.055), 2.4))
    }
    (self.red, self.green, self.blue) = (linear(red), linear(green), linear(blue))
  }

  init(_ red: Float, _ green: Float, _ blue: Float) { (self.red, self.green, self.blue) = (red, green, blue) }

  func mixed(_ other: Colour, _ share: Float) -> Colour {
    Colour(red + (other.red - red) * share, green + (other.green - green) * share, blue + (other.blue - blue) * share)
  }

  static func * (a: Colour, factor: Float) -> Colour { Colour(a.red * factor, a.green * factor, a.blue * factor) }
}
