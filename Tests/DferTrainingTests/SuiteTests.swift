import DferImage
import DferModels
import DferTestSupport
import Foundation
import Testing

@testable import DferTraining

@Suite struct SuiteFileTests {
  private let folder: ScratchFolder

  init() throws {
    folder = try ScratchFolder()
    for name in ["a.csv", "b.csv"] {
      try "frame,label\n".write(to: folder.file(name), atomically: true, encoding: .utf8)
    }
  }

  private func suite(_ text: String, only: [String] = []) throws -> EvaluationSuite {
    let path = folder.file("suite.yaml")
    try text.write(to: path, atomically: true, encoding: .utf8)
    return try EvaluationSuite(contentsOf: path.path, only: only)
  }

  private func fault(_ text: String, only: [String] = []) -> String {
    do { _ = try suite(text, only: only) } catch { return "\(error)" }
    return ""
  }

  private static let good = """
    schema: 1
    name: mine
    exclude_labels: contempt
    domains:
      - name: first
        purpose: what it is for
        data: [a.csv, b.csv]
        weight: 2
        where: {person: odd, label: [happy, sadness]}
        except: {age: 7, person: anna}
        subsample: 3
      - {name: second, data: b.csv, input_mode: clip}
    """

  @Test func aSuiteSaysWhichFacesAreReadAndHow() throws {
    let suite = try suite(Self.good)
    #expect(
      suite.name == "mine" && suite.excludedLabels == ["contempt"] && suite.domains.map(\.name) == ["first", "second"])
    let first = suite.domains[0]
    #expect(first.data == ["a.csv", "b.csv"].map { folder.file($0).path })
    #expect(first.weight == 2 && first.subsample == 3 && first.purpose == "what it is for" && first.inputMode == nil)
    #expect(
      first.filter
        == RowFilter(
          ["person": .odd, "label": .oneOf(["happy", "sadness"])], except: ["age": ["7"], "person": ["anna"]],
          excludedLabels: ["contempt"]))
    #expect(suite.domains[1].inputMode == .clip && suite.domains[1].weight == 1)
    #expect(try self.suite(Self.good, only: ["second"]).domains.map(\.name) == ["second"])
  }

  @Test func whatIsWrongIsNamedWithItsLine() {
    #expect(
      fault(Self.good.replacing("weight: 2", with: "wieght: 2")).contains(
        ":8: unknown key 'wieght' (did you mean 'weight'?)"))
    #expect(
      fault(Self.good.replacing("subsample: 3", with: "subsample: none")).contains(
        ":11: 'domains.subsample' must be a whole number"))
    #expect(fault(Self.good.replacing("[a.csv, b.csv]", with: "[c.csv, d.csv]")).contains("c.csv\n"))
    #expect(fault(Self.good.replacing("second", with: "first")).contains("must be a list of different names"))
    #expect(fault(Self.good, only: ["secnd"]).contains("no domain 'secnd' (did you mean 'second'?)"))
    #expect(fault("schema: 1\nname: x\ndomains: []\n").contains("at least one domain"))
  }
}

@Suite struct RowFilterTests {
  private func rows(_ filter: RowFilter, _ text: String) throws -> [String] {
    let folder = try ScratchFolder()
    try text.write(to: folder.file("t.csv"), atomically: true, encoding: .utf8)
    return try LabelTable(path: folder.file("t.csv").path, filter: filter).rows { $0.text("name") ?? "" }
  }

  private let table = """
    name,person,label
    a,x-001,happy
    b,x-002,happiness
    c,x-013,contempt
    d,x-013b,neutral
    """

  @Test func rowsAreChosenByWhatTheirCellsSay() throws {
    #expect(try rows(.all, table) == ["a", "b", "c", "d"])
    #expect(try rows(RowFilter(["person": .odd]), table) == ["a", "c", "d"])
    #expect(try rows(RowFilter(["person": .even]), table) == ["b"])
    #expect(try rows(RowFilter(["label": .oneOf(["happiness"])]), table) == ["a", "b"], "both names of one class")
    #expect(try rows(RowFilter(except: ["name": ["a", "d"]]), table) == ["b", "c"])
    #expect(
      try rows(RowFilter(["person": .odd], except: ["person": ["x-001"]]), table) == ["c", "d"], "both on one column")
    // A name without a number belongs to neither half: it must be named, or passed over on purpose.
    let named = table + "\ne,anna,neutral\n"
    #expect(throws: DataError.self) { try rows(RowFilter(["person": .odd]), named) }
    #expect(try rows(RowFilter(["person": .even], except: ["person": ["anna"]]), named) == ["b"])
    #expect(try rows(RowFilter(["person": .odd], excludedLabels: ["contempt"]), table) == ["a", "d"])
    #expect(throws: DataError.self) { try rows(RowFilter(["persn": .odd]), table) }
    #expect(throws: DataError.self) { try rows(RowFilter(except: ["persn": ["x"]]), table) }
    #expect(throws: DataError.self) { try rows(RowFilter(["label": .odd]), table) }
  }
}

