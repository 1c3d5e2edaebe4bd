import DferImage
import DferTimeline
import DferTracking
import DferVideo
import Testing

@testable import Dfer

/// A whole run over painted frames.
@Suite struct AnalysisRunTests {
  private struct SourceFailed: Error {}

  private func rows(_ run: AnalysisRun) throws -> [ClipResult] {
    var rows: [ClipResult] = []
    while let event = try run.next() { if case .row(let row) = event { rows.append(row) } }
    return rows
  }

  @Test func rowsSayWhatTheNetworkSaw() throws {
    let run = AnalysisRun(PaintedSource(paintedFrames(50).map(VideoEvent.frame)), stages: .painted)
    let rows = try rows(run)
    #expect(rows.map(\.status) == [.ok, .partialClip] && rows.map(\.faceID) == [0, 0] && rows.map(\.clip) == [0, 1])
    #expect(rows[0].probabilities.count == 16 && rows[0].faceFrames == 16 && rows[0].coverage == 1)
    #expect(rows[0].probabilities == rows[0].probabilities.sorted() && rows[0].probabilities[0] == 2)
    #expect(rows[0].box == Rect(x: 60, y: 40, width: 40, height: 40))
    #expect(abs((rows[0].detectionScore ?? 0) - 229.0 / 255) < 1e-6)
    #expect(run.counts.decoded == run.counts.used + run.counts.skipped)
    #expect(run.counts.faces == 1 && run.counts.clips == 2 && run.counts.gaps == 0)
  }

  @Test func statusFollowsFromHowOftenTheFaceIsSeen() throws {
    let frames = paintedFrames(15) + paintedFrames(65, from: 0.6, firstIndex: 15, face: nil)
    let rows = try rows(AnalysisRun(PaintedSource(frames.map(VideoEvent.frame)), stages: .painted))
    #expect(rows.map(\.status) == [.lowQuality, .noFace, .noFace])
    #expect((rows[0].coverage ?? 1) < 0.5 && rows[1].probabilities.isEmpty && rows[1].frames == 20..<60)
  }

  @Test func gapsKeepTheirReasons() throws {
    let events: [VideoEvent] =
      paintedFrames(40).map(VideoEvent.frame) + [.gap(Gap(start: 1.6, end: 2, reason: .damage))]
      + paintedFrames(40, from: 2, firstIndex: 40).map(VideoEvent.frame) + [
        .gap(Gap(start: 3.6, end: 4, reason: .truncated))
      ]
    let run = AnalysisRun(PaintedSource(events), stages: .painted)
    let rows = try rows(run)
    #expect(rows.map(\.status) == [.ok, .decodeGap, .ok, .decodeGap] && rows.map(\.clip) == [0, 1, 2, 3])
    #expect(run.gaps.map(\.reason) == [.damage, .truncated] && run.counts.gaps == 2 && run.counts.faces == 2)
  }

  @Test func rowsComeBeforeTheErrorThatEndsTheVideo() throws {
    let run = AnalysisRun(
      PaintedSource(paintedFrames(40).map(VideoEvent.frame), failure: SourceFailed()), stages: .painted)
    var rows = 0
    #expect(throws: SourceFailed.self) {
      while let event = try run.next() { if case .row = event { rows += 1 } }
    }
    #expect(rows == 1)
  }

  @Test func fiveFacesAreReadInBatches() throws {
    let frames = (0..<40).map { index in
      PaintedFrame(
        index, at: Double(index) / 25, size: Size(width: 320, height: 120),
        (0..<5).map {
          PaintedFrame.Face(box: Rect(x: 10 + 60 * Double($0), y: 40, width: 40, height: 40), tone: 30 * $0 + 10)
        })
    }
    let rows = try rows(AnalysisRun(PaintedSource(frames.map(VideoEvent.frame)), stages: .painted))
    #expect(rows.map(\.faceID) == [0, 1, 2, 3, 4] && Set(rows.map(\.clip)) == [0])
    #expect(rows.map { $0.probabilities.first } == [10, 40, 70, 100, 130])
  }
}
