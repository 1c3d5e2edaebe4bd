import DferImage
import DferTimeline
import DferTracking
import DferVideo
import Foundation
import Testing

@testable import Dfer

/// Where segments begin and end, and which lost time is a gap.
@Suite struct FrameRouterTests {
  private func router(dropsFrames: Bool = false) -> FrameRouter {
    FrameRouter(settings: .painted, pace: SegmentPace(detectorEvery: 0.2), dropsFrames: dropsFrames)
  }

  /// Times of clips and gaps, in order.
  private func summary(_ steps: [FrameRouter.Step]) -> [String] {
    func text(_ seconds: Double) -> String { "\((seconds * 100).rounded() / 100)" }
    return steps.compactMap { step in
      switch step {
      case .clip(let clip):
        "\(text(clip.start))-\(text(clip.end)) \(clip.isWhole ? "whole" : "partial") \(clip.faces.map(\.id))"
      case .gap(let gap, _): "\(text(gap.start))-\(text(gap.end)) \(gap.reason.rawValue)"
      case .image: nil
      }
    }
  }

  @Test func anotherSizeIsAnotherSegment() {
    var router = router()
    var steps = paintedFrames(45).flatMap { router.take($0) }
    steps += paintedFrames(20, from: 1.8, firstIndex: 45, size: Size(width: 200, height: 120)).flatMap {
      router.take($0)
    }
    steps += router.endSegment()
    #expect(summary(steps) == ["0.0-1.6 whole [0]", "0.8-1.8 partial [0]", "1.8-2.6 partial [1]"])
    #expect(router.nextID == 2)
    #expect(router.counts.used + router.counts.skipped == 65)
  }

  @Test func timeThatIsLostAtAChangeOfSizeHasARow() {
    func steps(from start: Double) -> [String] {
      var router = router()
      var steps = paintedFrames(45).flatMap { router.take($0) }
      steps += paintedFrames(10, from: start, firstIndex: 45, size: Size(width: 200, height: 120)).flatMap {
        router.take($0)
      }
      return summary(steps + router.endSegment())
    }
    #expect(
      steps(from: 3.4) == ["0.0-1.6 whole [0]", "0.8-1.8 partial [0]", "1.8-3.4 timestamps", "3.4-3.8 partial [1]"])
    // A frame or two are shown a little longer.
    #expect(steps(from: 1.9) == ["0.0-1.6 whole [0]", "0.8-1.9 partial [0]", "1.9-2.3 partial [1]"])
  }

  @Test func timeThatIsLostAfterAGapIsAnother() {
    var router = router()
    var steps = router.take(Gap(start: 0, end: 1, reason: .damage))
    steps += paintedFrames(10, from: 1.5, firstIndex: 0).flatMap { router.take($0) } + router.endSegment()
    #expect(summary(steps) == ["0.0-1.0 damage", "1.0-1.5 timestamps", "1.5-1.9 partial [0]"])
  }

  /// No clip reaches across what was dropped there.
  @Test func framesDroppedAtTheStartAndAfterAGapHaveARow() {
    func steps(_ first: Int, _ time: Double, after gap: Gap? = nil, drops: Bool = true) -> [String] {
      var router = router(dropsFrames: drops)
      var steps = gap.map { router.take($0) } ?? []
      steps += paintedFrames(10, from: time, firstIndex: first).flatMap { router.take($0) } + router.endSegment()
      return summary(steps)
    }
    #expect(steps(11, 0.44) == ["0.0-0.44 notTaken", "0.44-0.84 partial [0]"])
    #expect(
      steps(4, 1.16, after: Gap(start: 0, end: 1, reason: .disconnected)).dropFirst().first == "1.0-1.16 notTaken")
    // Of what begins late, and of files, nothing was dropped.
    #expect(steps(0, 0.44) == ["0.44-0.84 partial [0]"])
    #expect(steps(11, 0.44, drops: false) == ["0.44-0.84 partial [0]"])
  }

  @Test(arguments: [
    Gap.Reason.damage, .timestamps, .truncated, .missingImages, .disconnected, .lost, .notTaken, .paused,
  ])
  func aGapEndsTracksAndClips(reason: Gap.Reason) throws {
    var router = router()
    var steps = paintedFrames(40).flatMap { router.take($0) }
    steps += router.take(Gap(start: 1.6, end: 3, reason: reason))
    steps += paintedFrames(20, from: 3, firstIndex: 40).flatMap { router.take($0) }
    steps += router.endSegment()
    #expect(summary(steps) == ["0.0-1.6 whole [0]", "1.6-3.0 \(reason.rawValue)", "3.0-3.8 partial [1]"])
    let row = RunStages.painted.rows.row(of: Gap(start: 1.6, end: 3, reason: reason), number: 7, wallTime: .now)
    let ofStream = [.disconnected, .lost, .notTaken, .paused].contains(reason)
    #expect(row.status == (ofStream ? .streamGap : .decodeGap) && row.clip == 7 && row.wallTime == nil)
    #expect([row.startSeconds, row.endSeconds] == [1.6, 3])
  }

  @Test func manyDroppedFramesAreAGap() {
    var router = router(dropsFrames: true)
    var steps = paintedFrames(20).flatMap { router.take($0) }
    // 40 frames made room: more than a second that nobody took.
    steps += paintedFrames(20, from: 2.4, firstIndex: 60).flatMap { router.take($0) }
    steps += router.endSegment()
    #expect(summary(steps) == ["0.0-0.8 partial [0]", "0.8-2.4 notTaken", "2.4-3.2 partial [1]"])
  }

  @Test func aPauseIsNoDamage() {
    var router = router(dropsFrames: true)
    var steps = paintedFrames(20).flatMap { router.take($0) }
    router.notePause()
    steps += paintedFrames(20, from: 2.4, firstIndex: 60).flatMap { router.take($0) }
    #expect(summary(steps + router.endSegment()) == ["0.0-0.8 partial [0]", "0.8-2.4 paused", "2.4-3.2 partial [1]"])
  }

  @Test func aFewDroppedFramesAreNone() {
    var router = router(dropsFrames: true)
    var steps = paintedFrames(20).flatMap { router.take($0) }
    steps += paintedFrames(20, from: 1.2, firstIndex: 30).flatMap { router.take($0) }
    steps += router.endSegment()
    #expect(summary(steps) == ["0.0-1.6 whole [0]", "0.8-2.0 partial [0]"])
  }

  @Test func framesDroppedBeforeAGapBelongToIt() {
    var router = router(dropsFrames: true)
    var steps = paintedFrames(20).flatMap { router.take($0) }
    steps += router.take(Gap(start: 1.1, end: 2, reason: .disconnected))
    // And what was dropped after it is another one.
    steps += paintedFrames(1, from: 2.5, firstIndex: 60).flatMap { router.take($0) }
    #expect(summary(steps) == ["0.0-0.8 partial [0]", "0.8-2.0 disconnected", "2.0-2.5 notTaken"])
  }

  @Test func aLostSourceGivesItsRowsAtOnce() {
    var router = router()
    _ = paintedFrames(30).flatMap { router.take($0) }
    #expect(summary(router.endSegment()) == ["0.0-1.2 partial [0]"])
    #expect(router.endSegment().isEmpty)
  }

  @Test func theHopDoublesInTheMiddleOfASegment() {
    var router = router()
    var steps = paintedFrames(60).flatMap { router.take($0) }
    router.pace = SegmentPace(detectorEvery: 0.4, hopFactor: 2)
    steps += paintedFrames(90, from: 2.4, firstIndex: 60).flatMap { router.take($0) }
    steps += router.endSegment()
    let ends = steps.compactMap { if case .clip(let clip) = $0 { (clip.start, clip.end) } else { nil } }
    #expect(zip(ends, ends.dropFirst()).allSatisfy { $1.0 <= $0.1 + 1e-9 })
    #expect(ends.contains { abs($0.0 - 3.2) < 0.9 } && abs((ends.last?.1 ?? 0) - 6) < 1e-6)
  }
}

