import DferImage
import DferTensor
import Testing

@testable import DferSynthesis

struct TimingTests {
  @Test func wholeClipsBeginAndEndAtRest() {
    var random = RandomSource(seed: 3)
    for _ in 0..<200 {
      let timing = Timing(.whole, seconds: 2, random: &random)
      #expect(timing.intensity(at: 0) == 0 && timing.intensity(at: 2) == 0)
      #expect(timing.intensity(at: timing.apex) == 1 && timing.intensity(at: timing.release) == 1)
      #expect(timing.phase(at: (timing.start + timing.apex) / 2) == .onset)
      #expect(timing.phase(at: (timing.release + timing.end) / 2) == .offset)
      let steps = (0...200).map { timing.intensity(at: Double($0) / 100) }
      #expect(steps.allSatisfy { (0...1).contains($0) })
      #expect(zip(steps, steps.dropFirst()).allSatisfy { abs($0 - $1) < 0.12 }, "a jump")
    }
  }

  @Test func mixedClipsAlsoShowParts() {
    var random = RandomSource(seed: 3)
    let timings = (0..<200).map { _ in Timing(.mixed, seconds: 2, random: &random) }
    let starts = timings.map { $0.intensity(at: 0) }
    let ends = timings.map { $0.intensity(at: 2) }
    #expect(starts.contains(0) && starts.contains(1) && ends.contains(0) && ends.contains(1))
    // Every clip shows its expression fully at some time.
    #expect(timings.allSatisfy { timing in (0...200).contains { timing.intensity(at: Double($0) / 100) == 1 } })
  }

  @Test func briefClipsAreMostlyAtRest() {
    var random = RandomSource(seed: 3)
    for _ in 0..<200 {
      let timing = Timing(.brief, seconds: 2, random: &random)
      let steps = (0...200).map { timing.intensity(at: Double($0) / 100) }
      #expect(steps[0] == 0 && steps[200] == 0 && steps.contains { $0 > 0.99 })
      let shown = Double(steps.count { $0 > 0 }) / 201
      #expect(shown > 0.2 && shown < 0.52, "\(shown)")
    }
  }

  @Test func everyClassMovesTheFaceAndNeutralDoesNot() {
    var random = RandomSource(seed: 1)
    for expression in ExpressionClass.allCases {
      let pose = expression.apex(&random)
      let sum = pose.weights.reduce(0, +)
      #expect(expression == .neutral ? sum == 0 : sum > 1.5, "\(expression): \(sum)")
      #expect(pose.weights.allSatisfy { (0...1.5).contains($0) })
    }
  }

  @Test func contemptIsOnOneSideOnly() {
    var random = RandomSource(seed: 1)
    let sides = (0..<40).map { _ in
      let pose = ExpressionClass.contempt.apex(&random)
      return (pose[.mouthSmile, 0], pose[.mouthSmile, 1])
    }
    #expect(sides.allSatisfy { min($0.0, $0.1) == 0 && max($0.0, $0.1) >= 0.5 })
    #expect(Set(sides.map { $0.0 > 0 }).count == 2)
  }

  @Test func speechBlinksAndGazeStayWithinTheShapes() {
    for seed in 0..<30 {
      var random = RandomSource(seed: UInt64(seed))
      let animation = FaceAnimation(.fear, seconds: 2, cut: .whole, random: &random)
      for step in 0...50 {
        let pose = animation.pose(at: Double(step) / 25)
        #expect(pose.weights.allSatisfy { (0...1.5).contains($0) })
        // Both eyes look the same way.
        #expect(pose[.eyeLookOut, 0] == pose[.eyeLookIn, 1] && pose[.eyeLookUp, 0] == pose[.eyeLookUp, 1])
      }
    }
  }
}

struct CanvasTests {
  private func corners(_ points: [(Float, Float, Float)], red: [Float]) -> Corners {
    let zeros = [Float](repeating: 0, count: points.count)
    return Corners(
      x: points.map(\.0), y: points.map(\.1), depth: points.map(\.2), red: red, green: zeros, blue: zeros)
  }

  @Test func aTriangleFillsTheMiddlesItCovers() {
    var canvas = Canvas(width: 8, height: 8)
    // Counter-clockwise as seen: left bottom, right bottom, left top.
    let shape = corners([(0, 8, 1), (8, 8, 1), (0, 0, 1)], red: [1, 1, 1])
    canvas.draw(shape, [0, 1, 2], owner: 1)
    #expect(canvas.owner.count { $0 == 1 } == 36)  // the diagonal's middles included
    var back = Canvas(width: 8, height: 8)
    back.draw(shape, [0, 2, 1], owner: 1)
    #expect(back.owner.allSatisfy { $0 == 0 }, "backs are not seen")
    back.draw(shape, [0, 2, 1], owner: 1, isSheet: true)
    #expect(back.owner.count { $0 == 1 } == 36)
  }

  @Test func theNearerOneIsSeenWhateverTheOrder() {
    let near = corners([(0, 9, 2), (9, 9, 2), (0, 0, 2)], red: [1, 1, 1])
    let far = corners([(0, 9, 1), (9, 9, 1), (0, 0, 1)], red: [0.5, 0.5, 0.5])
    for order in [[near, far], [far, near]] {
      var canvas = Canvas(width: 6, height: 6)
      for shape in order { canvas.draw(shape, [0, 1, 2], owner: 1) }
      #expect(abs(canvas.red[5 * 6] - 1) < 1e-5)
    }
  }

  @Test func partsOutsideTheCanvasAreCutOff() {
    var canvas = Canvas(width: 4, height: 4)
    canvas.draw(corners([(-50, 90, 1), (90, 90, 1), (-50, -90, 1)], red: [1, 1, 1]), [0, 1, 2], owner: 7)
    canvas.draw(corners([(10, 20, 9), (20, 20, 9), (10, 10, 9)], red: [1, 1, 1]), [0, 1, 2], owner: 8)
    #expect(canvas.owner.contains(7) && !canvas.owner.contains(8))
  }

  @Test func headsTurnAsTheyShould() {
    var place = HeadPlace()
    let (x, y, z) = HeadPlace.pivot
    let ahead = [Float(x), Float(y), Float(z) + 10]
    place.yaw = 0.3
    #expect(place.placed(ahead)[0] > 1, "to the right of the picture")
    place = HeadPlace(pitch: 0.3)
    #expect(place.placed(ahead)[1] < Float(y) - 1, "down")
    place = HeadPlace(roll: 0.3)
    #expect(place.placed([Float(x), Float(y) + 10, Float(z)])[0] > 1, "clockwise")
    let turned = HeadPlace(yaw: 0.4, pitch: -0.2, roll: 0.1).placed([3, 4, 5])
    let from = [3 - Float(x), 4 - Float(y), 5 - Float(z)].reduce(0) { $0 + $1 * $1 }
    let to = [turned[0] - Float(x), turned[1] - Float(y), turned[2] - Float(z)].reduce(0) { $0 + $1 * $1 }
    #expect(abs(from - to) < 1e-3, "nothing is stretched")
  }
}
