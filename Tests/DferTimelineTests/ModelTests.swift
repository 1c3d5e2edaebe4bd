import DferTestSupport
import Foundation
import Testing

@testable import DferTimeline

private let labels = ["anger", "neutral", "surprise"]

@Suite struct ModelTests {
  private func model(_ change: (inout TimelineModel) -> Void) -> TimelineModel {
    var model = TimelineModel()
    change(&model)
    return model
  }

  private func shown(_ rows: [ClipResult]) -> String {
    rows.map { row in
      guard let model = row.modelled else { return "." }
      return model.label.map { String(labels[$0].prefix(1)) } ?? "-"
    }.joined()
  }

  @Test func rawValuesAreNeverAltered() {
    let rows = exampleRows(["nan?sna", ".sn.aa."])
    let all = model {
      ($0.smoothing, $0.hysteresis, $0.abstainBelow, $0.neutralBaseline) = (3, 0.2, 0.5, .whereNeutralIsLikeliest)
    }
    var result = all.apply(rows, labels: labels).rows
    #expect(result.count == rows.count && result.contains { $0.modelled != nil })
    for index in result.indices { result[index].modelled = nil }
    #expect(result == rows)
  }

  @Test func smoothingByHand() throws {
    // Shares of 1.2, 0.8, 1.2 s; a window of 0.8 s lies inside each share, one of 2.4 s takes 0.8 s of each neighbour.
    let rows = exampleRows(["nan"])
    let narrow = model { $0.smoothing = 0.8 }.apply(rows, labels: labels).rows
    #expect(narrow.map { $0.modelled?.probabilities ?? [] } == rows.map(\.probabilities))
    let wide = try #require(model { $0.smoothing = 2.4 }.apply(rows, labels: labels).rows[1].modelled)
    #expect(abs(wide.probabilities[0] - (0.8 + 0.1 + 0.1) / 3) < 1e-6 && wide.label == 1)
    #expect(abs(wide.probabilities.reduce(0, +) - 1) < 1e-6)
  }

  @Test func nothingCrossesABreak() {
    let rows = exampleRows(["nn?aa"])
    #expect(shown(model { $0.smoothing = 100 }.apply(rows, labels: labels).rows) == "nn.aa")
    #expect(shown(model { $0.hysteresis = 1 }.apply(rows, labels: labels).rows) == "nn.aa")
  }

  @Test func hysteresisWaitsForAClearLead() {
    var rows = exampleRows(["nnnn"])
    rows[1].probabilities = [0.45, 0.4, 0.15]
    rows[2].probabilities = [0.6, 0.3, 0.1]
    rows[3].probabilities = [0.4, 0.45, 0.15]
    #expect(shown(model { $0.hysteresis = 0.1 }.apply(rows, labels: labels).rows) == "nnaa")
    #expect(shown(model { $0.hysteresis = 0 }.apply(rows, labels: labels).rows) == "naan")
  }

  @Test func weakLabelsAreWithheld() {
    var rows = exampleRows(["nanna"])
    rows[2].probabilities = [0.3, 0.4, 0.3]
    let result = model { $0.abstainBelow = 0.5 }.apply(rows, labels: labels).rows
    #expect(shown(result) == "na-na")
    let timeline = SegmentTimeline(result, labels: labels)
    #expect(timeline.segments.map(\.label) == ["neutral", "anger", "neutral", "anger"])
    #expect(abs(TimelineStatistics(timeline).faces[0].unreadSeconds - 0.8) < 1e-9)
  }

  @Test func aRestingFaceThatLooksAngryIsCorrectedByHand() throws {
    var rows = exampleRows(["nnnnss"])
    for index in 0..<4 { rows[index].probabilities = [0.35, 0.6, 0.05] }
    rows[4].probabilities = [0.5, 0.1, 0.4]
    let (result, baselines) = model { $0.neutralBaseline = .whereNeutralIsLikeliest }.apply(rows, labels: labels)
    let baseline = try #require(baselines.first)
    #expect(abs((baseline.means["anger"] ?? 0) - 0.35) < 1e-6 && baseline.neutralSeconds > 3)
    // (0.2 / 0.35)^0.75, 1 and (0.2 / 0.05)^0.75 are 0.6572, 1 and 2.8284.
    for (row, raw) in [(0, [0.35, 0.6, 0.05]), (4, [0.5, 0.1, 0.4])] {
      let products = zip(raw, [0.657203, 1, 2.828427]).map { $0 * $1 }
      let shown = try #require(result[row].modelled)
      for (value, product) in zip(shown.probabilities, products) {
        #expect(abs(Double(value) - product / products.reduce(0, +)) < 1e-5)
      }
    }
    #expect(shown(result) == "nnnnss")
    // Too little neutral time: nothing is changed, and that is said.
    let short = model { $0.neutralBaseline = .whereNeutralIsLikeliest }.apply(exampleRows(["ns"]), labels: labels)
    #expect(short.baselines.first?.means.isEmpty == true && short.rows[0].modelled?.probabilities == [0.1, 0.8, 0.1])
  }