@Suite struct LoadSheddingTests {
  /// Feeds ten seconds of 25 frames a second of which `lost` are dropped in each, and gives the steps.
  private func steps(_ shedding: inout LoadShedding, from start: Int, seconds: Int, lost: Int, before: Int = 0) -> [Int]
  {
    (start..<start + seconds).map { second in
      let taken = (25 - lost) * (second - start) + 1000 * (start + 1)
      _ = shedding.judge(time: Double(second), taken: taken, dropped: lost * (second - start) + before)
      return shedding.step
    }
  }

  @Test func dropsMakeItLookLessCloselyStepByStep() {
    var shedding = LoadShedding(canSkipClips: true)
    let steps = steps(&shedding, from: 0, seconds: 31, lost: 5)
    #expect(steps[4] == 0 && steps[5] == 1 && steps[10] == 2 && steps[15] == 3 && steps[30] == 3)
    #expect(shedding.pace(detectorEvery: 0.2) == SegmentPace(detectorEvery: 0.4, hopFactor: 2))
  }

  @Test func clipsThatCannotBeSkippedAreKept() {
    var shedding = LoadShedding(canSkipClips: false)
    #expect(steps(&shedding, from: 0, seconds: 40, lost: 5).max() == 2)
    #expect(shedding.pace(detectorEvery: 0.2).hopFactor == 1)
  }

  @Test func oneDropInAHundredIsTolerated() {
    var shedding = LoadShedding(canSkipClips: true)
    for second in 0..<60 { _ = shedding.judge(time: Double(second), taken: second * 25, dropped: second / 4) }
    #expect(shedding.step == 0)
  }

  @Test func itLooksCloselyAgainAfterAMinuteWithoutDrops() {
    var shedding = LoadShedding(canSkipClips: true)
    for second in 0..<12 { _ = shedding.judge(time: Double(second), taken: second * 20, dropped: second * 5) }
    #expect(shedding.step == 2)
    for second in 12..<90 { _ = shedding.judge(time: Double(second), taken: second * 25, dropped: 55) }
    #expect(shedding.step == 1)
  }
}
