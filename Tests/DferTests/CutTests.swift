import DferImage
import DferTracking
import DferVideo
import Testing

@testable import Dfer

/// Cuts between painted shots.
@Suite struct CutTests {
  private static let left = [Rect(x: 0, y: 0, width: 50, height: 120)]
  private static let right = [Rect(x: 90, y: 0, width: 70, height: 50), Rect(x: 20, y: 90, width: 60, height: 30)]
  private static let place = Rect(x: 60, y: 40, width: 40, height: 40)

  /// Frames of one shot; `wall` tells how bright it is.
  private func shot(
    _ count: Int, from index: Int, _ scenery: [Rect], wall: Int = 20, tone: Int = 100,
    stripes: ((Int) -> Int)? = nil, face: Bool = true
  ) -> [PaintedFrame] {
    (index..<index + count).map {
      PaintedFrame(
        $0, at: Double($0) / 25, wall: wall, scenery: scenery,
        face ? [PaintedFrame.Face(box: Self.place, tone: tone, stripes: stripes?($0))] : [])
    }
  }

  private func routed(_ frames: [PaintedFrame], findsCuts: Bool = true) -> (clips: [PendingClip], router: FrameRouter) {
    var settings = SegmentSettings.painted
    settings.findsCuts = findsCuts
    var router = FrameRouter(settings: settings, pace: SegmentPace(detectorEvery: 0.2))
    let steps = frames.flatMap { router.take($0) } + router.endSegment()
    return (steps.compactMap { if case .clip(let clip) = $0 { clip } else { nil } }, router)
  }

  private func text(_ clips: [PendingClip]) -> [String] {
    clips.map { "\(($0.start * 100).rounded() / 100)-\(($0.end * 100).rounded() / 100) \($0.faces.map(\.id))" }
  }

  /// Wherever the cut lies between two detector runs.
  @Test(arguments: [50, 51, 52, 53, 54, 55])
  func aCutEndsTracksAndClips(at cut: Int) throws {
    let (clips, router) = routed(shot(cut, from: 0, Self.left) + shot(60, from: cut, Self.right, tone: 160))
    #expect(router.cuts.map { Int(($0 * 25).rounded()) } == [cut])
    #expect(router.counts.used + router.counts.skipped == cut + 60)
    for clip in clips {
      // No clip mixes the shots, and the man in the same place is another face.
      #expect(clip.frames.upperBound <= cut || clip.frames.lowerBound >= cut)
      #expect(clip.shot == (clip.frames.lowerBound < cut ? 0 : 1))
      let face = try #require(clip.faces.first)
      #expect(clip.faces.count == 1 && face.id == (clip.frames.lowerBound < cut ? 0 : 1))
      #expect(face.samples.allSatisfy { ToneReader.tone($0.crop) == (clip.frames.lowerBound < cut ? 100 : 160) })
    }
    // Rows account for all of the time.
    #expect(clips.first?.start == 0 && abs((clips.last?.end ?? 0) - Double(cut + 60) / 25) < 1e-5)
    for (clip, next) in zip(clips, clips.dropFirst()) { #expect(next.start <= clip.end + 1e-9) }
    #expect(
      clips.contains { abs($0.end - Double(cut) / 25) < 1e-5 }
        && clips.contains { abs($0.start - Double(cut) / 25) < 1e-5 })
  }

  @Test func cutsCanBeLeftAlone() {
    let (clips, router) = routed(shot(50, from: 0, Self.left) + shot(50, from: 50, Self.right), findsCuts: false)
    #expect(router.cuts.isEmpty && Set(clips.flatMap { $0.faces.map(\.id) }) == [0])
  }

  @Test func shotsOfHalfASecond() {
    let frames: [PaintedFrame] = (0..<6).flatMap { (number: Int) -> [PaintedFrame] in
      let isLeft = number % 2 == 0
      return shot(13, from: 13 * number, isLeft ? Self.left : Self.right, tone: isLeft ? 100 : 160)
    }
    let (clips, router) = routed(frames)
    #expect(router.cuts.map { Int(($0 * 25).rounded()) } == [13, 26, 39, 52, 65])
    #expect(text(clips).count == 6 && router.counts.used + router.counts.skipped == 78)
  }

