/// How something stands, in steps of a quarter turn clockwise as seen.
package enum QuarterTurn: Int, Sendable, Hashable, CaseIterable {
  case upright, clockwise, upsideDown, counterclockwise

  /// What turns it upright again.
  package var inverse: QuarterTurn { QuarterTurn(rawValue: (4 - rawValue) % 4) ?? .upright }

  package var radians: Double { Double(rawValue) * .pi / 2 }

  /// A point of the unit square where it lies after this turn about the middle.
  package func callAsFunction(_ point: Point) -> Point {
    switch self {
    case .upright: point
    case .clockwise: Point(x: 1 - point.y, y: point.x)
    case .upsideDown: Point(x: 1 - point.x, y: 1 - point.y)
    case .counterclockwise: Point(x: point.y, y: 1 - point.x)
    }
  }
}

extension Image {
  /// The same image turned, not mirrored.
  package func turned(_ turn: QuarterTurn) -> Image {
    guard turn != .upright else { return self }
    let isOnItsSide = turn != .upsideDown
    var result = Image(width: isOnItsSide ? height : width, height: isOnItsSide ? width : height)
    for y in 0..<height {
      for x in 0..<width {
        let target =
          switch turn {
          case .upright: y * width + x
          case .clockwise: x * height + height - 1 - y
          case .upsideDown: (height - 1 - y) * width + width - 1 - x
          case .counterclockwise: (width - 1 - x) * height + y
          }
        for channel in 0..<3 { result.pixels[3 * target + channel] = pixels[3 * (y * width + x) + channel] }
      }
    }
    return result
  }
}
