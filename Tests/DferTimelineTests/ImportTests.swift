import DferImage
import DferTestSupport
import Foundation
import Testing

@testable import DferTimeline

/// Tables as other programs write them, shortened by hand from their real headers.
@Suite struct ImportTests {
  private func read(_ text: String, frameRate: Double? = nil) throws -> ImportedTimeline {
    try ImportedTimeline(bytes: Array(text.utf8), frameRate: frameRate)
  }

  private func segments(_ timeline: ImportedTimeline) -> [String] {
    SegmentTimeline(timeline.videos[0].rows, labels: timeline.labels).segments
      .sorted { ($0.start, $0.faceID ?? -1) < ($1.start, $1.faceID ?? -1) }
      .map {
        "\($0.faceID.map(String.init) ?? "-") \($0.label) \(fixedDecimal($0.start, places: 3))-\(fixedDecimal($0.end, places: 3))"
      }
  }

  @Test func libreFaceInSecondsAndMilliseconds() throws {
    for factor in [1.0, 1000] {
      let labels = ["Happiness", "Happiness", "Neutral", "Neutral"]
      let rows = [0, 1, 2, 10].enumerated().map { "\($1),\(Double($1) * 0.04 * factor),1.5,\(labels[$0])" }
      let timeline = try read((["frame_idx,frame_time_in_ms,pitch,facial_expression"] + rows).joined(separator: "\r\n"))
      #expect(timeline.origin == .libreFace && timeline.labels == ["happiness", "neutral"])
      // Frame 2 and frame 10 do not touch: nobody knows what was between them.
      #expect(
        segments(timeline) == ["0 happiness 0.000-0.080", "0 neutral 0.080-0.120", "0 neutral 0.400-0.440"],
        "\(factor)")
    }
  }

  /// As Excel saves it where numbers have decimal commas, and with the line by which it names the separator.
  @Test func rowsOfASpreadsheetOfAnotherLanguage() throws {
    let row = ClipResult(clip: 0, startSeconds: 0, endSeconds: 1.6, status: .noFace)
    let plain =
      RowLayout(labels: ["a", "b"]).columns.joined(separator: ",") + "\n"
      + DelimitedWriter.line(row, RowLayout(labels: ["a", "b"]))
    let saved = plain.replacing(",", with: ";").replacing(".", with: ",").replacing("\n", with: "\r\n")
    let expected = try read(plain).videos[0].rows
    for text in [saved, "sep=;\r\n" + saved, "\u{FEFF}" + saved, "sep=,\r\n" + plain] {
      let bytes = try SpreadsheetTable.plain(Array(text.utf8))
      #expect(try ImportedTimeline(bytes: bytes).videos[0].rows == expected, "\(text.prefix(8))")
      #expect(TableKind(head: Array(text.utf8)) == .rows)
    }
    let bad = "sep=;\r\n" + saved.replacing("0,800000", with: "x")
    let fault = #expect(throws: CSVTimeline.ParseError.self) {
      try ImportedTimeline(bytes: SpreadsheetTable.plain(Array(bad.utf8)))
    }
    #expect(fault?.line == 3)
  }

  @Test func pyFeatNeedsAFrameRate() throws {
    let header =
      "FaceRectX,FaceRectY,FaceRectWidth,FaceRectHeight,FaceScore,AU01,anger,happiness,neutral,frame,approx_time,Identity\n"
    let rows = """
      10,20,100,100,0.9,0.1,0.1,0.2,0.7,0,00:00,Person_0
      300,20,100,100,0.9,0.1,0.8,0.1,0.1,0,00:00,Person_1
      10,20,100,100,0.9,0.1,0.1,0.7,0.2,10,00:00,Person_0
      ,,,,,,,,,20,00:01,

      """
    #expect(throws: CSVTimeline.ParseError.self) { try read(header + rows) }
    let timeline = try read(header + rows, frameRate: 10)
    #expect(timeline.origin == .pyFeat && timeline.labels == ["anger", "happiness", "neutral"])
    #expect(
      segments(timeline) == [
        "0 neutral 0.000-1.000", "1 anger 0.000-1.000", "0 happiness 1.000-2.000", "- no_face 2.000-3.000",
      ])
    #expect(timeline.videos[0].rows[1].box?.x == 300 && timeline.videos[0].rows[1].frames == 0..<1)
  }

  @Test func openFaceTwoHasNoExpressions() throws {
    let header = "frame, face_id, timestamp, confidence, success, gaze_0_x, AU01_r, AU01_c\n"
    let fault = #expect(throws: CSVTimeline.ParseError.self) {
      try read(header + "1, 0, 0.000, 0.98, 1, 0.1, 0.5, 1\n")
    }
    #expect(fault?.reason.contains("no expressions") == true)
  }

  @Test func openFaceThreeByImages() throws {
    let rows = ["f1.jpg\t0\tHappy", "f1.jpg\t1\tSad", "f2.jpg\t0\tHappy", "f3.jpg\t0\tNeutral"].enumerated()
      .map { "17000000\($0.offset)\t\($0.element)\t0.1" }
    let text = (["timestamp\timage_path\tface_id\temotion\tgaze_yaw"] + rows).joined(separator: "\n")
    #expect(
      segments(try read(text, frameRate: 25))
        == ["0 happiness 0.000-0.080", "1 sadness 0.000-0.040", "0 neutral 0.080-0.120"])
  }

  @Test func iMotionsWithPreambleAndOtherSensors() throws {
    let affdex = """
      #INFO,,
      #Study name,Rotation,

      Row,Timestamp,EventSource,Anger,Joy,Neutral,Engagement
      1,0,Affectiva AFFDEX,1,2,97,0
      2,10,Shimmer GSR,1,2,97,0
      3,40,Affectiva AFFDEX,0.5,80,19,50
      4,80,Affectiva AFFDEX,,,,

      """
    let timeline = try read(affdex)
    #expect(timeline.origin == .iMotions && timeline.labels == ["anger", "happiness", "neutral"])
    #expect(segments(timeline) == ["0 neutral 0.000-0.040", "0 happiness 0.040-0.080", "- no_face 0.080-0.120"])
    let facet =
      "#Study : R\n\nName\tEventSource\tTimestamp\tNoOfFaces\tFaceRect X\tFaceRect Y\tFaceRect Width\tFaceRect Height\t"
      + "Joy Evidence\tJoy Intensity\tNeutral Evidence\n"
      + "s\tEmotient FACET\t35\t1\t388\t258\t258\t258\t-0.46\t0\t1.78\ns\tEmotient FACET\t68\t1\t389\t252\t257\t257\t2\t0\t-1\n"
    let rows = try read(facet).videos[0].rows
    // Odds of 10^1.78 and 10^-0.46.
    #expect(abs(Double(rows[0].probabilities[1]) - 0.792) < 0.001 && rows[0].box?.width == 258)
    #expect(try segments(read(facet)) == ["0 neutral 0.035-0.068", "0 happiness 0.068-0.101"])
  }

  /// What a table does not say is not guessed.
  @Test func nothingMeasuredIsNoExpression() throws {
    let header = "Row,Timestamp,EventSource,Anger,Joy,Neutral\n"
    let rows = try read(header + "1,0,AFFDEX,0,0,0\n2,40,AFFDEX,0,5,0\n").videos[0].rows
    #expect(rows.map(\.status) == [.lowQuality, .ok])
    let other = #expect(throws: CSVTimeline.ParseError.self) { try read(header + "1,0,1,9,0,0\n2,40,1,0,5,0\n") }
    #expect(other?.line == 2 && other?.reason.contains("EventSource") == true)
    let below = #expect(throws: CSVTimeline.ParseError.self) { try read(header + "1,0,AFFDEX,9,-3,0\n") }
    #expect(below?.reason == "column Joy is below 0: -3.0")
  }

  /// Tables that people have saved again: two digits, columns and lines that were once used, R's missing cells, a list of rows.
  @Test func tablesThatWereSavedAgainAreRead() throws {
    let folder = try ScratchFolder()
    let file = folder.file("t.csv")
    let rows = exampleRows(["nnnn", ".sn."])
    var writer = try OutputFormat.csv.writer(
      to: file.path, overwrite: false, layout: RowLayout(labels: ["anger", "neutral", "surprise"]))
    for row in rows { try writer.write(row) }
    try writer.finish()
    let table = try CSVTimeline.records(String(contentsOf: file, encoding: .utf8)).map(\.cells)
    func text(_ change: (String) -> String, after end: String = "") -> String {
      table.map { $0.map(change).joined(separator: ",") + end }.joined(separator: "\n")
    }
    func rounded(_ cell: String) -> String {
      cell.contains(".") ? Double(cell).map { fixedDecimal($0, places: 2) } ?? cell : cell
    }
    let names = try #require(table.first)
    let objects = table.dropFirst().map { cells in
      "{"
        + zip(names, cells).map { "\"\($0)\":\($1.isEmpty ? "null" : Double($1) == nil ? "\"\($1)\"" : $1)" }.joined(
          separator: ",") + "}"
    }
    for saved in [
      text(rounded), text({ $0 }, after: ",,") + "\n" + String(repeating: ",", count: names.count + 1) + "\n",
      text { $0.isEmpty ? "NA" : $0 }, "[\n" + objects.joined(separator: ",\n") + "]\n",
    ] {
      let read = try ImportedTimeline(bytes: Array(saved.utf8)).videos[0].rows
      #expect(
        read.count == rows.count && zip(read, rows).allSatisfy { $0.faceID == $1.faceID && $0.status == $1.status },
        "\(saved.prefix(300))")
    }
  }

  /// Rows that cannot all be true: their figures would depend on which column somebody reads.
  @Test func contradictoryRowsAreRefused() throws {
    let folder = try ScratchFolder()
    let file = folder.file("t.csv")
    var writer = try OutputFormat.csv.writer(to: file.path, overwrite: false, layout: RowLayout(labels: ["a", "b"]))
    var row = ClipResult(clip: 0, startSeconds: 0, endSeconds: 2, status: .ok)
    (row.faceID, row.probabilities) = (0, [0.75, 0.25])
    try writer.write(row)
    try writer.write(ClipResult(clip: 1, startSeconds: 2, endSeconds: 3, status: .noFace))
    try writer.finish()
    let table = try CSVTimeline.records(String(contentsOf: file, encoding: .utf8)).map(\.cells)
    for (line, column, value, words) in [
      (1, "end_s", "9.9", "time_s"), (1, "face_id", "", "face_id"), (1, "status", "low_quality", "success"),
      (2, "face_id", "1", "face_id"), (2, "p_b", "1", "p_a"),
      (1, "p_a", "1.2", "p_a"), (1, "p_a", "", "p_a"), (1, "p_b", "0.9", "sum"),
    ] {
      var changed = table
      changed[line][try #require(table[0].firstIndex(of: column))] = value
      let text = changed.map { $0.joined(separator: ",") }.joined(separator: "\n")
      let fault = #expect(throws: CSVTimeline.ParseError.self, "\(column) \(value)") { try CSVTimeline(text: text) }
      #expect(fault?.line == line + 1 && fault?.reason.contains(words) == true, "\(String(describing: fault))")
    }
  }

  @Test(arguments: TableStyle.allCases.filter { $0 != .dfer }) func stylesKeepSegments(style: TableStyle) throws {
    let folder = try ScratchFolder()
    let labels = ["anger", "neutral", "surprise"]
    let rows = exampleRows(["nn?nan.", ".sn...."])
    let file = folder.file("s.csv")
    var writer = try OutputFormat.csv.writer(
      to: file.path, overwrite: false, layout: RowLayout(labels: labels), style: style)
    for row in rows { try writer.write(row) }
    try writer.finish()
    let read = try ImportedTimeline(path: file.path, frameRate: 25)
    #expect(read.labels == labels)
    func summary(_ timeline: SegmentTimeline) -> [String] {
      timeline.faceSegments.map { "\($0.faceID ?? -1) \($0.label) \(fixedDecimal($0.start, places: 2))" }
    }
    #expect(
      summary(SegmentTimeline(read.videos[0].rows, labels: labels)) == summary(SegmentTimeline(rows, labels: labels)))
  }

  @Test func whatCannotBeReadNamesTheLine() throws {
    for (text, line) in [
      ("a,b\n1,2\n", 1), ("{\"a\":1}", 1), ("{\"rows\":[{\"clip\":1}]}", 1), ("", 1),
      ("frame_idx,frame_time_in_ms,facial_expression\n0,0,Bored\n", 2),
      ("frame_idx,frame_time_in_ms,facial_expression\n0,0.1,Happy\n1,0.0,Happy\n0,0.1,Happy\n", 4), ("{\"clip\":", 1),
      ("[1,2", 1),
      ("frame_idx,frame_time_in_ms,facial_expression\n0,x,Happy\n", 2), ("\u{1F600}", 1),
    ] {
      let fault = #expect(throws: CSVTimeline.ParseError.self, "\(text)") { try read(text) }
      #expect(fault?.line == line, "\(text): \(String(describing: fault))")
    }
  }

  @Test func jsonKeepsDigitsAndOrder() throws {
    var reader = JSONReader(
      Array(#"{"b":0.10000000000000000001,"a":"\u00e9\ud83d\ude00\n","l":[1,-2e3,null,true]} 5"#.utf8))
    let value = try reader.next()
    #expect(value?["b"] == .number("0.10000000000000000001") && value?["a"] == .text("é😀\n"))
    #expect(value?["l"] == .list([.number("1"), .number("-2e3"), .null, .bool(true)]))
    #expect(try reader.next() == .number("5") && reader.next() == nil)
    for text in [
      "{", "[1,]", "{\"a\"}", "\"\\x\"", "\"\\ud800\"", "tru", "+1", "nan", String(repeating: "[", count: 100),
    ] {
      #expect(throws: CSVTimeline.ParseError.self, "\(text)") {
        var reader = JSONReader(Array(text.utf8))
        _ = try reader.next()
      }
    }
  }
}
