import DferImage
import DferTimeline
import Foundation
import Testing

@testable import DferWeb

/// The bounded parts behind the live view.
struct BoardTests {
  static func board() -> LiveBoard {
    let layout = RowLayout(labels: ["neutral", "happiness"])
    let info = LiveInfo(
      source: "rtsp://***@host/a", pipeline: "test", layout: layout, span: 1.6, hop: 0.8, blur: false, isLive: true,
      version: "0")
    return LiveBoard(info, layout: layout, detectorEvery: 0.2)
  }

  static func row(_ clip: Int) -> ClipResult {
    var row = ClipResult(clip: clip, startSeconds: Double(clip), endSeconds: Double(clip) + 1.6, status: .ok)
    row.faceID = 0
    row.probabilities = [0.25, 0.75]
    return row
  }

  @Test func eventsAreForgottenOldestFirstAndCounted() {
    var log = EventLog(capacity: 4)
    #expect(log.after(-1, limit: 10).entries.isEmpty)
    for number in 1...10 { log.add("n", "\(number)") }
    let all = log.after(-1, limit: 10)
    #expect(all.entries.map(\.id) == [7, 8, 9, 10])
    #expect(all.entries.map(\.data) == ["7", "8", "9", "10"])
    #expect(all.missed == 0, "a new reader has missed nothing")
    #expect(log.after(8, limit: 10).entries.map(\.id) == [9, 10])
    #expect(log.after(3, limit: 2).entries.map(\.id) == [7, 8])
    #expect(log.after(3, limit: 2).missed == 3)
    #expect(log.after(10, limit: 10).entries.isEmpty)
    #expect(log.after(99, limit: 10).entries.count == 4, "a number of another run begins anew")
  }

  @Test func tailKeepsTheNewestLines() {
    var tail = Ring<String>(capacity: 3)
    for number in 1...5 { tail.add("\(number)") }
    #expect(tail.all == ["3", "4", "5"])
    #expect(tail.total == 5)
  }

  @Test func rowsOfTheBoardAreTheRowsOfTheFile() throws {
    let board = Self.board()
    for clip in 0..<5100 { board.add(Self.row(clip)) }
    let (text, missing) = board.tail
    #expect(missing == 100)
    let timeline = try CSVTimeline(text: text)
    #expect(timeline.rows.count == 5000)
    #expect(timeline.rows.first?.clip == 100)
    let event = try #require(board.events(after: -1, limit: 1).entries.first)
    let object = try JSONSerialization.jsonObject(with: Data(event.data.utf8)) as? [String: Any]
    #expect(object?["label"] as? String == "happiness")
    #expect(object?["p_happiness"] as? Double == 0.75)
  }

  @Test func statesAreToldOncePerChange() {
    let board = Self.board()
    board.update(LiveCounts(), time: 1)
    board.setPaused(true)
    board.setPaused(true)
    board.set(LiveState(.lost, reason: "gone", nextTryS: 1))
    board.set(LiveState(.reading))
    board.setPaused(false)
    let names = board.events(after: -1, limit: 99).entries.map(\.data)
    #expect(names.map { $0.contains("paused") } == [false, true, false, true, false])
    #expect(names[2].contains("gone"))
    #expect(board.health.retries == 1)
    #expect(!board.isPaused)
  }

  @Test func metricsAreWhatPrometheusReads() {
    let board = Self.board()
    board.add(Self.row(0))
    var counts = LiveCounts()
    counts.framesIn = 7
    board.update(counts, time: 1)
    let lines = Metrics.text(board).split(separator: "\n")
    #expect(lines.contains("dfer_frames_in_total 7"))
    #expect(lines.contains("dfer_rows_total{status=\"ok\"} 1"))
    for line in lines where !line.hasPrefix("#") {
      let parts = line.split(separator: " ")
      #expect(parts.count == 2 && Double(parts[1]) != nil, "\(line)")
      let name = parts[0].prefix { $0 != "{" }
      #expect(lines.contains { $0.hasPrefix("# TYPE \(name) ") }, "\(line)")
    }
  }
}
