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

  /// What another program makes of a table changes no row: quotes around names, line ends of old, a mark in front.
  @Test func tablesThatWereSavedAgainFit() throws {
    var merge = TimelineMerge()
    _ = try merge.lines(of: "x,y\n1,2\n", source: "a", path: "a")
    #expect(try merge.lines(of: "\"x\",\"y\"\n\"3\",\"4\"\n", source: "b", path: "b") == ["b,\"3\",\"4\""])
    #expect(try merge.lines(of: "x,y\r5,\"6\r7\"\r\r", source: "c", path: "c") == ["c,5,\"6\r7\""])
    #expect(try merge.lines(of: "\u{FEFF}x,y\r\n8,9\r\n\r\n", source: "=d", path: "d") == ["./=d,8,9"], "no formula")
  }

  @Test func whatDoesNotFitIsRefused() throws {
    var merge = TimelineMerge()
    #expect(throws: BatchError.cutOff(path: "a")) { try merge.lines(of: "x,y\n1", source: "a", path: "a") }
    #expect(throws: BatchError.cutOff(path: "a")) { try merge.lines(of: "", source: "a", path: "a") }
    _ = try merge.lines(of: "x,y\n", source: "a", path: "a")
    for (rows, row) in [("1\n", 1), ("1,2\n3,4,5\n", 2), ("1,2\n,\n,,\n", 3), ("1,\u{0}\n", 1)] {
      let error = #expect(throws: BatchError.self) { try merge.lines(of: "x,y\n" + rows, source: "b", path: "b") }
      #expect(error?.description.hasPrefix("b: row \(row): ") == true, "\(rows)")
    }
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

  @Test func timeBetweenRareClipsIsAskedFor() {
    var check = TimelineCheck()
    check.checkTimes(rows([(0, 1.6), (10, 11.6)]), skipped: 8.4)
    #expect(check.isGood)
    check.checkTimes(rows([(0, 1.6), (20, 21.6)]), skipped: 8.4)
    #expect(!check.isGood)
  }

  @Test(arguments: [(0.0, 4.0, true), (0, 3.985, true), (0, 3.96, false), (0, 3.9, false), (0.1, 4, false)])
  func rowsMustCoverTheVideoToAFrame(start: Double, end: Double, isGood: Bool) throws {
    var check = TimelineCheck()
    var decoded = TimelineCheck.Decoded()
    (decoded.frames, decoded.end) = (100, 4)
    check.check(rows([(start, end)]), decoded, against: manifest(frames: 100))
    #expect(check.isGood == isGood)
  }

  private func manifest(frames: Int) -> RunManifest {
    var counts = RunManifest.Counts()
    counts.decodedFrames = frames
    let weights = RunManifest.Weights(file: "w", sha256: "", model: "", version: "", licence: "")
    return RunManifest(
      dfer: "", ffmpeg: "", started: .now, finished: .now, outcome: .complete, pipeline: "", weights: weights,
      detector: weights, classes: [], temperature: 1, preprocessing: [:], input: [:], options: [:], clipFrames: 16,
      clipSeconds: 1.6, hopSeconds: 0.8, counts: counts, stageSeconds: [:], longestLatencySeconds: 0, outputs: [],
      warnings: [])
  }

  @Test func probabilitiesMustSumToOne() {
    #expect(isGood([(0, 1)]) { $0.probabilities = [0.25, 0.75] })
    #expect(!isGood([(0, 1)]) { $0.probabilities = [0.25, 0.7] })
  }
}
