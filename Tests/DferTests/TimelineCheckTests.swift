import DferTimeline
import Foundation
import Testing

@testable import Dfer

@Suite struct TimelineMergeTests {
  @Test func rowsGetTheirSource() throws {
    var merge = TimelineMerge()
    #expect(
      try merge.lines(of: "x,y\n1,\"a,b\"\n", source: "day 1/a", path: "a") == ["source,x,y", "day 1/a,1,\"a,b\""])
    #expect(try merge.lines(of: "x,y\r\n2,\r\n", source: "b,c", path: "b") == ["\"b,c\",2,"])
    #expect(try merge.lines(of: "x,y\n", source: "c", path: "c") == [])
  }

  @Test func whatDoesNotFitIsRefused() throws {
    var merge = TimelineMerge()
    #expect(throws: BatchError.cutOff(path: "a")) { try merge.lines(of: "x,y\n1", source: "a", path: "a") }
    #expect(throws: BatchError.cutOff(path: "a")) { try merge.lines(of: "", source: "a", path: "a") }
    _ = try merge.lines(of: "x,y\n", source: "a", path: "a")
    #expect(throws: BatchError.differentHeader(path: "b", first: "a")) {
      try merge.lines(of: "y,x\n", source: "b", path: "b")
    }
  }
}

@Suite struct TimelineCheckTests {
  private func rows(_ times: [(Double, Double)]) -> [ClipResult] {
    times.enumerated().map { ClipResult(clip: $0, startSeconds: $1.0, endSeconds: $1.1, status: .noFace) }
  }

  private func isGood(_ times: [(Double, Double)], change: (inout ClipResult) -> Void = { _ in }) -> Bool {
    var rows = rows(times)
    if !rows.isEmpty { change(&rows[0]) }
    var check = TimelineCheck()
    check.checkTimes(rows)
    return check.isGood
  }

  @Test func timesMustRiseWithoutHoles() {
    #expect(isGood([]))
    #expect(isGood([(0, 1.6), (0.8, 2.4), (0.8, 2.4), (1.6, 3)]))
    #expect(!isGood([(0, 1.6), (2, 3)]))
    #expect(!isGood([(0.8, 2.4), (0, 1.6)]))
    #expect(!isGood([(1, 1)]))
  }

  @Test func probabilitiesMustSumToOne() {
    #expect(isGood([(0, 1)]) { $0.probabilities = [0.25, 0.75] })
    #expect(!isGood([(0, 1)]) { $0.probabilities = [0.25, 0.7] })
  }
}
