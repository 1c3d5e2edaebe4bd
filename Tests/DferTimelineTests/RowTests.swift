import DferImage
import Foundation
import Testing

@testable import DferTimeline

private let labels = ["surprise", "anger", "neutral"]

@Suite struct RowTests {
  private let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).csv").path

  @Test func contractAndRoundTrip() throws {
    defer { try? FileManager.default.removeItem(atPath: path) }
    let layout = RowLayout(labels: labels)
    var writer = try OutputFormat.csv.writer(to: path, overwrite: false, layout: layout)
    var row = ClipResult(clip: 3, startSeconds: 0.5, endSeconds: 1.5, status: .ok)
    (row.faceID, row.frames, row.probabilities) = (1, 15..<45, [0.5, 0.25, 0.25])
    row.box = Rect(x: 10.5, y: 20, width: 100, height: 120)
    let empty = ClipResult(clip: 4, startSeconds: 1.5, endSeconds: 2.5, status: .noFace)
    try writer.write(row)
    try writer.write(empty)
    try writer.finish()
    #expect(
      try String(contentsOfFile: path, encoding: .utf8)
        == "clip,face_id,start_s,end_s,time_s,start_frame,end_frame,status,success,label,confidence,margin,"
        + "p_anger,p_neutral,p_surprise,face_frames,coverage,box_x,box_y,box_w,box_h,detection_score,"
        + "yaw_deg,pitch_deg,roll_deg,detector_mask_probability\n"
        + "3,1,0.500000,1.500000,1.000000,15,45,ok,1,surprise,0.500000,0.250000,0.250000,0.250000,0.500000,"
        + ",,10.5,20.0,100.0,120.0,,,,,\n"
        + "4,,1.500000,2.500000,2.000000,,,no_face,0,,,,,,,,,,,,,,,,,\n")
    let read = try CSVTimeline(path: path)
    row.probabilities = [0.25, 0.25, 0.5]  // alphabetical in the file
    #expect(read.labels == ["anger", "neutral", "surprise"] && read.rows == [row, empty])
    #expect(throws: OutputError.exists(path: path)) { try OutputFile(path, overwrite: false) }
  }

  @Test func tablesOfTheFirstContractAreRead() throws {
    let text = """
      clip,face_id,start_s,end_s,time_s,start_frame,end_frame,status,success,label,confidence,margin,p_anger,p_neutral,\
      valence,arousal,face_frames,coverage,box_x,box_y,box_w,box_h,box_score,yaw_deg,pitch_deg,roll_deg,occlusion
      0,0,0.0,1.6,0.8,0,40,ok,1,anger,0.9,0.8,0.9,0.1,,,16,1.0,1.0,2.0,3.0,4.0,0.75,,,5.0,0.25

      """
    let read = try CSVTimeline(text: text)
    #expect(read.rows.count == 1 && read.rows[0].detectionScore == 0.75 && read.rows[0].detectorMaskProbability == 0.25)
    #expect(read.columns.contains("detection_score") && !read.columns.contains("box_score"))
  }

  @Test func motionIsKeptAndTellsPostersFromPeople() throws {
    defer { try? FileManager.default.removeItem(atPath: path) }
    var writer = try OutputFormat.csv.writer(
      to: path, overwrite: false, layout: RowLayout(labels: labels, includesMotion: true))
    for (clip, motions) in [[0.4, 0.5], [0.75, 4.25]].enumerated() {
      for (face, motion) in motions.enumerated() {
        var row = ClipResult(clip: clip, startSeconds: Double(clip), endSeconds: Double(clip + 1), status: .ok)
        (row.faceID, row.probabilities, row.motion) = (face, [0.5, 0.25, 0.25], motion)
        try writer.write(row)
      }
    }
    try writer.finish()
    let read = try CSVTimeline(path: path)
    #expect(read.layout.includesMotion && read.rows.map(\.motion) == [0.4, 0.5, 0.75, 4.25])
    let faces = TimelineStatistics(read.rows, labels: read.labels).faces
    #expect(faces.map(\.motion) == [0.75, 4.25] && faces.map(\.isStill) == [true, false])
    // Too short to say.
    #expect(TimelineStatistics(read.rows.prefix(2), labels: read.labels).faces.map(\.isStill) == [nil, nil])
    #expect(StatisticsTable(labels: []).header.hasSuffix(",max_motion,still_face,unsure_s"))
  }

  @Test func masksHaveColumnsWhereANetworkLooksForThem() throws {
    defer { try? FileManager.default.removeItem(atPath: path) }
    let layout = RowLayout(labels: labels, includesMask: true)
    #expect(layout.columns.suffix(2) == ["mask", "mask_probability"])
    var writer = try OutputFormat.csv.writer(to: path, overwrite: false, layout: layout)
    var row = ClipResult(clip: 0, startSeconds: 0, endSeconds: 1, status: .ok)
    (row.faceID, row.probabilities, row.maskProbability) = (0, [0.5, 0.25, 0.25], 0.75)
    try writer.write(row)
    try writer.write(ClipResult(clip: 1, startSeconds: 1, endSeconds: 2, status: .noFace))
    try writer.finish()
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    #expect(lines[1].hasSuffix(",worn,0.750000") && lines[2].hasSuffix(",,"))
    let read = try CSVTimeline(path: path)
    #expect(read.labels.count == 3 && read.layout.includesMask)
    #expect(read.rows.map(\.maskProbability) == [0.75, nil])
  }

  @Test func fullDiskAndMissingFolder() {
    #expect(throws: OutputError.diskFull(path: "/dev/full", keepsRows: true)) {
      var writer = try OutputFormat.csv.writer(to: "/dev/full", overwrite: false, layout: RowLayout(labels: labels))
      try writer.write(ClipResult(clip: 0, startSeconds: 0, endSeconds: 1, status: .noFace))
    }
    #expect(throws: OutputError.noFolder(path: path + "/a.csv")) { try OutputFile(path + "/a.csv", overwrite: false) }
  }

  /// pandas writes whole numbers of columns with empty cells as decimals; editors leave empty lines.
  @Test func tablesThatPandasSavedAreRead() throws {
    defer { try? FileManager.default.removeItem(atPath: path) }
    var writer = try OutputFormat.csv.writer(
      to: path, overwrite: false, layout: RowLayout(labels: ["anger", "neutral", "surprise"]))
    for row in exampleRows(["nnas", "s"]) { try writer.write(row) }
    try writer.finish()
    let text = try String(contentsOfFile: path, encoding: .utf8)
    func saved(_ ending: String) -> String {
      text.split(separator: "\n").enumerated().map { line, row in
        row.split(separator: ",", omittingEmptySubsequences: false).enumerated().map { column, cell in
          line > 0 && column == 1 && !cell.isEmpty ? cell + ending : String(cell)
        }.joined(separator: ",")
      }.joined(separator: "\n") + "\n\n\n"
    }
    #expect(try CSVTimeline(text: saved(".0")).rows == CSVTimeline(text: text).rows)
    #expect(throws: CSVTimeline.ParseError.self) { try CSVTimeline(text: saved(".5")) }
  }

  @Test func quotingAndDecimals() throws {
    #expect(Quoting.cell("a \"b\",\r\nc") == "\"a \"\"b\"\",\r\nc\"")
    #expect(try CSVTimeline.records("x,\"a \"\"b\"\",\r\nc\"\r\n")[0].cells == ["x", "a \"b\",\r\nc"])
    for _ in 0..<2000 {
      let value = Double.random(in: -5000...5000)
      #expect(fixedDecimal(value, places: 6) == String(format: "%.6f", value))
    }
  }

  @Test func readerNamesTheLine() {
    let header = RowLayout(labels: ["a"]).columns.joined(separator: ",")
    #expect(throws: CSVTimeline.ParseError(line: 2, reason: "2 cells instead of 24")) {
      try CSVTimeline(text: header + "\n1,2\n")
    }
  }
}