  /// A slide show of single images, each the cut of its neighbours: no image of it is a flash, also where it goes back and forth.
  @Test(arguments: [0.3, 1, 3], [[0, 1, 0, 1, 0], [0, 1, 1, 0, 1, 0, 0], [0, 0, 1]])
  func everyImageOfASlideShowMayBeAShot(seconds: Double, order: [Int]) {
    let frames = order.enumerated().map { index, kind in
      PaintedFrame(
        index, at: Double(index) * seconds, for: seconds, scenery: kind == 0 ? Self.left : Self.right,
        [PaintedFrame.Face(box: Self.place, tone: kind == 0 ? 100 : 160)])
    }
    let (clips, router) = routed(frames)
    let cuts = order.indices.dropFirst().filter { order[$0] != order[$0 - 1] }
    #expect(router.cuts.map { Int(($0 / seconds).rounded()) } == cuts)
    #expect(router.counts.used + router.counts.skipped == order.count)
    #expect(Set(clips.flatMap { $0.faces.map(\.id) }).count == cuts.count + 1)
    #expect(clips.first?.start == 0 && abs((clips.last?.end ?? 0) - Double(order.count) * seconds) < 1e-5)
  }

  @Test func aFlashIsNoCut() {
    for length in 1...3 {
      for start in [48, 50, 51] {
        let frames =
          shot(start, from: 0, Self.left) + shot(length, from: start, [], wall: 255, face: false)
          + shot(30, from: start + length, Self.left)
        #expect(routed(frames).router.cuts.isEmpty, "\(length) frames at \(start)")
      }
    }
  }

  @Test func throughBlackToAnotherShot() {
    let frames =
      shot(50, from: 0, Self.left) + shot(6, from: 50, [], wall: 0, face: false)
      + shot(50, from: 56, Self.right, tone: 160)
    let (clips, router) = routed(frames)
    #expect(router.cuts.map { Int(($0 * 25).rounded()) } == [56])
    #expect(clips.allSatisfy { $0.faces.map(\.id) == [$0.frames.lowerBound < 56 ? 0 : 1] })
  }

  @Test func aPanIsNoCut() {
    let frames = (0..<100).map { index in
      PaintedFrame(
        index, at: Double(index) / 25,
        scenery: (0..<6).map {
          Rect(x: 90 * Double($0) - 4 * Double(index), y: 20 * Double($0 % 3), width: 40, height: 60)
        })
    }
    #expect(routed(frames).router.cuts.isEmpty)
  }

  @Test func aSlideThatChangesBesideASpeakerIsNoCut() {
    // A face that changes a little from frame to frame.
    let stripes = { (index: Int) in 80 + 5 * (index % 2) }
    let (clips, router) = routed(
      shot(50, from: 0, Self.left, stripes: stripes) + shot(50, from: 50, Self.right, stripes: stripes))
    #expect(router.cuts.isEmpty && Set(clips.flatMap { $0.faces.map(\.id) }) == [0])
  }

  @Test func aSpeakerWhoHoldsStillGoesOnBesideSlides() {
    // Something has moved in the last two seconds, nothing while the slides change.
    let stripes = { (index: Int) in index < 30 ? 80 + 5 * (index / 5 % 2) : 80 }
    let (clips, router) = routed(
      shot(50, from: 0, Self.left, stripes: stripes) + shot(15, from: 50, Self.right, stripes: stripes)
        + shot(40, from: 65, Self.left, wall: 60, stripes: stripes))
    #expect(router.cuts.isEmpty && Set(clips.flatMap { $0.faces.map(\.id) }) == [0])
  }

  @Test(arguments: [55, 56, 57, 60]) func aCutRightAfterASlideIsFound(at cut: Int) {
    let stripes = { (index: Int) in 80 + 5 * (index % 2) }
    let frames =
      shot(50, from: 0, Self.left, stripes: stripes)
      + shot(cut - 50, from: 50, Self.right, wall: 180, stripes: stripes)
      + shot(50, from: cut, [Rect(x: 0, y: 80, width: 160, height: 40)], wall: 90, tone: 160)
    #expect(routed(frames).router.cuts.map { Int(($0 * 25).rounded()) } == [cut])
  }

