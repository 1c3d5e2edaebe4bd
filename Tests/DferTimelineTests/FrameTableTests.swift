import DferImage
import DferTestSupport
import Foundation
import Testing

@testable import DferTimeline

/// Tables of every decoded frame, and of blinks.
struct FrameTableTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private var layout: RowLayout {
    var layout = RowLayout(labels: ["happiness", "neutral"])
    layout.includesEyes = true
    return layout
  }

  /// A row whose frames show eyes that are open as far as asked.
  private func row(_ clip: Int, frames: Range<Int>, face: Int = 0, rate: Double = 25, open: (Int) -> Double)
    -> ClipResult
  {
    var row = ClipResult(
      clip: clip, startSeconds: Double(frames.lowerBound) / rate, endSeconds: Double(frames.upperBound) / rate + 0.8,
      status: .ok)
    (row.faceID, row.frames, row.probabilities) = (face, frames, [0.5, 0.5])
    row.moments = frames.map { frame in
      var behaviour = Behaviour()
      (behaviour.yaw, behaviour.pitch) = (1.5, -2)
      behaviour.eyes = Behaviour.Eyes(open: [open(frame), open(frame)])
      return Moment(
        frame: frame, time: Double(frame) / rate, box: Rect(x: 1, y: 2, width: 3, height: 4), behaviour: behaviour,
        rollDegrees: 0.25)
    }
    return row
  }

  @Test func everyFrameIsWrittenWithTheClipThatReadIt() throws {
    let path = scratch.file("f.csv").path
    var writer = try #require(try FrameTableWriter(path, layout: layout, rows: .all, overwrite: false))
    // Two faces; the second clip overlaps the first, but its frames are others.
    for clip in 0..<2 {
      for face in 0..<2 {
        try writer.write(row(clip, frames: clip == 0 ? 0..<40 : 40..<60, face: face) { _ in 1 })
      }
    }
    try writer.finish()
    let records = try CSVTimeline.records(try String(contentsOfFile: path, encoding: .utf8)).map(\.cells)
    #expect(records.count == 121 && records[0].prefix(4) == ["frame", "time_s", "face_id", "clip"])
    for face in 0..<2 {
      let own = records.dropFirst().filter { $0[2] == "\(face)" }
      #expect(own.map { Int($0[0]) } == Array(0..<60))
      #expect(own.map { $0[3] } == (0..<60).map { $0 < 40 ? "0" : "1" })
    }
    #expect(records[1].contains("1.50") && records[1].contains("-2.00") && records[1].contains("1.000"))
  }

  @Test(.enabled(if: Python.program != nil, "needs python3"))
  func jsonAndSQLiteHoldTheSameNumbers() throws {
    let (json, database) = (scratch.file("f.jsonl").path, scratch.file("f.db").path)
    for path in [json, database] {
      var writer = try #require(try FrameTableWriter(path, layout: layout, rows: .all, overwrite: false))
      try writer.write(row(0, frames: 0..<3) { $0 == 1 ? 0.5 : 1 })
      try writer.finish()
    }
    let lines = try String(contentsOfFile: json, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 3 && lines[1].contains("\"frame\":1,") && lines[1].contains("\"eye0_open\":0.500"))
    let program = """
      import sqlite3, sys
      rows = sqlite3.connect(sys.argv[1]).execute("SELECT frame, status, yaw_deg, eye0_open FROM frames").fetchall()
      print(rows == [(0, "ok", 1.5, 1.0), (1, "ok", 1.5, 0.5), (2, "ok", 1.5, 1.0)])
      """
    #expect(try Python.read(URL(fileURLWithPath: database), program).contains("True"))
    #expect(try FrameTableWriter(scratch.file("f.parquet").path, layout: layout, overwrite: false) == nil)
    #expect(throws: OutputError.self) { try FrameTableWriter(json, layout: layout, overwrite: false) }
  }

  // MARK: Blinks

  /// Blinks of a series of openings at 25 frames per second.
  private func blinks(_ openings: [Double?], rate: Double = 25) -> [Blink] {
    var finder = BlinkFinder()
    return openings.enumerated().compactMap { frame, open in
      finder.add(frame: frame, time: Double(frame) / rate, eyes: open.map { [$0, $0] })
    }
  }

  @Test func aBlinkHasOnsetApexAndOffset() throws {
    let open = [Double](repeating: 0.9, count: 20)
    let found = blinks(open + [0.6, 0.3, 0.05, 0.2, 0.6] + open)
    #expect(found.count == 1)
    let blink = try #require(found.first)
    #expect([blink.onset, blink.apex, blink.offset].map(\.frame) == [19, 22, 25])
    #expect(abs(blink.seconds - 0.24) < 1e-9 && blink.kind == "blink" && abs(blink.leastOpen - 0.05 / 0.9) < 0.02)
  }

  @Test func whatIsNoBlinkIsNone() {
    let open = [Double](repeating: 0.9, count: 20)
    // Half-closed, narrow from the start, closed before anybody saw it open, and closed when it went out of sight.
    #expect(blinks(open + [0.65, 0.6, 0.62] + open).isEmpty)
    #expect(blinks([Double](repeating: 0.55, count: 60)).isEmpty)
    #expect(blinks([0, 0, 0] + open).isEmpty)
    #expect(blinks(open + [0.1, nil, nil, 0.1] + open).isEmpty)
    // Two eyes that narrow by a wink are half closed together.
    var finder = BlinkFinder()
    let winks = (0..<40).compactMap { finder.add(frame: $0, time: Double($0) / 25, eyes: [$0 == 20 ? 0 : 0.9, 0.9]) }
    #expect(winks.isEmpty)
  }

  @Test func longClosuresAreCalledSo() throws {
    let open = [Double](repeating: 1, count: 30)
    let found = blinks(open + [Double](repeating: 0.05, count: 25) + open + [0.4, 0.1, 0.4] + open)
    #expect(found.map(\.kind) == ["closure", "blink"])
  }

  @Test func eachFaceBlinksForItself() throws {
    let path = scratch.file("b.csv").path
    var writer = try #require(try BlinkTableWriter(path, overwrite: false))
    for clip in 0..<4 {
      for face in 0..<2 {
        try writer.write(
          row(clip, frames: 20 * clip..<20 * clip + 20, face: face) { frame in
            // The second face's blink reaches across two clips.
            (face == 0 && (26...29).contains(frame)) || (face == 1 && (38...41).contains(frame)) ? 0.1 : 0.95
          })
      }
    }
    try writer.finish()
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    #expect(
      lines.map(String.init) == [
        "face_id,kind,onset_s,apex_s,offset_s,duration_s,onset_frame,apex_frame,offset_frame,least_open",
        "0,blink,1.000000,1.040000,1.200000,0.200000,25,26,30,0.105",
        "1,blink,1.480000,1.520000,1.680000,0.200000,37,38,42,0.105",
      ])
  }
}
