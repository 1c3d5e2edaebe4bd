import DferImage
import DferTracking
import Testing

/// `ShotCut` on images of 16 x 9 blocks that are looked at every fifth frame.
@Suite struct ShotCutTests {
  /// What is in the image, by block, and how bright it is; a sign is over it at any brightness.
  private func image(_ shot: UInt64, brightness: Double, sign: Set<Int>) -> Image {
    var image = Image(width: 64, height: 36)
    var state = shot &* 0x9E37_79B9_7F4A_7C15
    let blocks = (0..<144).map { block -> Int in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return sign.contains(block) ? 140 + 40 * (block % 2) : Int(Double(state >> 56) * brightness)
    }
    for y in 0..<36 {
      for x in 0..<64 {
        for colour in 0..<3 { image.pixels[3 * (64 * y + x) + colour] = UInt8(blocks[y / 4 * 16 + x / 4]) }
      }
    }
    return image
  }

  /// First frames of shots that are found, in frames of one shot after the other.
  private func cuts(_ frames: [Image]) -> [Int] {
    var (cut, found, suspected): (ShotCut, [Int], Int?) = (ShotCut(), [], nil)
    for last in stride(from: 0, to: frames.count, by: 5) {
      let first = max(0, last - 5)
      switch cut.add(frames[last], count: last - first + 1, frame: { frames[first + $0] }) {
      case .none: suspected = nil
      case .suspected(let index): suspected = first + index
      case .confirmed: found += suspected.map { [$0] } ?? []
      }
    }
    return found
  }

  private func fade(_ frames: Int, to other: UInt64, sign: Set<Int>, black: Int = 5) -> [Image] {
    let dimming = (0..<frames).map { 1 - Double($0 + 1) / Double(frames) }
    return (0..<40).map { _ in image(1, brightness: 1, sign: sign) }
      + dimming.map { image(1, brightness: $0, sign: sign) }
      + (0..<black).map { _ in image(1, brightness: 0, sign: sign) }
      + dimming.reversed().map { image(other, brightness: $0, sign: sign) }
      + (0..<40).map { _ in image(other, brightness: 1, sign: sign) }
  }

  private static let words: Set<Int> = Set(131...140)
  private static let sign: Set<Int> = [13, 14, 29, 30]

  /// In the image there is something all the time; it is not what the shots show.
  @Test(arguments: [Set<Int>(), sign, words, sign.union(words)], [5, 12, 20])
  func aFadeThroughBlackIsACutAlsoUnderWhatStays(_ sign: Set<Int>, _ frames: Int) throws {
    let found = cuts(fade(frames, to: 2, sign: sign))
    try #require(found.count == 1, "\(found)")
    #expect((40 + frames...40 + 2 * frames + 10).contains(found[0]))
  }

  /// A shot that fades out and comes back is one shot.
  @Test(arguments: [Set<Int>(), sign, words], [5, 12, 20])
  func theSameShotAgainIsNoCut(_ sign: Set<Int>, _ frames: Int) {
    #expect(cuts(fade(frames, to: 1, sign: sign)).isEmpty)
  }

  /// Words on black are an image when they change.
  @Test func aTitleOnBlackIsAShot() {
    let frames =
      (0..<40).map { _ in image(1, brightness: 1, sign: []) }
      + (0..<40).map { _ in image(1, brightness: 0, sign: Set(64...75)) }
    #expect(cuts(frames) == [40])
  }
}
