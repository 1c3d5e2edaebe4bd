extension Image {
  /// Replaces what is inside `boxes` by a few flat blocks, so that nobody can be recognised.
  ///
  /// Blocks are a sixth of a box's longer side and hold the mean colour; a face keeps its place and its colour. Boxes
  /// are in pixels of this image and are widened by a quarter to each side first, because hair and ears tell too.
  package func hiding(_ boxes: [Rect]) -> Image {
    var result = self
    for box in boxes where box.area.isFinite && box.x.isFinite && box.y.isFinite {
      let wide = Rect(
        x: box.x - box.width / 4, y: box.y - box.height / 4, width: box.width * 1.5, height: box.height * 1.5)
      let inside = wide.intersection(Rect(x: 0, y: 0, width: Double(width), height: Double(height)))
      guard inside.area > 0 else { continue }
      let (right, bottom) = (Int(inside.right.rounded(.up)), Int(inside.bottom.rounded(.up)))
      let side = max(1, Int(min(box.longerSide / 6, 1e6).rounded(.up)))
      for y in stride(from: Int(inside.y), to: bottom, by: side) {
        for x in stride(from: Int(inside.x), to: right, by: side) {
          result.flatten(x..<min(right, x + side), y..<min(bottom, y + side))
        }
      }
    }
    return result
  }

  private mutating func flatten(_ columns: Range<Int>, _ rows: Range<Int>) {
    var sums = [0, 0, 0]
    for y in rows {
      for x in columns {
        for channel in 0..<3 { sums[channel] += Int(pixels[3 * (y * width + x) + channel]) }
      }
    }
    let count = max(1, columns.count * rows.count)
    for y in rows {
      for x in columns {
        for channel in 0..<3 { pixels[3 * (y * width + x) + channel] = UInt8(sums[channel] / count) }
      }
    }
  }
}
