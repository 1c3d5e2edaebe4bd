import DferImage
import DferTracking
import Testing

/// What goes on across a suspected cut, on drawn images.
@Suite struct ShotRemainderTests {
  /// Grey values that have nothing to do with each other, one for each 3 x 3 pixels, other ones for each seed.
  private func pattern(_ seed: Int, _ x: Int, _ y: Int) -> UInt8 {
    let cell = UInt64(truncatingIfNeeded: (seed &* 1000 &+ x / 3) &* 1000 &+ y / 3)
    let mixed = (cell ^ (cell >> 7)) &* 0x9E37_79B9_7F4A_7C15
    return UInt8(truncatingIfNeeded: (mixed ^ (mixed >> 29)) &* 0xBF58_476D_1CE4_E5B9 >> 56)
  }

  private func image(_ width: Int, _ height: Int, _ value: (_ x: Int, _ y: Int) -> UInt8) -> Image {
    var image = Image(width: width, height: height)
    for y in 0..<height {
      for x in 0..<width {
        let grey = value(x, y)
        for colour in 0..<3 { image.pixels[3 * (width * y + x) + colour] = grey }
      }
    }
    return image
  }

  // MARK: Few images a second

  /// A head before a wall, `shift` pixels from where it was first.
  private func scene(_ wall: Int, head: Int, shift: Int) -> Image {
    image(128, 72) { x, y in
      let isHead = (40 + shift..<88 + shift).contains(x) && y >= 12
      return isHead ? pattern(head, x - shift, y) : pattern(wall, x, y)
    }
  }

  @Test(arguments: [1, 4])
  func aHeadThatMovesFromOneOfFewImagesToTheNextIsTheSameScene(_ repeats: Int) {
    let shown = [scene(1, head: 2, shift: 0), scene(1, head: 2, shift: 12), scene(1, head: 2, shift: 3)]
    let images = shown.flatMap { Array(repeating: $0, count: repeats) }
    func goesOn(_ images: [Image], seconds: Double) -> Bool {
      ShotMotion(images, times: images.indices.map { Double($0) * seconds / Double(repeats) }).goesOn(at: repeats)
    }
    let (slow, fast) = (goesOn(images, seconds: 0.125), goesOn(images, seconds: 0.04))
    #expect(slow)
    #expect(!fast, "so much does not move from frame to frame")
    let other = [scene(1, head: 2, shift: 0), scene(5, head: 6, shift: 0), scene(5, head: 6, shift: 2)]
    // What comes after may hold still.
    let still = [scene(1, head: 2, shift: 2)] + images.prefix(1) + Array(repeating: images[repeats], count: 6)
    if repeats == 1 {
      let isStill = ShotMotion(Array(still), times: still.indices.map { Double($0) * 0.04 }).goesOn(at: 2)
      #expect(!isStill)
    }
    let isTaken = goesOn(other.flatMap { Array(repeating: $0, count: repeats) }, seconds: 0.125)
    #expect(!isTaken)
  }

  // MARK: A small speaker

  private enum Corner: CaseIterable { case speaker, sign, otherSpeaker }

  /// A slide with a speaker in a corner who leans to and fro.
  private func slide(_ number: Int, face: Int, lean: Int) -> Image {
    image(320, 180) { x, y in
      (270..<316).contains(x) && (130..<176).contains(y)
        ? pattern(face, x + (y - 140) * lean / 20, y) : pattern(100 + number, x / 8, y / 8)
    }
  }

  @Test(arguments: Corner.allCases)
  private func aSpeakerTooSmallForBlocksGoesOnAndASignDoesNot(_ corner: Corner) {
    var remainder = ShotRemainder()
    func lean(_ image: Int) -> Int { corner == .sign ? 0 : image % 2 }
    for image in 0..<10 { remainder.add(slide(1, face: 3, lean: lean(image)), at: Double(image) * 0.2) }
    let face = Rect(x: 280.0 / 320, y: 140.0 / 180, width: 26.0 / 320, height: 26.0 / 180)
    let sides = (slide(1, face: 3, lean: lean(9)), slide(2, face: corner == .otherSpeaker ? 4 : 3, lean: lean(9)))
    func small(_ image: Image) -> Image {
      image.resampled(Rect(x: 0, y: 0, width: 320, height: 180), width: 128, height: 72)
    }
    let isThere = remainder.isThere(
      before: [small(sides.0), small(sides.0)], after: [small(sides.1), small(sides.1)], at: 1.95, faces: [face],
      nearest: { sides })
    #expect(isThere == (corner == .speaker))
  }
}
