import DferImage

/// A frame in grey, small enough to be searched for in another one.
///
/// After a pan, a shake or a flash the same things are there, elsewhere or in another light; another shot has little in
/// common with the one before it. So the image is moved over the other one as a whole, and compared by correlation, which
/// knows no brightness and no contrast.
package struct ShotContinuity: Sendable {
  /// Long side in pixels: more would only cost more.
  private static let longSide = 64
  /// The least correlation of two frames of one shot. Over 87 cuts of composed videos it was 0.84 at most, between the
  /// frames of fast pans 0.94 at least.
  private static let same = 0.9
  /// The same of a corner that has not moved, by no more than so many pixels: two portraits with hair before the same wall
  /// correlate by 0.94 there.
  private static let (sameInPlace, still) = (0.955, 2)

  /// The largest difference, in grey values, of a pixel that is the same: a sign or words over both shots, which would be found
  /// in the other frame whatever is behind them. What stays of an image is `ShotRemainder`'s to judge.
  private static let unchanged: Float = 6

  private let plane: GreyPlane

  package init(_ image: Image) { plane = GreyPlane(image).scaled(toLongSide: Self.longSide) }

  /// Whether the image is there in the other one, moved by up to a fifth of its sides or, seen from a corner, by two
  /// fifths.
  package func goesOn(in other: ShotContinuity) -> Bool {
    let (width, height) = (plane.width * 6 / 10, plane.height * 6 / 10)
    guard plane.width == other.plane.width, plane.height == other.plane.height, width >= 8, height >= 8 else {
      return false
    }
    let (right, bottom) = (plane.width - width, plane.height - height)
    return [(right / 2, bottom / 2), (0, 0), (right, 0), (0, bottom), (right, bottom)].contains { x, y in
      func isFound(_ part: GreyPlane.Patch) -> Bool {
        // A flat part is everywhere.
        guard part.deviation >= 4 else { return false }
        let best = plane.best(of: part, xs: 0...right, ys: 0...bottom)
        // What moves little is found in the middle.
        let isCorner = x == 0 || x == right
        let isStill = abs(best.x - x) <= Self.still && abs(best.y - y) <= Self.still
        return best.correlation >= (isCorner && isStill ? Self.sameInPlace : Self.same)
      }
      guard isFound(other.plane.patch(x, y, width, height)) else { return false }
      let changed = other.plane.patch(x, y, width, height, notIn: (plane, Self.unchanged))
      return changed.values.count >= width * height / 8 && isFound(changed)
    }
  }
}
