import DferImage

/// A speaker's image may be too small for blocks of it to be told from others, but not for the face itself.
extension ShotRemainder {
  /// The two frames at a suspected cut, as large as the images that were remembered.
  package typealias Sides = (before: Image, after: Image)

  /// The largest difference of the face's patches on both sides of a suspected cut.
  private static let sameFace = 0.08
  /// From this difference on a face has moved from one image to the next, and from the other one on it is none, or another.
  /// The patch of a channel's sign is the same in image after image.
  private static let (moved, other) = (0.002, 0.3)
  /// The fewest earlier steps that say anything, and the least part of them in which a living face moved.
  private static let (fewestSteps, livingPart) = (3, 0.5)

  /// Whether a face is on both sides of a suspected cut, and was seen to move in the seconds before it.
  ///
  /// - Parameters:
  ///   - face: its box before it, as parts of the image's width and height.
  ///   - quiet: earlier images of the rest of which little changed, each with the next one.
  func goesOn(_ face: Rect, in sides: Sides, quiet: [(Image, Image)]) -> Bool {
    func patch(_ image: Image) -> FacePatch {
      let (width, height) = (Double(image.width), Double(image.height))
      return FacePatch(
        image, box: Rect(x: face.x * width, y: face.y * height, width: face.width * width, height: face.height * height)
      )
    }
    let (before, after) = (patch(sides.before), patch(sides.after))
    guard quiet.count >= Self.fewestSteps, !before.isFlat, !after.isFlat, before.difference(to: after) <= Self.sameFace
    else { return false }
    let steps = quiet.map { patch($0.0).difference(to: patch($0.1)) }
    return steps.allSatisfy { $0 < Self.other }
      && Double(steps.count { $0 >= Self.moved }) >= Self.livingPart * Double(steps.count)
  }
}
