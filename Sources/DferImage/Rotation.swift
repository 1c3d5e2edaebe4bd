import Foundation

extension Image {
  /// Like `resampled`, from a square that is turned by `angle` radians around its middle, clockwise as seen.
  package func resampled(_ area: Rect, turnedBy angle: Double, size: Int) -> Image {
    guard angle != 0 else { return resampled(area, width: size, height: size) }
    let (c, s) = (cos(angle), sin(angle))
    // An upright square around the turned one, already at the final scale; then only the turning is left to do.
    let factor = abs(c) + abs(s)
    let room = Int((Double(size) * factor).rounded(.up)) + 2
    let scale = Double(room) / Double(size)
    let centre = area.centre
    let (width, height) = (area.width * scale, area.height * scale)
    let upright = resampled(
      Rect(x: centre.x - width / 2, y: centre.y - height / 2, width: width, height: height), width: room, height: room)
    var result = Image(width: size, height: size)
    for y in 0..<size {
      for x in 0..<size {
        let (dx, dy) = (Double(x) + 0.5 - Double(size) / 2, Double(y) + 0.5 - Double(size) / 2)
        upright.blend(
          x: c * dx - s * dy + Double(room) / 2 - 0.5, y: s * dx + c * dy + Double(room) / 2 - 0.5,
          into: &result.pixels, at: 3 * (y * size + x))
      }
    }
    return result
  }

  /// Writes the colour between the four pixels around a place; places are of pixel middles.
  private func blend(x: Double, y: Double, into pixels: inout [UInt8], at target: Int) {
    let (column, row) = (min(max(Int(x), 0), width - 2), min(max(Int(y), 0), height - 2))
    let (u, v) = (min(max(x - Double(column), 0), 1), min(max(y - Double(row), 0), 1))
    let corner = 3 * (row * width + column)
    for colour in corner..<corner + 3 {
      let top = (1 - u) * Double(self.pixels[colour]) + u * Double(self.pixels[colour + 3])
      let bottom = (1 - u) * Double(self.pixels[colour + 3 * width]) + u * Double(self.pixels[colour + 3 * width + 3])
      pixels[target + colour - corner] = UInt8((1 - v) * top + v * bottom + 0.5)
    }
  }
}
