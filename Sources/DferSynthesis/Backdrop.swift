import DferImage
import DferTensor

extension Canvas {
  /// A room, a wall, a street, out of focus: a gradient, shapes, and unevenness. Painted once for a clip.
  init(backdropOf width: Int, _ height: Int, random: inout RandomSource) {
    self.init(width: width, height: height)
    func draw(_ low: Float, _ high: Float) -> Float { low + random.uniform() * (high - low) }
    let brightness = draw(0.1, 0.9)
    func colour() -> Colour {
      Colour(draw(0.02, 1), draw(0.02, 1), draw(0.02, 1)).mixed(Colour(0.5, 0.5, 0.5), 0.5) * brightness
    }
    let (from, to, turn) = (colour(), colour(), draw(0, 2 * .pi))
    let (dx, dy) = (cosine(turn), sine(turn))
    for y in 0..<height {
      for x in 0..<width {
        let t = 0.5 + 0.5 * (dx * (2 * Float(x) / Float(width) - 1) + dy * (2 * Float(y) / Float(height) - 1)) / 1.42
        set(x, y, from.mixed(to, t))
      }
    }
    let size = Float(max(width, height))
    for _ in 0..<Int(draw(0, 9)) {
      let (cx, cy) = (draw(0, Float(width)), draw(0, Float(height)))
      let (rx, ry) = (draw(0.03, 0.4) * size, draw(0.03, 0.4) * size)
      let (paint, strength, soft) = (colour(), draw(0.3, 1), draw(0.02, 0.4))
      let isRound = draw(0, 1) < 0.4
      let area = Rect(
        left: Double(cx - rx * 1.5), top: Double(cy - ry * 1.5), right: Double(cx + rx * 1.5),
        bottom: Double(cy + ry * 1.5))
      self.paint(area, owner: nil, paint) { x, y in
        let (u, v) = (abs(x - cx) / rx, abs(y - cy) / ry)
        let edge = isRound ? (u * u + v * v).squareRoot() : max(u, v)
        return strength * min(1, max(0, (1 - edge) / soft + 0.5))
      }
    }
    // Unevenness at two sizes, bilinear between random knots.
    for (cells, size) in [(6, draw(0, 0.25)), (24, draw(0, 0.1))] {
      let knots = (0..<(cells + 1) * (cells + 1)).map { _ in draw(-1, 1) }
      for y in 0..<height {
        let v = Float(y) * Float(cells) / Float(height)
        for x in 0..<width {
          let u = Float(x) * Float(cells) / Float(width)
          let (i, j) = (Int(u), Int(v))
          let (s, t, at) = (u - Float(i), v - Float(j), j * (cells + 1) + i)
          let upper = knots[at] + s * (knots[at + 1] - knots[at])
          let lower = knots[at + cells + 1] + s * (knots[at + cells + 2] - knots[at + cells + 1])
          let pixel = y * width + x
          let factor = max(0, 1 + size * (upper + t * (lower - upper)))
          set(x, y, Colour(red[pixel], green[pixel], blue[pixel]) * factor)
        }
      }
    }
  }

  private mutating func set(_ x: Int, _ y: Int, _ colour: Colour) {
    let pixel = y * width + x
    (red[pixel], green[pixel], blue[pixel]) = (colour.red, colour.green, colour.blue)
  }
}