@Suite struct AbstentionTests {
  @Test func theMostConfidentAreAnsweredFirst() {
    // Right when confident, wrong when not.
    let rows: [[Float]] = (0..<10).map { [0.5 + 0.05 * Float($0), 0.5 - 0.05 * Float($0)] }
    let truth = (0..<10).map { $0 < 5 ? 1 : 0 }
    let curve = AbstentionPoint.curve(probabilities: rows, truth: truth, at: [1, 0.6, 0.4])
    #expect(curve.map(\.accuracy) == [0.5, 5.0 / 6, 1])
    #expect(curve.map(\.answered) == [1, 0.6, 0.4])
    #expect(abs(curve[2].confidence - 0.8) < 1e-6, "the sixth of ten, from the least")
    #expect(AbstentionPoint.curve(probabilities: [], truth: []).isEmpty)
  }
}

@Suite struct SuiteResultTests {
  private func clip(_ label: Int) -> LabelledClip {
    LabelledClip(
      name: "", images: [], boxes: [], boxesAreLabels: false, points: [], votes: [0, 1, 2].map { $0 == label ? 1 : 0 })
  }

  /// Everything the network says is said with the same confidence.
  private func reading(_ truth: [Int], _ said: [Int], faceless: [Int] = []) -> SuiteReading {
    var set = LabelledSet(labels: ["anger", "contempt", "fear"], clips: truth.map(clip))
    set.faceless = faceless.map(clip)
    return SuiteReading(
      inputMode: "one slot",
      predictions: said.map { top in .init(logits: [0, 1, 2].map { $0 == top ? 2 : 0 }, box: nil) }, of: set)
  }

  private let suite = EvaluationSuite(
    name: "s", excludedLabels: ["contempt"],
    domains: [("large", 1.0), ("small", 3.0)].map {
      .init(name: $0.0, purpose: "", data: ["x"], weight: $0.1, filter: .all, subsample: 1, inputMode: nil)
    })
  private let weights = SuiteResult.Weights(path: "w", system: "toy", version: "1", temperature: 1)

  @Test func everyDomainCountsByItsWeightWhateverItsSize() throws {
    // 3 of 4 angers and all 40 fears; then all angers, no fear, and one more fear without a face. Contempt is no class here.
    let large = reading([0, 0, 0, 0] + [Int](repeating: 2, count: 40), [0, 0, 0, 2] + [Int](repeating: 2, count: 40))
    let small = reading([0, 0, 2, 1], [0, 0, 0, 1], faceless: [2])
    let result = try SuiteResult(suite, weights, [large, small])
    #expect(result.domains.map(\.classes.samples) == [44, 4], "contempt is left out")
    #expect(abs(result.domains[0].classes.uar - 0.875) < 1e-9 && abs(result.domains[1].classes.uar - 0.5) < 1e-9)
    #expect(abs(result.mean.uar - (0.875 + 3 * 0.5) / 4) < 1e-9)
    #expect(abs(result.mean.war - (43.0 / 44 + 3 * 0.5) / 4) < 1e-9)
    #expect(result.mean.uarInterval.low < result.mean.uar && result.mean.uarInterval.high > result.mean.uar)
    #expect(result.domains[1].faceless == 1 && result.domains[1].classes.abstention.count == 5)
    let lines = result.lines
    #expect(lines[2].hasPrefix("large") && lines[4].hasPrefix("mean") && lines[4].contains("59.4"))
    #expect(lines.contains("no face found in 1 of small: they count as wrong"))
    let object = try JSONSerialization.jsonObject(with: Data(result.json.utf8)) as? [String: Any]
    #expect(object?["domains"] != nil && object?["mean"] != nil)
  }

  @Test func twoWeightsAreComparedOnTheSameFaces() throws {
    let truth = (0..<40).map { $0 % 2 == 0 ? 0 : 2 }
    let (good, bad) = (reading(truth, truth), reading(truth, truth.map { _ in 0 }))
    let (first, second) = (try SuiteResult(suite, weights, [good, bad]), try SuiteResult(suite, weights, [bad, bad]))
    let gain = try SuiteComparison(suite, (first, [good, bad]), over: (second, [bad, bad]))
    #expect(gain.domains.map(\.won) == [20, 0] && gain.domains.map(\.lost) == [0, 0])
    #expect(gain.domains[0].uar == 0.5 && gain.domains[1].uar == 0 && gain.domains[1].chance == 1)
    #expect(abs(gain.uar - 0.5 / 4) < 1e-9)
    // The same faces are drawn for both: a domain without a difference adds nothing to the interval.
    #expect(gain.domains[1].uarInterval == .init(low: 0, high: 0))
    #expect(gain.uarInterval.low > 0)
    let other = reading([0, 0], [0, 0])
    let third = try SuiteResult(suite, weights, [other, bad])
    #expect(throws: DataError.self) { try SuiteComparison(suite, (first, [good, bad]), over: (third, [other, bad])) }
  }

