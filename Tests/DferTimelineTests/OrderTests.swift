import DferTestSupport
import Foundation
import Testing

@testable import DferTimeline

/// Figures depend on what a table says, not on how it was sorted, joined or appended before.
@Suite struct OrderTests {
  private static let labels = ["anger", "neutral", "surprise"]
  private static let rows = exampleRows(["nna?sn.nn", ".sn..ssna"])

  /// The header and the lines of rows in a format.
  private func written(_ format: OutputFormat) throws -> (head: [String], rows: [String], foot: [String]) {
    let folder = try ScratchFolder()
    let file = folder.file("x.\(format.rawValue)")
    var writer = try format.writer(to: file.path, overwrite: false, layout: RowLayout(labels: Self.labels))
    for row in Self.rows { try writer.write(row) }
    try writer.finish()
    let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(String.init)
    switch format {
    case .jsonl: return ([], lines, [])
    case .json:
      let end = try #require(lines.firstIndex { $0.hasPrefix("],\"segments\"") })
      return (
        Array(lines[..<3]), lines[3..<end].map { $0.hasPrefix(",") ? String($0.dropFirst()) : $0 }, Array(lines[end...])
      )
    default: return ([lines[0]], Array(lines[1...]), [])
    }
  }

  private func read(_ format: OutputFormat, _ rows: [String], _ table: (head: [String], rows: [String], foot: [String]))
    throws -> ImportedTimeline
  {
    let body = format == .json ? [rows.joined(separator: "\n,")] : rows
    return try ImportedTimeline(bytes: Array((table.head + body + table.foot).map { $0 + "\n" }.joined().utf8))
  }

  @Test(arguments: [OutputFormat.csv, .tsv, .jsonl, .json]) func anyOrderGivesTheSameFigures(format: OutputFormat)
    throws
  {
    let table = try written(format)
    let expected = StatisticsTable(labels: Self.labels).lines("v", TimelineStatistics(Self.rows, labels: Self.labels))
    var random = SeededGenerator(seed: 7)
    var orders = [Array(table.rows.reversed()), table.rows.sorted(), table.rows.sorted(by: >)]
    for _ in 0..<20 { orders.append(table.rows.shuffled(using: &random)) }
    for order in orders {
      let timeline = try read(format, order, table)
      #expect(timeline.videos[0].rows.map(\.clip) == Self.rows.map(\.clip))
      let statistics = TimelineStatistics(timeline.videos[0].rows, labels: timeline.labels)
      #expect(StatisticsTable(labels: Self.labels).lines("v", statistics) == expected)
      let agreement = try Agreement(
        Annotation(SegmentTimeline(Self.rows, labels: Self.labels)),
        Annotation(SegmentTimeline(timeline.videos[0].rows, labels: timeline.labels)))
      #expect(abs((agreement.kappa ?? 0) - 1) < 1e-9)
    }
  }

