import DferImage
import DferTracking
import DferVideo
import Testing

@testable import Dfer

/// Painted films side by side, of which one has another shot.
@Suite struct ReplacedFaceTests {
  private typealias Face = PaintedFrame.Face
  private static let place = Rect(x: 16, y: 40, width: 40, height: 40)
  private static let other = Rect(x: 108, y: 40, width: 40, height: 40)
  /// The face of the left film before and after, and the scene around it.
  private static let before = (
    Face(box: place, tone: 100, stripes: 90, band: .left), [Rect(x: 6, y: 20, width: 12, height: 80)]
  )
  private static let after = (
    Face(box: place, tone: 160, stripes: 220, band: .below), [Rect(x: 10, y: 20, width: 50, height: 24)]
  )

  private static let rightScenery = [
    Rect(x: 80, y: 0, width: 20, height: 120), Rect(x: 152, y: 0, width: 8, height: 60),
    Rect(x: 100, y: 96, width: 60, height: 24), Rect(x: 100, y: 0, width: 30, height: 30),
  ]

  private func frame(
    _ index: Int, rate: Double = 25, _ left: (face: Face, scenery: [Rect])
  ) -> PaintedFrame {
    let right = Face(box: Self.other, tone: 50, stripes: 80 + 12 * (index % 9))
    return PaintedFrame(
      index, at: Double(index) / rate, for: 1 / rate, scenery: left.scenery + Self.rightScenery, [left.face, right])
  }

  /// Ids of the left and the right face by frame number.
  private func ids(_ frames: [PaintedFrame], findsCuts: Bool = true) -> (
    left: [Int: Set<Int>], right: Set<Int>, cuts: Int
  ) {
    var settings = SegmentSettings.painted
    settings.findsCuts = findsCuts
    settings.cutsEveryFrame = true
    var router = FrameRouter(settings: settings, pace: SegmentPace(detectorEvery: 0.2))
    let steps = frames.flatMap { router.take($0) } + router.endSegment()
    var (left, right) = ([Int: Set<Int>](), Set<Int>())
    for case .clip(let clip) in steps {
      for face in clip.faces {
        for sample in face.samples {
          if sample.box.x < 80 { left[sample.frame, default: []].insert(face.id) } else { right.insert(face.id) }
        }
      }
    }
    return (left, right, router.cutCount)
  }

  /// Wherever the change lies between two detector runs.
  @Test(arguments: 50...55)
  func aReplacedFaceIsAnotherOne(at cut: Int) {
    let (left, right, cuts) = ids((0..<110).map { frame($0, $0 < cut ? Self.before : Self.after) })
    #expect(cuts == 0 && right == [0] || right == [1], "\(cuts) \(right)")
    let (early, late) = (left.filter { $0.key < cut }, left.filter { $0.key >= cut })
    let (first, second) = (Set(early.values.joined()), Set(late.values.joined()))
    #expect(first.count == 1 && second.count == 1 && first.isDisjoint(with: second), "\(first) \(second)")
    // Both are followed up to the change.
    #expect(left.keys.contains { cut - 3..<cut ~= $0 } && left.keys.contains { cut...cut + 3 ~= $0 })
  }

  /// A small film in the window of a page that never moves: of the page as a whole nearly nothing changes from frame to frame.
  @Test(arguments: 50...55)
  func aFaceThatIsReplacedInAWindowIsAnotherOne(at cut: Int) {
    let (left, _, _) = ids(
      (0..<110).map { index in
        let (known, scenery) = index < cut ? Self.before : Self.after
        var face = known
        face.stripes = (face.stripes ?? 0) + 8 * (index % 3)
        return PaintedFrame(index, at: Double(index) / 25, for: 1 / 25, scenery: scenery + Self.rightScenery, [face])
      })
    let (early, late) = (left.filter { $0.key < cut }, left.filter { $0.key >= cut })
    #expect(Set(early.values.joined()).isDisjoint(with: Set(late.values.joined())))
  }

  /// Pictures that never move, one after the other on a page that does not either.
  @Test(arguments: 50...55)
  func aStillPictureThatTakesThePlaceOfAnotherIsAnotherFace(at cut: Int) {
    let (left, _, _) = ids(
      (0..<110).map { index in
        let (face, scenery) = index < cut ? Self.before : Self.after
        return PaintedFrame(index, at: Double(index) / 25, for: 1 / 25, scenery: scenery + Self.rightScenery, [face])
      })
    let (early, late) = (left.filter { $0.key < cut }, left.filter { $0.key >= cut })
    #expect(Set(early.values.joined()).isDisjoint(with: Set(late.values.joined())))
  }

  @Test func whoeverLooksForNoCutsKeepsIt() {
    let (left, _, _) = ids((0..<110).map { frame($0, $0 < 50 ? Self.before : Self.after) }, findsCuts: false)
    #expect(Set(left.values.joined()).count == 1)
  }

  /// A flash on one face, for one frame or for two, at any place between detector runs.
  @Test(arguments: 50...55, [1, 2])
  func aFlashIsNoOtherFace(at start: Int, _ length: Int) {
    let bright = (
      Face(box: Self.place, tone: 250, stripes: 255, band: .none), [Rect(x: 0, y: 0, width: 70, height: 120)]
    )
    let (left, _, _) = ids((0..<110).map { frame($0, start..<start + length ~= $0 ? bright : Self.before) })
    #expect(Set(left.values.joined()).count == 1)
  }

  /// From one picture to the other over a second, and a face that comes near quickly.
  @Test func whatChangesOverManyFramesIsNoOtherFace() {
    let (left, _, _) = ids(
      (0..<110).map { index in
        let step = Double(min(12, max(0, index - 50)))
        var face = Self.before.0
        face.box = Rect(x: 16 + 2 * step, y: 40 - step, width: 40 + step, height: 40 + step)
        return frame(index, (face, Self.before.1))
      })
    #expect(Set(left.values.joined()).count == 1)
  }

  /// Five frames a second: every step holds all of the change.
  @Test func rareFramesDecideNothing() {
    let (left, _, _) = ids((0..<30).map { frame($0, rate: 5, $0 < 15 ? Self.before : Self.after) })
    #expect(Set(left.values.joined()).count == 1)
  }
}