  @Test func theTemperatureFitsDomainsNotFaces() throws {
    // A thousand faces that are always right and four that are half wrong: by domain the answer lies far above 1.
    let sure = reading([Int](repeating: 0, count: 1000), [Int](repeating: 0, count: 1000))
    let unsure = reading([0, 0, 2, 2], [0, 2, 0, 2])
    let result = try SuiteResult(suite, weights, [sure, unsure])
    #expect(try #require(result.fittedTemperature) > 1.5)
  }
}

@Suite struct SuiteValidationTests {
  @Test func aTrainingKeepsTheWeightsWithTheBestMeanOverDomains() throws {
    let toy = try Toy()
    let suite = EvaluationSuite(
      name: "s",
      domains: [("a", 1.0), ("b", 2.0)].map {
        .init(name: $0.0, purpose: "", data: ["x"], weight: $0.1, filter: .all, subsample: 1, inputMode: nil)
      })
    var settings = Toy.settings(40)
    settings.evaluationInterval = 20
    let domains = SuiteValidation(suite, [toy.faces(60, seed: 2), toy.faces(60, seed: 3)])
    let task = try ClipTraining(toy.model, settings, on: toy.faces(30), suite: domains)
    var run = try TrainingLoop(task, folder: toy.folder.file("run"), resumes: false)
    var means: [Double] = []
    try run.run { event in
      if case .validated(_, let result, _) = event { means.append(result.suite?.mean.uar ?? -1) }
      return true
    }
    #expect(means.count == 3 && means.allSatisfy { $0 >= 0 } && run.state.best == means.max())
    let kept = try ExpressionModel(weights: run.weights).card
    #expect(kept.metrics.contains("\"suite\":{") && kept.metrics.contains("operatingPoints") && kept.temperature != 1)
    let log = try String(contentsOfFile: run.file("log.csv"), encoding: .utf8).split(separator: "\n")
    #expect(log.last?.contains(",\(means[2]),") ?? false)
  }
}

@Suite struct SequenceTests {
  @Test func piecesShowOneExpressionAndWindowsATurn() throws {
    let folder = try ScratchFolder()
    try Data().write(to: folder.file("v.mp4"))
    try """
    file,sequence,certainty
    v.mp4,0-0.7 neutral; 0.8-5.3 happiness talking; 5.4-5.7 neutral; 6-6.3 surprise; 7-9 frown (anger); 9.5-10 sadness (crying),clear
    v.mp4,0-3 anger,unclear
    """.write(to: folder.file("t.csv"), atomically: true, encoding: .utf8)
    let parts = try SequenceTable(folder.file("t.csv").path).parts
    let pieces = parts.filter { $0.kind == .piece }
    // 4.5 s of happiness are three pieces; 0.3 s of surprise and rest are too short; a frown is no label.
    #expect(pieces.map(\.label) == ["neutral", "happiness", "happiness", "happiness", "sadness"])
    #expect(abs(pieces[1].end - 2.3) < 1e-9 && abs(pieces[3].end - 5.3) < 1e-9)
    let windows = parts.filter { $0.kind == .window }
    #expect(windows.map(\.label) == ["happiness", "happiness"])
    #expect(windows[0].start == 0 && abs(windows[0].end - 1.6) < 1e-9)
    #expect(abs(windows[1].start - 4.5) < 1e-9 && windows[1].end == 5.7)
    try "file,sequence\nv.mp4,0.7-0 neutral\n".write(to: folder.file("t.csv"), atomically: true, encoding: .utf8)
    #expect(throws: DataError.self) { try SequenceTable(folder.file("t.csv").path) }
  }
}

@Suite struct EnsembleWeightTests {
  @Test func theBetterNetworkCountsMore() {
    // Faces of which the first network is sure and right three times as often.
    let faces = (0..<400).map { i in (weight: 1.0, byNetwork: i % 4 == 0 ? [0.1, 0.9] : [0.9, 0.1]) }
    let shares = EnsembleWeights.fit(faces)
    #expect(abs(shares.reduce(0, +) - 1) < 1e-9 && shares[0] > 0.75)
    // The maximum, found by trying: the mean log-likelihood over a grid.
    func score(_ share: Double) -> Double {
      faces.reduce(0) { $0 + log(share * $1.byNetwork[0] + (1 - share) * $1.byNetwork[1]) }
    }
    let best = (1..<1000).map { Double($0) / 1000 }.max { score($0) < score($1) } ?? 0
    #expect(abs(best - shares[0]) < 2e-3)
    #expect(EnsembleWeights.fit([]).isEmpty)
  }
}
