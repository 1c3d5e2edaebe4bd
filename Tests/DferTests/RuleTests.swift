import DferImage
import DferModels
import DferTestSupport
import DferTimeline
import DferTracking
import DferVideo
import Foundation
import Testing

@testable import Dfer

/// Rules that are stated in several places have one home; these tests hold the other places to it.
@Suite struct RuleTests {
  private func installed() throws -> [Pipeline] {
    let folder = Shared.root.appendingPathComponent("Pipelines")
    return try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".yaml") }
      .map { try Pipeline(contentsOf: folder.appendingPathComponent($0)) }
  }

  @Test func pipelinesTrackAsTheCodeDoes() throws {
    let pipelines = try installed()
    #expect(!pipelines.isEmpty)
    for pipeline in pipelines { #expect(pipeline.tracker == TrackerOptions(), "\(pipeline.name)") }
  }

  @Test func theReadmeStatesTheTrackersNumbers() throws {
    let text = try String(contentsOf: Shared.root.appendingPathComponent("README.md"), encoding: .utf8)
      .split(whereSeparator: \.isWhitespace).joined(separator: " ")
    let (options, score) = (TrackerOptions(), { (value: Double) in String(format: "%.2f", value) })
    #expect(
      text.contains(
        "once its detections average a score of \(score(options.confirmScore)) over \(options.shortestTrack) s"))
  }

  @Test func theTemperatureIsAppliedToTheLogitsOnce() throws {
    let models = try LoadedPipeline(
      Pipeline(contentsOf: Shared.root.appendingPathComponent("Pipelines/mtcae-dfer.yaml")))
    let crops = paintedFrames(16).map {
      $0.crop(Rect(x: 40, y: 20, width: 80, height: 80), side: models.modelInfo.imageSize)
    }
    let reading = try #require(try models.reader.read([crops], points: []).first)
    #expect(models.modelInfo.temperature != 1)
    #expect(reading.probabilities == Softmax.probabilities(reading.logits, temperature: models.modelInfo.temperature))
  }

  @Test(
    arguments: [(0.15, "clips start 0.1 s apart, not 0.15 s: whole samples of 0.1 s"), (0.4, nil), (nil, nil)]
      as [(Double?, String?)])
  func aHopThatIsRoundedIsReported(hop: Double?, warning: String?) throws {
    let models = try LoadedPipeline(
      Pipeline(contentsOf: Shared.root.appendingPathComponent("Pipelines/mtcae-dfer.yaml")))
    var options = RunOptions()
    options.hop = hop
    let run = AnalysisRun(PaintedSource([]), models: models, options: options)
    #expect(
      RunRecorder(run, models: models).warnings.filter { $0.hasPrefix("clips start") } == [warning].compactMap { $0 })
  }

  @Test func theManifestTellsOfGapsAndOfBothNetworks() throws {
    let models = try LoadedPipeline(
      Pipeline(contentsOf: Shared.root.appendingPathComponent("Pipelines/mtcae-dfer.yaml")))
    let source = PaintedSource(
      paintedFrames(10, face: nil).map(VideoEvent.frame) + [.gap(Gap(start: 0.4, end: 1.4, reason: .damage))])
    var options = RunOptions()
    options.maximumFaces = 2
    let run = AnalysisRun(source, models: models, options: options)
    var recorder = RunRecorder(run, models: models)
    while let event = try run.next() { recorder.note(event) }
    let manifest = try recorder.manifest(.damaged)
    #expect(manifest.gaps == [RunManifest.GapRecord(startS: 0.4, endS: 1.4, reason: "damage")])
    #expect(manifest.options == ["pipeline": "mtcae-dfer", "max_faces": "2"])
    #expect(
      manifest.counts.rows == 2
        && manifest.counts.rowsByStatus == ["partial_clip": 0, "no_face": 1, "decode_gap": 1].filter { $0.value > 0 })
    #expect(manifest.counts.reconcile && manifest.counts.decodedFrames == 10 && manifest.counts.gaps == 1)
    #expect(manifest.detector.model == "face-finder" && manifest.detector.licence != manifest.weights.licence)
  }
}
