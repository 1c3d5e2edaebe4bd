import Testing

@testable import DferTimeline

/// Rows as `dfer watch` gives them: clips of 1.6 s, one every 0.8 s. Each text is one face's labels by clip, one letter
/// a clip: a class's first letter, "?" for low quality, "." for nothing.
func exampleRows(_ faces: [String], labels: [String] = ["anger", "neutral", "surprise"]) -> [ClipResult] {
  let clips = faces.map(\.count).max() ?? 0
  return (0..<clips).flatMap { clip -> [ClipResult] in
    func row(_ status: ClipResult.Status) -> ClipResult {
      var row = ClipResult(
        clip: clip, startSeconds: Double(clip) * 0.8, endSeconds: Double(clip) * 0.8 + 1.6, status: status)
      row.frames = clip * 20..<clip * 20 + 40
      return row
    }
    let rows = faces.indices.compactMap { face -> ClipResult? in
      let letters = Array(faces[face])
      guard clip < letters.count, letters[clip] != "." else { return nil }
      var result = row(letters[clip] == "?" ? .lowQuality : .ok)
      result.faceID = face
      result.probabilities = labels.map { $0.first == letters[clip] ? 0.8 : 0.1 }
      return result
    }
    return rows.isEmpty ? [row(.noFace)] : rows
  }
}

private let labels = ["anger", "neutral", "surprise"]

@Suite struct SegmentTests {
  @Test func clipsMeetHalfwayBetweenTheirMiddles() {
    let timeline = SegmentTimeline(exampleRows(["nna"]), labels: labels)
    #expect(
      timeline.shares.map(\.start).isClose(to: [0, 1.2, 2]) && timeline.shares.map(\.end).isClose(to: [1.2, 2, 3.2]))
    #expect(timeline.segments.map(\.label) == ["neutral", "anger"])
    #expect(timeline.segments.map(\.end).isClose(to: [2, 3.2]))
    #expect(
      abs((timeline.frameRate ?? 0) - 25) < 1e-9 && timeline.segments.allSatisfy { abs($0.confidence - 0.8) < 1e-6 })
  }

  @Test func sharesCoverTheVideoOnceForEveryPattern() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<50 {
      let faces = (0..<3).map { _ in String((0..<12).map { _ in ".?nas".randomElement(using: &random) ?? "." }) }
      let timeline = SegmentTimeline(exampleRows(faces), labels: labels)
      for face in [nil, 0, 1, 2] {
        let segments = timeline.segments(of: face)
        #expect(zip(segments, segments.dropFirst()).allSatisfy { $0.end <= $1.start + 1e-9 })
      }
      var seconds: [Int: Double] = [:]
      for share in timeline.shares { seconds[share.row.clip] = share.seconds }
      #expect(abs(seconds.values.reduce(0, +) - timeline.duration) < 1e-9)
    }
  }

  @Test func lowQualityAndAbsenceEndSegments() {
    let timeline = SegmentTimeline(exampleRows(["n?n.n", "..nnn"]), labels: labels)
    #expect(timeline.segments(of: 0).map(\.start).isClose(to: [0, 2, 3.6]))
    #expect(timeline.segments(of: 1).map(\.start).isClose(to: [2]))
    #expect(timeline.segments(of: nil).isEmpty)
  }

  @Test func holesKeepTheirOwnTimes() {
    var rows = exampleRows(["nn"])
    rows.append(ClipResult(clip: 2, startSeconds: 2.4, endSeconds: 5, status: .decodeGap))
    var after = rows[0]
    (after.clip, after.startSeconds, after.endSeconds) = (3, 5, 6.6)
    rows.append(after)
    let timeline = SegmentTimeline(rows, labels: labels)
    #expect(timeline.segments(of: 0).map(\.end).isClose(to: [2.4, 6.6]))
    #expect(timeline.segments(of: nil).map(\.label) == ["decode_gap"])
    #expect(abs(timeline.segments(of: nil)[0].seconds - 2.6) < 1e-9)
  }

  @Test func statisticsByHand() {
    let statistics = TimelineStatistics(exampleRows(["nna?n"]), labels: labels)
    let face = statistics.faces[0]
    // Shares: 1.2 and 0.8 s neutral, 0.8 s anger, 0.8 s unread, 1.2 s neutral.
    #expect([face.readSeconds, face.unreadSeconds, statistics.duration].isClose(to: [4, 0.8, 4.8]))
    #expect(face.transitions == 1 && face.episodes == 3 && face.rows == 5)
    let neutral = face.classes[1]
    #expect(
      [neutral.seconds, neutral.mean, neutral.standardDeviation, neutral.maximum].isClose(to: [3.2, 0.66, 0.28, 0.8]))
    #expect(neutral.episodes == 2 && face.classes[2].meanEpisode == nil)
  }

  @Test func tableHasOneWidth() {
    let table = StatisticsTable(labels: ["anger", "joy", "neutral", "surprise"])
    let lines =
      table.lines("a,b.mp4", TimelineStatistics(exampleRows(["nn", "an"]), labels: labels))
      + table.lines("empty.mp4", TimelineStatistics(exampleRows([".."]), labels: labels))
    let width = table.header.split(separator: ",").count
    #expect(lines.count == 3)
    #expect(throws: Never.self) {
      for record in try CSVTimeline.records(lines.joined(separator: "\n")) { #expect(record.cells.count == width) }
    }
  }
}

extension [Double] {
  fileprivate func isClose(to other: [Double]) -> Bool {
    count == other.count && zip(self, other).allSatisfy { abs($0 - $1) < 1e-6 }
  }
}