  @Test(arguments: [OutputFormat.csv, .tsv, .jsonl, .json]) func doubledRowsAreRefusedByLine(format: OutputFormat)
    throws
  {
    let table = try written(format)
    let first = table.head.count + 1
    for place in [0, 3, table.rows.count - 1] {
      let fault = #expect(throws: CSVTimeline.ParseError.self) {
        try read(format, table.rows + [table.rows[place]], table)
      }
      #expect(
        fault?.line == first + table.rows.count && fault?.reason.contains("line \(first + place)") == true, "\(fault!)")
    }
    #expect(throws: CSVTimeline.ParseError.self) { try read(format, table.rows + table.rows.reversed(), table) }
  }

  @Test func rowsThatContradictEachOtherAreRefused() throws {
    func refuses(_ change: (inout [ClipResult]) -> Void) -> Bool {
      var rows = Self.rows
      change(&rows)
      return (try? RowOrder.ordered(rows, lines: Array(2..<rows.count + 2))) == nil
    }
    #expect(!refuses { _ in })
    // The same time under another number, and a second run of the same video between the rows of the first.
    #expect(
      refuses { rows in
        rows.append(rows[0])
        rows[rows.count - 1].clip = 99
      })
    #expect(
      refuses { rows in
        rows += Self.rows.map { row in
          var row = row
          (row.clip, row.startSeconds, row.endSeconds) = (row.clip + 100, row.startSeconds + 0.4, row.endSeconds + 0.4)
          return row
        }
      })
    #expect(refuses { $0[0].endSeconds = $0[0].startSeconds })
    // A face, and no face, in one clip; two faces of one clip at different times.
    #expect(
      refuses { rows in
        rows.append(ClipResult(clip: 0, startSeconds: 0, endSeconds: 1.6, status: .noFace))
      })
    #expect(
      refuses { rows in
        rows[1].clip = 0
        rows[1].faceID = 7
        rows[1].startSeconds = 0.1
      })
  }

  @Test func mergedTablesKeepVideosApartByBytes() throws {
    let table = try written(.csv)
    let names = ["caf\u{e9}", "cafe\u{301}", "comma,\u{301}x", "line\r\u{301}end", "quote\"\u{301}"]
    let rows = names.flatMap { name in table.rows.map { Quoting.cell(name) + "," + $0 } }
    let timeline = try ImportedTimeline(
      bytes: Array((["source," + table.head[0]] + rows.shuffled()).map { $0 + "\n" }.joined().utf8))
    #expect(Set(timeline.videos.map { ExactName($0.source ?? "") }) == Set(names.map(ExactName.init)))
    for video in timeline.videos { #expect(video.rows.count == Self.rows.count) }
    #expect(throws: CSVTimeline.ParseError.self) {
      try ImportedTimeline(
        bytes: Array((["source," + table.head[0]] + rows + [rows[0]]).map { $0 + "\n" }.joined().utf8))
    }
  }

  @Test func tablesOfOthersInAnyOrder() throws {
    let tables: [(head: String, rows: [String])] = [
      (
        "frame_idx,frame_time_in_ms,facial_expression",
        (0..<8).map { "\($0),\(Double($0) * 40),\($0 < 5 ? "Happy" : "Sad")" }
      ),
      (
        "frame,FaceRectX,FaceRectY,FaceRectWidth,FaceRectHeight,FaceScore,anger,happiness,neutral,Identity",
        (0..<8).flatMap { frame in
          [0, 1].map { "\(frame),\($0 * 200 + frame),20,50,50,0.9,0.\(frame),0.1,0.2,Person_\($0)" }
        }
      ),
      ("Timestamp,EventSource,Name,Anger,Joy,Neutral", (0..<8).map { "\($0 * 40),AFFDEX,a,\($0),\(60 - 8 * $0),9" }),
      ("timestamp,image_path,face_id,emotion", (0..<12).map { "\(100 + $0),f\($0).jpg,0,\($0 < 5 ? "Happy" : "Sad")" }),
      ("image_path,face_id,emotion", (0..<12).map { "f\($0).jpg,0,\($0 < 5 ? "Happy" : "Sad")" }),
    ]
    var random = SeededGenerator(seed: 3)
    for table in tables {
      func figures(_ rows: [String]) throws -> [String] {
        let timeline = try ImportedTimeline(
          bytes: Array(([table.head] + rows).map { $0 + "\n" }.joined().utf8), frameRate: 25)
        let labels = timeline.labels.sorted()
        return StatisticsTable(labels: labels).lines(
          "v", TimelineStatistics(timeline.videos[0].rows, labels: timeline.labels))
      }
      let expected = try figures(table.rows)
      for order in [table.rows.reversed(), table.rows.shuffled(using: &random), table.rows.shuffled(using: &random)] {
        #expect(try figures(order) == expected, "\(table.head)")
      }
      // Tables of iMotions may repeat a row for each sensor; all others must not.
      if table.head.hasPrefix("Timestamp,") {
        #expect(try figures(table.rows + table.rows) == expected)
      } else {
        for doubled in [table.rows + table.rows, table.rows.flatMap { [$0, $0] }, table.rows + [table.rows[2]]] {
          #expect(throws: CSVTimeline.ParseError.self, "\(table.head)") { try figures(doubled) }
        }
      }
    }
  }

  @Test func terminalAndSummaryAgree() {
    for faces in [["nna?sn.nn", ".sn..ssna"], ["n"], ["??", "."], ["nnnnaaaass"]] {
      let rows = exampleRows(faces)
      var summary = TimelineSummary(labels: Self.labels)
      for row in rows { summary.add(row) }
      let statistics = TimelineStatistics(rows, labels: Self.labels)
      #expect(summary.faces.count == statistics.faces.count)
      for face in statistics.faces {
        #expect(abs((summary.faces[face.id]?.seconds ?? -1) - face.readSeconds) < 1e-9)
        for (label, figures) in zip(statistics.labels, face.classes) {
          #expect(abs((summary.faces[face.id]?.secondsOfLabel[label] ?? 0) - figures.seconds) < 1e-9)
        }
      }
    }
  }
}

/// The same numbers in every run.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ (state >> 29)
  }
}