  @Test func aPeriodOfRestCountsWhateverIsReadThere() throws {
    // At rest for three clips this face is read as angry: never neutral, so that only the period tells. A second face comes later.
    var rows = exampleRows(["aaasn", "...na"])
    for index in rows.indices where rows[index].faceID == 0 && rows[index].clip < 3 {
      rows[index].probabilities = [0.5, 0.4, 0.1]
    }
    let model = model { $0.neutralBaseline = .period(0...2.4) }
    let (result, baselines) = model.apply(rows, labels: labels)
    #expect(shown(result.filter { $0.faceID == 0 }) == "nnnsn")
    #expect(baselines.map(\.faceID) == [0, 1] && abs(baselines[0].neutralSeconds - 2.4) < 1e-6)
    #expect(abs((baselines[0].means["anger"] ?? 0) - 0.5) < 1e-6)
    #expect(baselines[1].means.isEmpty, "a face that was not there is not corrected")
    #expect(result.filter { $0.faceID == 1 }.allSatisfy { $0.modelled?.probabilities == $0.probabilities })
    #expect(model.recorded == ["neutral_baseline": "true", "neutral_period": "0.0-2.4"])
    // Readings of 0 in a table stay finite.
    for index in rows.indices where rows[index].faceID == 0 { rows[index].probabilities = [1, 0, 0] }
    #expect(model.apply(rows, labels: labels).rows.allSatisfy { $0.modelled?.confidence.isFinite ?? true })
  }

  @Test func restOfAnotherRecordingIsTheSameAsAPeriod() throws {
    var rest = exampleRows(["aaa"])
    for index in rest.indices { rest[index].probabilities = [0.5, 0.4, 0.1] }
    let (means, seconds) = TimelineModel.rest(in: rest, labels: labels)
    #expect(abs(seconds - 3.2) < 1e-9 && abs((means["anger"] ?? 0) - 0.5) < 1e-6)
    let rows =
      rest
      + exampleRows(["asn"]).map { row in
        var later = row
        (later.clip, later.startSeconds, later.endSeconds) = (row.clip + 10, row.startSeconds + 8, row.endSeconds + 8)
        return later
      }
    let own = model { $0.neutralBaseline = .period(0...3.2) }.apply(rows, labels: labels)
    let other = model { $0.neutralBaseline = .recording(means: means, seconds: seconds, name: "rest.csv") }
    let same = other.apply(rows, labels: labels)
    #expect(shown(same.rows) == shown(own.rows) && shown(same.rows).hasPrefix("nnn"))
    for (one, two) in zip(own.rows, same.rows) {
      for (first, second) in zip(one.modelled?.probabilities ?? [], two.modelled?.probabilities ?? []) {
        #expect(abs(first - second) < 1e-6)
      }
    }
    #expect(other.recorded == ["neutral_baseline": "true", "neutral_rows": "rest.csv"])
    #expect(TimelineModel.secondFace(in: rows) == nil)
    #expect(TimelineModel.secondFace(in: exampleRows(["nnn", ".nn"])) == 0.8)
    #expect(TimelineModel.rest(in: exampleRows(["??"]), labels: labels).seconds == 0)
  }

  @Test func modelledColumnsSurviveFiles() throws {
    let folder = try ScratchFolder()
    let rows = model { $0.abstainBelow = 0.85 }.apply(exampleRows(["na?n"]), labels: labels).rows
    var layout = RowLayout(labels: labels)
    layout.includesModel = true
    layout.model = ["abstain_below": "0.85"]
    for ending in ["csv", "jsonl", "json"] {
      let path = folder.file("m.\(ending)").path
      let format = try #require(OutputFormat(path: path))
      var writer = try format.writer(to: path, overwrite: false, layout: layout)
      for row in rows { try writer.write(row) }
      try writer.finish()
      let read = try ImportedTimeline(path: path)
      #expect(read.layout.includesModel && read.videos[0].rows.map(\.modelled) == rows.map(\.modelled), "\(ending)")
    }
    #expect(try String(contentsOf: folder.file("m.json"), encoding: .utf8).contains("\"abstain_below\":\"0.85\""))
  }

  @Test func apexIsWhereItIsClearest() {
    var rows = exampleRows(["nnn"])
    rows[1].probabilities = [0.05, 0.9, 0.05]
    let segment = SegmentTimeline(rows, labels: labels).segments[0]
    #expect(abs(segment.apex - 1.6) < 1e-9 && segment.start == 0 && abs(segment.end - 3.2) < 1e-9)
  }
}
