import DferImage

/// Whether two images show one scene in which much has moved: its pieces are there again, each a little elsewhere.
///
/// From one image to the next of a film of 25 a second little moves; of one of eight or fewer a head turns, and that changes
/// as much of the image as a cut to a similar one does.
package struct ShotMotion: Sendable {
  /// From this time on, in seconds, between two different images a movement may look like a cut.
  package static let slowStep = 0.075
  /// The largest mean difference, in grey values, of two frames that show the same image.
  private static let sameImage: Float = 0.25
  /// Sides of a piece and the steps between two of them, in pixels of images with a long side of `ShotCut.longSide`.
  private static let (side, step) = (8, 6)
  /// How far a piece moves, in the same pixels.
  private static let reach = 20
  /// The least standard deviation, in grey values, of a piece that can be told from others.
  private static let texture = 6.0
  /// The least correlation of a piece with its like.
  private static let same = 0.8
  /// The least part of all pieces that are found. Of images of different scenes 1 in 20 have more in common; 19 in 20 of those
  /// of a talking person that were taken for different ones reach it.
  private static let leastPart = 0.77

  private let planes: [GreyPlane]
  private let times: [Double]

  /// - Parameters:
  ///   - images: of successive frames, all of the same size.
  ///   - times: theirs, in seconds.
  package init(_ images: [Image], times: [Double]) {
    (planes, self.times) = (images.map { GreyPlane($0) }, times)
  }

  /// Whether the images change seldom before a frame, and the scene goes on there.
  package func goesOn(at index: Int) -> Bool {
    guard planes.indices.contains(index), index > 0, shown(before: index) >= Self.slowStep else { return false }
    let (before, after) = (planes[index - 1], planes[index])
    return Self.partFound(of: before, in: after) >= Self.leastPart
      && Self.partFound(of: after, in: before) >= Self.leastPart
  }

  /// For how long the image before a frame was shown, in seconds; where the frames do not reach back to its beginning, the one
  /// after it tells as well. That alone may hold still for its own reasons.
  private func shown(before index: Int) -> Double {
    func isSame(_ one: Int, _ other: Int) -> Bool {
      planes[one].meanDifference(to: planes[other]) <= Self.sameImage
    }
    var (first, next) = (index - 1, index + 1)
    while first > 0, isSame(first - 1, index - 1) { first -= 1 }
    let before = times[index] - times[first]
    guard first == 0 else { return before }
    while next < planes.count, isSame(index, next) { next += 1 }
    return next < planes.count ? max(before, times[next] - times[index]) : before
  }

  /// The part of an image's pieces that are found near their places in the other one.
  private static func partFound(of plane: GreyPlane, in other: GreyPlane) -> Double {
    let (right, bottom) = (plane.width - side, plane.height - side)
    guard right >= 0, bottom >= 0 else { return 0 }
    var (pieces, found) = (0, 0)
    for y in stride(from: 0, through: bottom, by: step) {
      for x in stride(from: 0, through: right, by: step) {
        let piece = plane.patch(x, y, side, side)
        guard piece.deviation >= texture else { continue }
        pieces += 1
        let xs = max(0, x - reach)...min(right, x + reach)
        let ys = max(0, y - reach)...min(bottom, y + reach)
        if other.best(of: piece, xs: xs, ys: ys).correlation > same { found += 1 }
      }
    }
    return pieces > 0 ? Double(found) / Double(pieces) : 0
  }
}
