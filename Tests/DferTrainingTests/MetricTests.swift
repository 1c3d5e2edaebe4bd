import DferImage
import DferTensor
import DferTestSupport
import Foundation
import Testing

@testable import DferTraining

@Suite struct MetricTests {
  @Test(arguments: ["a", "b", "c", "d"]) func classMetricsMatch(_ name: String) throws {
    let golden = try GoldenFile("metrics/metrics_\(name).safetensors")
    let (classes, truth) = (golden.integer("classes"), golden.integers("in/labels"))
    let table = Confusion(classes: classes, truth: truth, predictions: golden.integers("in/predictions"))
    #expect(table.counts.flatMap { $0 } == golden.integers("out/confusion"))
    let figures = [
      ("war", table.war), ("uar_present", table.uar), ("uar_all", table.uarOfAll), ("f1_present", table.macroF1),
      ("f1_all", table.macroF1OfAll),
    ]
    for (figure, value) in figures {
      #expect(golden.excess(Tensor([Float(value)], shape: []), "out/\(figure)") <= 1, "\(figure)")
    }
    let recalls = (0..<classes).map { Float(table.recall($0) ?? 0) }
    #expect(golden.excess(Tensor(recalls, shape: [classes]), "out/recall_per_class") <= 1)

    let values = golden("in/probs").values
    let rows = truth.indices.map { Array(values[$0 * classes..<($0 + 1) * classes]) }
    let calibration = Calibration(probabilities: rows, truth: truth, bins: golden.integer("ece_bins"))
    #expect(golden.excess(Tensor([Float(calibration.error)], shape: []), "out/ece") <= 1)
    let bins = calibration.bins.flatMap { [Float($0.count), Float($0.accuracy), Float($0.confidence)] }
    #expect(golden.excess(Tensor(bins, shape: [calibration.bins.count, 3]), "out/ece_bins") <= 1)
  }

  @Test(arguments: ["a", "b"]) func concordanceMatches(_ name: String) throws {
    let golden = try GoldenFile("metrics/ccc_\(name).safetensors")
    let (x, y) = (golden("in/x").values, golden("in/y").values)
    #expect(golden.excess(Tensor([Float(Agreement.concordance(x, y))], shape: []), "out/ccc") <= 1)
    let error = Float(Agreement.meanSquaredError(x, y))
    #expect(golden.excess(Tensor([error], shape: []), "out/mean_squared_error") <= 1)
  }

  @Test func emptyTablesHaveFigures() {
    let table = Confusion(classes: 3)
    #expect(table.war == 0 && table.uar == 0 && table.macroF1 == 0 && table.recall(0) == nil)
    #expect(Calibration(probabilities: [], truth: []).error == 0)
  }

  @Test func twoWaysToReadAreComparedFaceByFace() throws {
    #expect(abs(Comparison.chance(4, 0) - 0.125) < 1e-12, "2 / 2^4")
    #expect(abs(Comparison.chance(2, 10) - 158.0 / 4096) < 1e-12, "2 (1 + 12 + 66) / 2^12")
    #expect(Comparison.chance(0, 0) == 1 && Comparison.chance(3, 3) == 1)
    #expect(Comparison.chance(3000, 100) < 1e-300)

    func clip(_ label: Int) -> LabelledClip {
      LabelledClip(
        name: "\(label)", images: [], boxes: [], boxesAreLabels: false, points: [],
        votes: (0..<3).map { $0 == label ? 1 : 0 })
    }
    func predictions(_ classes: [Int]) -> [Evaluator.Prediction] {
      classes.map { said in Evaluator.Prediction(logits: (0..<3).map { $0 == said ? 2 : 0 }) }
    }
    var clips = [0, 0, 0, 0, 1, 1, 2].map(clip)
    let labels = ["a", "b", "c"]
    let (first, second) = (predictions([0, 0, 0, 1, 1, 0, 2]), predictions([0, 1, 2, 1, 1, 1, 0]))
    let all = try #require(Comparison(("one", first), over: ("other", second), of: clips, labels: labels))
    #expect(all.samples == 7 && all.won == 3 && all.lost == 1)
    // Recalls 3/4, 1/2, 1 against 1/4, 1, 0.
    #expect(abs(all.war - 2.0 / 7) < 1e-12 && abs(all.uar - 1.0 / 3) < 1e-12)
    #expect(all.warInterval.low < all.war && all.warInterval.high > all.war)
    #expect(all.uarInterval.low < all.uar && all.uarInterval.high > all.uar)
    #expect(all.line.hasPrefix("one over other (n = 7): WAR +28.6 [") && all.line.hasSuffix("3 won, 1 lost, p = 0.625"))
    let same = try #require(Comparison(("one", first), over: ("one", first), of: clips, labels: labels))
    #expect(same.war == 0 && same.warInterval == Interval(low: 0, high: 0))
    #expect(
      Comparison(("one", first), over: ("other", second), of: clips, labels: labels, without: ["c"])?.samples == 6)
    for index in clips.indices { clips[index].votes = [] }
    #expect(Comparison(("one", first), over: ("other", second), of: clips, labels: labels) == nil)
  }

  @Test func temperatureIsFound() {
    // Logits that are three times too sure of labels drawn from softmax(logits / 3).
    var random = RandomSource(seed: 1)
    let logits = (0..<4000).map { _ in (0..<4).map { _ in 3 * 2 * random.normal() } }
    let targets = logits.map { Temperature.probabilities($0, temperature: 3) }
    #expect(abs(Temperature.fit(logits, targets) - 3) < 0.01)
    #expect(Temperature.fit([], []) == 1)
  }

  @Test func errorOfPointsIsInUnitsOfTheScale() {
    let truth = [Point(x: 0, y: 0), Point(x: 10, y: 0)]
    let points = [Point(x: 3, y: 4), Point(x: 10, y: 0)]
    #expect(Agreement.normalisedMeanError(points, truth, scale: 10) == 0.25)
  }

  @Test func intervalHoldsTheFigureAndRepeats() {
    let right = (0..<200).map { $0 % 4 != 0 }
    let figure = { (picked: [Int]) in Double(picked.count { right[$0] }) / Double(picked.count) }
    let interval = Bootstrap.interval(count: 200, figure)
    #expect(interval.low < 0.75 && interval.high > 0.75)
    // 1.96 * sqrt(0.75 * 0.25 / 200) = 0.06 to each side
    #expect(abs(interval.high - interval.low - 0.12) < 0.02)
    #expect(interval == Bootstrap.interval(count: 200, figure))
  }
}