  @Test func wordsBelowEveryShotHideNoCut() {
    let words = (0..<3).flatMap { line in
      (0..<13).map { Rect(x: 6 + 12 * Double($0), y: 104 + 5 * Double(line), width: 6 + Double($0 % 3), height: 3) }
    }
    let frames =
      shot(50, from: 0, Self.left + words)
      + shot(50, from: 50, [Rect(x: 0, y: 0, width: 160, height: 30)] + words, tone: 160)
    #expect(routed(frames).router.cuts.map { Int(($0 * 25).rounded()) } == [50])
  }

  @Test func anImageThatNeverMovesHidesNoCut() {
    let frames =
      shot(50, from: 0, Self.left, stripes: { _ in 80 }) + shot(50, from: 50, Self.right, stripes: { _ in 80 })
    #expect(routed(frames).router.cuts.map { Int(($0 * 25).rounded()) } == [50])
  }

  @Test func aFilmInAWindowHasCuts() {
    // A still page around it, which goes on.
    let page = (0..<9).map { Rect(x: 4 + 17 * Double($0), y: 4, width: 9, height: 18) }
    func film(_ index: Int) -> [Rect] {
      let left = index < 50 ? 20 + Double(index % 10) * 3 : 90 - Double(index % 10) * 3
      return [Rect(x: left, y: index < 50 ? 40 : 60, width: 40, height: index < 50 ? 70 : 30)]
    }
    let frames = (0..<100).map { index in
      PaintedFrame(index, at: Double(index) / 25, wall: index < 50 ? 20 : 200, scenery: page + film(index))
    }
    #expect(routed(frames).router.cuts.map { Int(($0 * 25).rounded()) } == [50])
  }

  @Test func aWindowThatOpensOverAPageIsNoCut() {
    let words = (0..<12).flatMap { line in
      (0..<14).map { Rect(x: 4 + 11 * Double($0), y: 4 + 10 * Double(line), width: 7, height: 4) }
    }
    let window = (0..<40).map { Rect(x: 40 + Double($0), y: 20, width: 1, height: 3 * Double($0 % 7 + 13)) }
    let frames =
      shot(50, from: 0, words, face: false) + shot(50, from: 50, words + window, wall: 20, face: false)
    #expect(routed(frames).router.cuts.isEmpty)
  }

  @Test(arguments: [2, 3]) func aCutRightAfterTheStartIsFound(at cut: Int) {
    let (clips, router) = routed(shot(cut, from: 0, Self.left) + shot(60, from: cut, Self.right, tone: 160))
    #expect(router.cuts.map { Int(($0 * 25).rounded()) } == [cut])
    #expect(clips.allSatisfy { $0.frames.upperBound <= cut || $0.frames.lowerBound >= cut })
  }

  @Test func aWhiteFrameBetweenTwoShotsIsNoShot() {
    // The sign keeps the white frames from being empty.
    let sign = [Rect(x: 140, y: 60, width: 12, height: 10)]
    let frames =
      shot(50, from: 0, Self.left + sign) + shot(2, from: 50, sign, wall: 255, face: false)
      + shot(50, from: 52, Self.right + sign, tone: 160)
    #expect(routed(frames).router.cuts.count == 1)
  }

  @Test(arguments: [20.0, 30]) func aCameraThatIsPulledAwayIsNoCut(by pixels: Double) {
    let frames: [PaintedFrame] = (0..<100).map { (index: Int) -> PaintedFrame in
      let offset = index < 50 ? 40 : 40 + pixels
      let scenery = (0..<6).map { Rect(x: 90 * Double($0) - offset, y: 20 * Double($0 % 3), width: 40, height: 60) }
      return PaintedFrame(index, at: Double(index) / 25, scenery: scenery)
    }
    #expect(routed(frames).router.cuts.isEmpty)
  }

  @Test func theSignOfAChannelHidesNoCut() {
    let sign = [Rect(x: 140, y: 60, width: 12, height: 10)]
    let frames = shot(50, from: 0, Self.left + sign) + shot(50, from: 50, Self.right + sign, tone: 160)
    #expect(routed(frames).router.cuts.map { Int(($0 * 25).rounded()) } == [50])
  }

  @Test func aCutInTheLastFramesIsFound() {
    let (clips, router) = routed(shot(50, from: 0, Self.left) + shot(8, from: 50, Self.right, tone: 160))
    #expect(router.cuts.map { Int(($0 * 25).rounded()) } == [50])
    #expect(clips.last.map { text([$0]) } == ["2.0-2.32 [1]"])
  }
}
