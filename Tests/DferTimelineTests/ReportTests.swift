import DferTestSupport
import Foundation
import Testing

@testable import DferTimeline

#if canImport(FoundationXML)
  import FoundationXML
#endif

private let labels = ["anger", "neutral", "surprise"]

@Suite struct ReportTests {
  private let timeline = SegmentTimeline(exampleRows(["nn?nan", ".sn..."]), labels: labels)

  @Test func reportAsksTheNetworkForNothing() throws {
    for media in ["talk.mp4", "https://example.org/talk.mp4", "rtsp://camera/1"].map({ MediaReference($0) }) + [nil] {
      let text = HTMLReport(media: media, output: "talk.html").text(timeline)
      for part in ["src=\"http", "src=\"rtsp", "href=\"http", "url(", "@import", "<link", "fetch(", "import("] {
        #expect(!text.contains(part), "\(part)")
      }
    }
    #expect(
      HTMLReport(media: MediaReference("/v/my talk.mp4"), output: "/v/out/r.html").text(timeline).contains(
        "src=\"../my%20talk.mp4\""))
  }

  @Test func reportHoldsEveryFaceAndValue() throws {
    let text = HTMLReport(media: nil, output: "-").text(timeline)
    #expect(text.contains("id=\"face0\"") && text.contains("id=\"face1\"") && !text.contains("id=\"face2\""))
    let start = try #require(text.range(of: "id=\"data\">")).upperBound
    let end = try #require(text.range(of: "</script>", range: start..<text.endIndex)).lowerBound
    let data = try #require(JSONSerialization.jsonObject(with: Data(text[start..<end].utf8)) as? [String: Any])
    let faces = try #require(data["faces"] as? [String: [[Double]]])
    // Alphabetical classes, in thousandths.
    #expect(faces["0"]?.count == 5 && faces["0"]?.first == [0, 1.2, 100, 800, 100])
    #expect(faces["1"]?.map { $0[0] } == [1.2, 2])
  }

  @Test func headEyesAndMovementsAreShownWhereTheyAreKnown() throws {
    #expect(!HTMLReport(media: nil, output: "-").text(timeline).contains("class=\"doing\""))
    var rows = exampleRows(["nn?nan"])
    for index in rows.indices {
      (rows[index].behaviour.yaw, rows[index].behaviour.pitch, rows[index].rollDegrees) = (30, -60, 0)
      rows[index].behaviour.strengths = [0.5, 0]
    }
    var report = HTMLReport(media: nil, output: "-")
    report.strengths = ["au12_strength", "au26_strength"]
    let text = report.text(SegmentTimeline(rows, labels: labels))
    // A turn of 30 degrees is half way down the chart's right half, a nod of 60 at its upper edge.
    #expect(text.contains("class=\"yaw\" d=\"M0.00 75.0H") && text.contains("class=\"pitch\" d=\"M0.00 0.0H"))
    #expect(text.contains("turned to the right 30.0 degrees, down -60.0 degrees, tilted clockwise 0.0 degrees"))
    #expect(
      text.contains("AU12, mean 0.50") && text.contains("fill-opacity=\"0.50\"") && text.contains("AU26, mean 0.00"))
    #expect(!text.contains("<h3>Eyes</h3>"))
  }

  @Test func oddNamesCannotEscape() throws {
    let odd = SegmentTimeline(exampleRows(["n"], labels: ["n", "x"]), labels: ["</script><b>", "&x"])
    let media = MediaReference("/v/<script>alert(1)</script>.mp4")
    let text = HTMLReport(media: media, output: "/v/r.html").text(odd)
    #expect(!text.contains("<script>alert") && !text.contains("</script><b>"))
    #expect(text.components(separatedBy: "</script>").count == 3)
  }

  @Test func figureIsWellFormed() throws {
    for rows in [exampleRows(["nn?nan", ".sn..."]), exampleRows([".."]), []] {
      let text = SVGPlot.text(SegmentTimeline(rows, labels: labels))
      #expect(XMLParser(data: Data(text.utf8)).parse())
      #expect(!text.contains("nan") && !text.contains("inf"))
    }
  }

  @Test func columnsKeepMeansWhenTheyAreJoined() throws {
    let letters = String((0..<500).map { _ in "nas?".randomElement() ?? "n" })
    let timeline = SegmentTimeline(exampleRows([letters]), labels: labels)
    func sums(_ limit: Int) -> [Double] {
      TimelineChart.columns(0, in: timeline, limit: limit).reduce([0, 0, 0]) { sums, column in
        zip(sums, column.values).map { $0 + $1 * (column.end - column.start) }
      }
    }
    #expect(zip(sums(10_000), sums(50)).allSatisfy { abs($0 - $1) < 1e-6 })
  }

  @Test func clocksAndTicks() {
    #expect(TimelineChart.clock(5.2) == "0:05.2" && TimelineChart.clock(59.96) == "1:00.0")
    #expect(TimelineChart.clock(3600, short: true) == "1:00:00" && TimelineChart.clock(0.5, short: true) == "0:00.5")
    for duration in [0, 0.3, 7, 61, 5000, 90_000, 1e7] {
      #expect((1...11).contains(TimelineChart.ticks(duration).count))
    }
  }
}

extension ReportTests {
  @Test func reportAgainstAnAnnotation() throws {
    let rows = exampleRows(["nnna"])
    let track = Annotation.Track(
      name: "<Anna>",
      intervals: [.init(label: "neutral", start: 0, end: 2), .init(label: "joy & more", start: 2, end: 4)])
    let report = HTMLReport(
      media: nil, output: "-", model: ["smooth": "2.0"], against: (Annotation(tracks: [track]), "coder.eaf"))
    let text = report.text(SegmentTimeline(rows, labels: ["anger", "neutral", "surprise"]))
    // Neutral to 2.8 s, anger after it.
    #expect(text.contains(">2.0</td>") && text.contains(">0.8</td>") && text.contains(">1.2</td>"))
    #expect(text.contains("&lt;Anna&gt; is Face 0") && text.contains("joy &amp; more") && text.contains("smooth 2.0"))
    #expect(text.contains("class=\"strip reference\"") && text.contains("class=\"unknown\""))
  }

  @Test func tabsOnlyForSeveralFaces() {
    func report(_ faces: [String]) -> String {
      HTMLReport(media: nil, output: "-").text(
        SegmentTimeline(exampleRows(faces), labels: ["anger", "neutral", "surprise"]))
    }
    #expect(report(["nn", "aa"]).contains("<button data-face=\"1\">Face 1</button>"))
    #expect(!report(["nn"]).contains("<button"))
  }
}
