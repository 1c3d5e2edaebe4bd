/// A point in pixels: x to the right, y down, the outer edge of the first pixel is 0 (so its middle is 0.5).
public struct Point: Sendable, Hashable, Codable {
  /// Pixels from the left edge, and from the top edge.
  public var x, y: Double

  /// The point at `x` and `y` pixels.
  public init(x: Double, y: Double) {
    self.x = x
    self.y = y
  }
}

/// Width and height in whole pixels.
public struct Size: Sendable, Hashable, Codable {
  /// Whole pixels.
  public var width, height: Int

  /// A size in whole pixels.
  public init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }
}

/// An axis-parallel box in pixels, by its top left corner and its size.
public struct Rect: Sendable, Hashable, Codable {
  /// The top left corner and the size, in pixels; fractions count.
  public var x, y, width, height: Double

  /// The box whose top left corner is at `x` and `y`, in pixels.
  public init(x: Double, y: Double, width: Double, height: Double) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }

  package init(left: Double, top: Double, right: Double, bottom: Double) {
    self.init(x: left, y: top, width: right - left, height: bottom - top)
  }

  /// The right edge, in pixels.
  public var right: Double { x + width }
  /// The bottom edge, in pixels.
  public var bottom: Double { y + height }
  /// The middle, in pixels.
  public var centre: Point { Point(x: x + width / 2, y: y + height / 2) }
  package var area: Double { max(0, width) * max(0, height) }
  package var longerSide: Double { max(width, height) }

  /// The part inside `other`; of zero size when they do not meet.
  package func intersection(_ other: Rect) -> Rect {
    let left = max(x, other.x)
    let top = max(y, other.y)
    return Rect(
      left: left, top: top, right: max(left, min(right, other.right)), bottom: max(top, min(bottom, other.bottom)))
  }

  /// The smallest rectangle around both.
  package func union(_ other: Rect) -> Rect {
    Rect(left: min(x, other.x), top: min(y, other.y), right: max(right, other.right), bottom: max(bottom, other.bottom))
  }

  /// Intersection over union (IoU), 0...1.
  package func overlap(_ other: Rect) -> Double {
    let common = intersection(other).area
    let union = area + other.area - common
    return union > 0 ? common / union : 0
  }

  /// The square around the same centre whose side is `factor` times the longer side.
  package func square(factor: Double) -> Rect {
    let side = factor * max(width, height)
    return Rect(x: centre.x - side / 2, y: centre.y - side / 2, width: side, height: side)
  }

  /// The same part of an image of another size.
  package func scaled(by scale: Double) -> Rect {
    Rect(x: x * scale, y: y * scale, width: width * scale, height: height * scale)
  }

  /// The point `t` of the way from this box to `other`: 0 gives this box, 1 gives `other`.
  package func interpolated(to other: Rect, _ t: Double) -> Rect {
    func mix(_ a: Double, _ b: Double) -> Double { a + (b - a) * t }
    return Rect(
      x: mix(x, other.x), y: mix(y, other.y), width: mix(width, other.width), height: mix(height, other.height))
  }
}
