import DferImage
import DferTestSupport
import Foundation
import Testing

@testable import DferTimeline

/// Low confidence looks like low confidence wherever people look, and tables and tiers stay plain words.
@Suite struct DoubtTests {
  private static let labels = ["anger", "neutral", "surprise"]

  /// Neutral with this confidence for 2 s, then anger that is certain.
  private func rows(_ confidence: Float) -> [ClipResult] {
    var rows = exampleRows(["nna"])
    for index in 0..<2 { rows[index].probabilities = [(1 - confidence) / 2, confidence, (1 - confidence) / 2] }
    return rows
  }

  private func written(_ name: String, _ confidence: Float) throws -> String {
    let folder = try ScratchFolder()
    let path = folder.file(name).path
    var writer = try #require(OutputFormat(path: path)).writer(
      to: path, overwrite: false, layout: RowLayout(labels: Self.labels))
    for row in rows(confidence) { try writer.write(row) }
    try writer.finish()
    return try String(contentsOfFile: path, encoding: .utf8)
  }

  @Test(arguments: ["x.vtt", "x.srt", "x.labels.txt", "x.eaf", "x.html"]) func labelsInDoubtHaveAQuestionMark(
    _ name: String
  ) throws {
    #expect(try written(name, 0.59).contains("neutral?") && !written(name, 0.61).contains("neutral?"))
    #expect(try !written(name, 0.59).contains("anger?"))
  }

  @Test(arguments: ["x.html", "x.svg"]) func chartsAreHatched(_ name: String) throws {
    #expect(try written(name, 0.59).contains("class=\"doubt\"") && !written(name, 0.61).contains("class=\"doubt\""))
    #expect(try written(name, 0.59).contains("less than 60 % sure"))
  }

  @Test func imagesAreHatched() {
    func white(_ confidence: Float) -> Int {
      let image = PNGPlot.image(SegmentTimeline(rows(confidence), labels: Self.labels))
      // The strip of the first second.
      var count = 0
      for y in 114..<146 {
        for x in 190..<600 {
          let start = 3 * (y * image.width + x)
          if image.pixels[start..<start + 3].allSatisfy({ $0 > 250 }) { count += 1 }
        }
      }
      return count
    }
    #expect(white(0.59) > 500 && white(0.61) == 0)
  }

  @Test func tiersAndTablesStayPlain() throws {
    for name in ["x.eaf", "x.boris", "x.boris.tsv", "x.csv"] {
      let folder = try ScratchFolder()
      try written(name, 0.5).write(to: folder.file(name), atomically: true, encoding: .utf8)
      let annotation = try Annotation(path: folder.file(name).path)
      #expect(annotation.tracks.map(\.name) == ["Face 0"])
      #expect(annotation.tracks[0].intervals.map(\.label) == ["neutral", "anger"])
    }
    #expect(try written("x.boris.tsv", 0.5).contains("confidence 0.500, unsure"))
    let face = TimelineStatistics(rows(0.5), labels: Self.labels).faces[0]
    #expect(abs(face.doubtfulSeconds - 2) < 1e-9)
    var summary = TimelineSummary(labels: Self.labels)
    for row in rows(0.5) { summary.add(row) }
    #expect(summary.lines.contains { $0.contains("unsure, below 0.60") })
  }
}
