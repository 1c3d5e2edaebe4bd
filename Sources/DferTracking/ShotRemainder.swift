import DferImage

/// Whether a part of the image goes on across a suspected cut: the image of a speaker beside slides that change, or the
/// page behind a window that opens.
///
/// The same blocks of pixels on both sides are the sign of it. Those that also move are a camera that goes on, and a few side by
/// side are enough: in the frames around the suspected cut, or again and again in the seconds before it, since a speaker may
/// hold still just then; of a face that is the same on both sides, it is enough to have moved once. Those that never move may be
/// a channel's sign or a line of words that is shown over every shot, so that more of them are needed than such things cover.
package struct ShotRemainder: Sendable {
  /// Side of a block, in pixels of images with a long side of `ShotCut.longSide`.
  private static let side = 6
  /// The least standard deviation, in grey values, of a block that can be told from others.
  private static let texture: Float = 6
  /// The least correlation and the largest mean difference, in grey values, of a block that is the same on both sides.
  private static let (same, largestDifference): (Float, Float) = (0.9, 12)
  /// From this mean difference on a block has moved from one image to the next.
  private static let movement: Float = 0.7
  /// From this part of the steps between frames on a block that moved in them lives; the fewest of those side by side that are a
  /// camera that goes on, as at 1 in 200 composed cuts at most.
  private static let (livingSteps, fewestLiving) = (0.5, 4)
  /// Seconds before the suspected cut that earlier images are kept, and between two of them.
  private static let (memory, spacing) = (2.0, 0.15)
  /// From this median difference of all blocks on most of the image has changed.
  private static let unrest: Float = 4
  /// How often a block must have moved in those, and by no less than across the suspected cut, to live; the fewest side by side,
  /// as at 1 in 400 composed cuts.
  private static let (movements, fewestMoving) = (3, 5)
  /// The least part of the image that goes on when a page does; signs and words over composed cuts: 0.15 at most.
  private static let leastPart = 0.15
  /// From this part of what changes on it is a film within a page, if it moved in most of the steps before: nothing of pages that
  /// went on did, a third and more of films beside a still picture.
  private static let filmPart = 0.2

  /// The least part of a face that goes on when it does: a sign covers less of one.
  private static let facePart = 0.6

  private struct Earlier: Sendable {
    let time: Double
    let image: Image
  }

  /// Images of this shot and those before it, oldest first. What is over every shot does not move in any.
  private var earlier: [Earlier] = []

  package init() {}

  /// Remembers an image of the shot, of any size, with its time in seconds.
  package mutating func add(_ image: Image, at time: Double) {
    guard earlier.last.map({ time - $0.time >= Self.spacing }) ?? true else { return }
    // A suspicion is judged half a second later at most.
    earlier.removeAll { $0.time < time - Self.memory - 0.6 }
    earlier.append(Earlier(time: time, image: image))
  }

  /// - Parameters:
  ///   - before: frames up to the suspected cut, at least one.
  ///   - after: frames from there on, at least one, of the same size.
  ///   - time: of the first frame after it, in seconds.
  ///   - faces: their boxes before it, as parts of the image's width and height.
  ///   - nearest: the frames at the suspected cut; asked for only where a face may go on.
  package func isThere(
    before: [Image], after: [Image], at time: Double, faces: [Rect], nearest: () -> Sides
  ) -> Bool {
    guard let image = before.last else { return false }
    let (before, after) = (before.map { Blocks(GreyPlane($0)) }, after.map { Blocks(GreyPlane($0)) })
    guard let last = before.last, let first = after.first, last.values.count == first.values.count else { return false }
    let kept = last.values.indices.map { Self.isSame(last.values[$0], first.values[$0]) }
    let count = kept.count { $0 }
    let isPage = count > 0 && Double(count) >= Self.leastPart * Double(kept.count)
    func group(_ lives: (Int) -> Bool) -> Int {
      Self.largestGroup(kept.indices.map { kept[$0] && lives($0) }, columns: last.columns)
    }
    let sides = [before, after].map { Array(zip($0, $0.dropFirst())) }.filter { !$0.isEmpty }
    let living = group { block in
      !sides.isEmpty
        && sides.allSatisfy { steps in
          let moved = steps.count { $0.difference(to: $1, at: block) >= Self.movement }
          return Double(moved) >= Self.livingSteps * Double(steps.count)
        }
    }
    if living >= Self.fewestLiving { return true }
    let images = earlier.filter { $0.time < time && $0.time >= time - Self.memory }.map(\.image)
    let blocks = images.map { Blocks(GreyPlane($0).averaged(width: image.width, height: image.height)) }
    let past = Array(zip(blocks, blocks.dropFirst()))
    // Where most of the image changes, a sign does too: compression smears it, and something shows between its letters.
    let isQuiet = past.map { $0.median(to: $1) < Self.unrest }
    let quiet = zip(past, isQuiet).filter(\.1).map(\.0)
    if !faces.isEmpty {
      let (nearest, steps) = (nearest(), zip(zip(images, images.dropFirst()), isQuiet).filter(\.1).map(\.0))
      if faces.contains(where: { goesOn($0, in: nearest, quiet: steps) }) { return true }
    }
    guard isPage || count >= Self.fewestLiving else { return false }
    func isKept(_ face: Rect) -> Bool {
      let inside = last.blocks(in: face).filter { Self.isTextured(last.values[$0]) }
      let same = inside.filter { kept[$0] }
      return Double(same.count) >= Self.facePart * Double(inside.count)
        && same.count { block in quiet.contains { $0.difference(to: $1, at: block) >= Self.movement } }
          >= Self.fewestLiving
    }
    let moving = group { block in
      let least = max(Self.movement, last.difference(to: first, at: block))
      return quiet.count { $0.difference(to: $1, at: block) >= least } >= Self.movements
    }
    if moving >= Self.fewestMoving || faces.contains(where: { isKept($0) }) { return true }
    // A page goes on behind what comes and goes over it, but not around a film that has another shot.
    guard isPage else { return false }
    let film = kept.indices.count { block in
      guard !kept[block] else { return false }
      let moved = past.count { $0.difference(to: $1, at: block) >= Self.movement }
      return Double(moved) >= Self.livingSteps * Double(past.count)
    }
    return past.count < Self.movements || Double(film) < Self.filmPart * Double(kept.count - count)
  }

  /// Grey values of an image, block by block; what does not fill a block at the right and at the bottom is left out.
  private struct Blocks {
    let columns: Int
    /// Sides of a block, as parts of the image's.
    let width, height: Double
    let values: [[Float]]

    init(_ plane: GreyPlane) {
      let columns = plane.width / side
      self.columns = columns
      (width, height) = (Double(side) / Double(plane.width), Double(side) / Double(plane.height))
      values = (0..<columns * (plane.height / side)).map { block in
        (0..<side * side).map { inside in
          plane[block % columns * side + inside % side, block / columns * side + inside / side]
        }
      }
    }

    /// Blocks whose middles lie in a part of the image.
    func blocks(in area: Rect) -> [Int] {
      values.indices.filter { index in
        let (x, y) = (Double(index % columns) + 0.5, Double(index / columns) + 0.5)
        return (area.x...area.right).contains(x * width) && (area.y...area.bottom).contains(y * height)
      }
    }

    /// The median of all blocks' mean differences.
    func median(to other: Blocks) -> Float {
      let all = values.indices.map { difference(to: other, at: $0) }.sorted()
      return all[all.count / 2]
    }

    /// The mean difference of one block.
    func difference(to other: Blocks, at index: Int) -> Float {
      ShotRemainder.difference(values[index], other.values[index])
    }
  }

  private static func difference(_ block: [Float], _ other: [Float]) -> Float {
    zip(block, other).reduce(0) { $0 + abs($1.0 - $1.1) } / Float(block.count)
  }

  private static func isTextured(_ block: [Float]) -> Bool {
    let mean = block.reduce(0, +) / Float(block.count)
    return block.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } >= texture * texture * Float(block.count)
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
