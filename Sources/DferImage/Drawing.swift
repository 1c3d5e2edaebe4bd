/// An 8-bit RGB colour.
package struct Colour: Sendable, Hashable {
  package var red, green, blue: UInt8

  package init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// A CSS colour of six digits: "#d64545". Anything else is black.
  package init(css: String) {
    let value = css.hasPrefix("#") && css.utf8.count == 7 ? UInt32(css.dropFirst(), radix: 16) ?? 0 : 0
    self.init(UInt8(value >> 16 & 0xFF), UInt8(value >> 8 & 0xFF), UInt8(value & 0xFF))
  }

  package static let black = Colour(0, 0, 0)
  package static let white = Colour(255, 255, 255)
}

extension Image {
  /// Lays `colour` over one pixel; places outside the image are left out. `cover` is 0...1.
  package mutating func blend(_ colour: Colour, _ x: Int, _ y: Int, cover: Double) {
    guard x >= 0, y >= 0, x < width, y < height, cover > 0 else { return }
    let place = (y * width + x) * 3
    let part = Int((min(1, cover) * 256).rounded())
    for (offset, value) in [colour.red, colour.green, colour.blue].enumerated() {
      let old = Int(pixels[place + offset])
      pixels[place + offset] = UInt8(old + ((Int(value) - old) * part) >> 8)
    }
  }

  /// Fills the whole pixels whose middles lie in `area`.
  package mutating func fill(_ area: Rect, _ colour: Colour, cover: Double = 1) {
    guard area.x.isFinite, area.y.isFinite, area.area.isFinite else { return }
    let inside = area.intersection(Rect(x: 0, y: 0, width: Double(width), height: Double(height)))
    let columns = Int(inside.x.rounded())..<max(Int(inside.x.rounded()), Int(inside.right.rounded()))
    for y in Int(inside.y.rounded())..<max(Int(inside.y.rounded()), Int(inside.bottom.rounded())) {
      for x in columns { blend(colour, x, y, cover: cover) }
    }
  }

  /// The border of a box, `thickness` pixels wide to its inside.
  package mutating func outline(_ box: Rect, _ colour: Colour, thickness: Double) {
    fill(Rect(x: box.x, y: box.y, width: box.width, height: thickness), colour)
    fill(Rect(x: box.x, y: box.bottom - thickness, width: box.width, height: thickness), colour)
    fill(Rect(x: box.x, y: box.y, width: thickness, height: box.height), colour)
    fill(Rect(x: box.right - thickness, y: box.y, width: thickness, height: box.height), colour)
  }

  /// Slanted lines over a box, from its lower to its upper edge, every `step` pixels.
  package mutating func hatch(_ box: Rect, _ colour: Colour, step: Double, thickness: Double) {
    guard step > 0, box.height >= 1, box.width >= 1, box.width < 1e6, box.height < 1e6 else { return }
    let slant = min(step, box.height)
    // Rows of the image alone: boxes may be anywhere.
    let (first, last) = (min(box.height, max(0, -box.y)), min(box.height, max(0, Double(height) - box.y)))
    guard first.isFinite, last > first, box.x.isFinite else { return }
    for row in Int(first)..<Int(last.rounded(.up)) {
      let shift = slant * (1 - (Double(row) + 0.5) / box.height)
      for left in stride(from: box.x + shift - step, to: box.right, by: step) where left + thickness > box.x {
        let start = max(box.x, left)
        let width = min(left + thickness, box.right) - start
        if width > 0 { fill(Rect(x: start, y: box.y + Double(row), width: width, height: 1), colour) }
      }
    }
  }

  /// A filled circle with a smooth edge.
  package mutating func dot(_ centre: Point, radius: Double, _ colour: Colour) {
    guard centre.x.magnitude < 1e6, centre.y.magnitude < 1e6, radius < 1e4 else { return }
    for y in Self.pixels(from: centre.y - radius - 1, to: centre.y + radius + 1, of: height) {
      for x in Self.pixels(from: centre.x - radius - 1, to: centre.x + radius + 1, of: width) {
        let (dx, dy) = (Double(x) + 0.5 - centre.x, Double(y) + 0.5 - centre.y)
        blend(colour, x, y, cover: radius + 0.5 - (dx * dx + dy * dy).squareRoot())
      }
    }
  }

  /// The pixels of a side that a shape touches; none when it lies outside.
  private static func pixels(from first: Double, to last: Double, of side: Int) -> Range<Int> {
    let start = min(side, max(0, Int(first.rounded(.down))))
    return start..<max(start, min(side, Int(last.rounded(.up)) + 1))
  }

  /// A straight line with smooth edges and round ends.
  package mutating func line(from start: Point, to end: Point, thickness: Double, _ colour: Colour) {
    let all = [start.x, start.y, end.x, end.y]
    guard all.allSatisfy({ $0.magnitude < 1e6 }), thickness < 1e4 else { return }
    let (dx, dy) = (end.x - start.x, end.y - start.y)
    let (length, reach) = (max(1e-9, dx * dx + dy * dy), thickness / 2 + 1)
    for y in Self.pixels(from: min(start.y, end.y) - reach, to: max(start.y, end.y) + reach, of: height) {
      for x in Self.pixels(from: min(start.x, end.x) - reach, to: max(start.x, end.x) + reach, of: width) {
        let (px, py) = (Double(x) + 0.5 - start.x, Double(y) + 0.5 - start.y)
        let along = min(1, max(0, (px * dx + py * dy) / length))
        let (ex, ey) = (px - along * dx, py - along * dy)
        blend(colour, x, y, cover: thickness / 2 + 0.5 - (ex * ex + ey * ey).squareRoot())
      }
    }
  }
}
