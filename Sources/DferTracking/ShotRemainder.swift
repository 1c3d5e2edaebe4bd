import DferImage

/// Whether a part of the image goes on across a suspected cut: the image of a speaker beside slides that change, or the
/// page behind a window that opens.
///
/// The same blocks of pixels on both sides are the sign of it. Those that also move before or after are a camera that goes on,
/// and a few side by side are enough. Those that never move may be a channel's sign or a line of words that is shown over every
/// shot, so that more of them are needed than such things cover.
package struct ShotRemainder: Sendable {
  /// Side of a block, in pixels of images with a long side of `ShotCut.longSide`.
  private static let side = 6
  /// The least standard deviation, in grey values, of a block that can be told from others.
  private static let texture: Float = 6
  /// The least correlation and the largest mean difference, in grey values, of a block that is the same on both sides.
  private static let (same, largestDifference): (Float, Float) = (0.9, 12)
  /// From this mean difference on a block has moved from one frame to the next, and from this part of such steps on it
  /// lives.
  private static let (movement, livingSteps): (Float, Double) = (0.7, 0.5)
  /// The fewest living blocks side by side that are a camera that goes on, as at 1 in 200 composed cuts at most.
  private static let fewestLiving = 4
  /// The least part of the image that goes on when a page does; signs and words over composed cuts: 0.15 at most.
  private static let leastPart = 0.15

  /// - Parameters:
  ///   - before: frames up to the suspected cut, at least one.
  ///   - after: frames from there on, at least one, of the same size.
  package static func isThere(before: [Image], after: [Image]) -> Bool {
    let (before, after) = (before.map(Blocks.init), after.map(Blocks.init))
    guard let last = before.last, let first = after.first, last.values.count == first.values.count else { return false }
    let kept = last.values.indices.map { isSame(last.values[$0], first.values[$0]) }
    let count = kept.count { $0 }
    if Double(count) >= leastPart * Double(kept.count) { return count > 0 }
    guard count >= fewestLiving else { return false }
    let steps = [before, after].flatMap { zip($0, $0.dropFirst()) }
    let living = kept.indices.map { index in
      guard kept[index] else { return false }
      let moved = steps.count { difference($0.values[index], $1.values[index]) >= movement }
      return moved > 0 && Double(moved) >= livingSteps * Double(steps.count)
    }
    return largestGroup(living, columns: last.columns) >= fewestLiving
  }

  /// Grey values of an image, block by block; what does not fill a block at the right and at the bottom is left out.
  private struct Blocks {
    let columns: Int
    let values: [[Float]]

    init(_ image: Image) {
      let columns = image.width / side
      self.columns = columns
      values = (0..<columns * (image.height / side)).map { block in
        (0..<side * side).map { inside in
          let (x, y) = (block % columns * side + inside % side, block / columns * side + inside / side)
          let pixel = 3 * (y * image.width + x)
          return Luma.of(image.pixels[pixel], image.pixels[pixel + 1], image.pixels[pixel + 2])
        }
      }
    }
  }

  private static func difference(_ block: [Float], _ other: [Float]) -> Float {
    zip(block, other).reduce(0) { $0 + abs($1.0 - $1.1) } / Float(block.count)
  }

  private static func isSame(_ block: [Float], _ other: [Float]) -> Bool {
    let count = Float(block.count)
    guard difference(block, other) <= largestDifference else { return false }
    let (mean, otherMean) = (block.reduce(0, +) / count, other.reduce(0, +) / count)
    var (product, square, otherSquare): (Float, Float, Float) = (0, 0, 0)
    for (value, otherValue) in zip(block, other) {
      product += (value - mean) * (otherValue - otherMean)
      square += (value - mean) * (value - mean)
      otherSquare += (otherValue - otherMean) * (otherValue - otherMean)
    }
    let least = texture * texture * count
    return square >= least && otherSquare >= least && product >= same * (square * otherSquare).squareRoot()
  }

  /// Size of the largest group of blocks that touch each other with a side.
  private static func largestGroup(_ isIn: [Bool], columns: Int) -> Int {
    var (left, largest) = (isIn, 0)
    for start in left.indices where left[start] {
      var (group, next) = (0, [start])
      left[start] = false
      while let index = next.popLast() {
        group += 1
        let column = index % columns
        var neighbours = [index - columns, index + columns]
        if column > 0 { neighbours.append(index - 1) }
        if column + 1 < columns { neighbours.append(index + 1) }
        for neighbour in neighbours where left.indices.contains(neighbour) && left[neighbour] {
          left[neighbour] = false
          next.append(neighbour)
        }
      }
      largest = max(largest, group)
    }
    return largest
  }
}
