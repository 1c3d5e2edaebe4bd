import DferTestSupport
import DferTimeline
import Foundation
import Testing

@testable import Dfer

@Suite struct PipelineTests {
  private func read(_ yaml: String) throws -> Pipeline {
    try Pipeline(yaml: yaml, path: "p.yaml", folder: URL(fileURLWithPath: "/tmp"))
  }

  private let smallest = """
    schema: 1
    name: mine
    detector: { weights: f.safetensors }
    model: { weights: m.safetensors }

    """

  @Test func everyInstalledPipelineIsRead() throws {
    let folder = Shared.root.appendingPathComponent("Pipelines")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".yaml") }
    #expect(!names.isEmpty)
    for name in names {
      let pipeline = try Pipeline(contentsOf: folder.appendingPathComponent(name))
      #expect(pipeline.name + ".yaml" == name)
      #expect(FileManager.default.fileExists(atPath: pipeline.modelWeights.path))
      #expect(FileManager.default.fileExists(atPath: pipeline.detectorWeights.path))
    }
  }

  @Test func defaultsFillWhatIsLeftOut() throws {
    let pipeline = try read(smallest)
    #expect(pipeline.detector.longSide == 320)
    #expect(pipeline.clip.hop == nil)
    #expect(pipeline.modelWeights.path == "/tmp/m.safetensors")
    let elsewhere = try read(smallest.replacing("m.safetensors", with: "/weights/m.safetensors"))
    #expect(elsewhere.modelWeights.path == "/weights/m.safetensors")
  }

  @Test(arguments: [
    ("clips: { hop: 1 }", "p.yaml:5: unknown key 'clips' (did you mean 'clip'?)"),
    ("clip: { hopp: 1 }", "p.yaml:5: unknown key 'hopp' (did you mean 'hop'?)"),
    ("clip: { hop: soon }", "p.yaml:5: 'clip.hop' must be a number from 0.04 to 60.0"),
    ("clip: { hop: .inf }", "p.yaml:5: 'clip.hop' must be a number from 0.04 to 60.0"),
    ("clip: { span: nan }", "p.yaml:5: 'clip.span' must be a number from 0.1 to 60.0"),
    ("clip: { span: 1:30:00 }", "p.yaml:5: 'clip.span' must be a number from 0.1 to 60.0"),
    ("clip: 3", "p.yaml:5: 'clip.' must be a mapping of keys"),
    ("colour: red", "p.yaml:5: unknown key 'colour'"),
  ])
  func mistakesAreNamedWithTheirLine(line: String, message: String) {
    #expect(performing: { try read(smallest + line) }, throws: { "\($0)" == message })
  }

  @Test(arguments: ["9999999999999999:59:59", "1:30:00", "1e3", "99999999999999999999", "320.5", "0x140", "9000"])
  func wholeNumbersAreNoClocks(value: String) {
    let yaml = smallest.replacing("f.safetensors", with: "f.safetensors, long_side: \(value)")
    #expect(performing: { try read(yaml) }, throws: { "\($0)".contains("long_side' must be a whole number") })
  }

  @Test func weightsOfAnotherSystemAreRefused() throws {
    let folder = Shared.root.appendingPathComponent("Pipelines")
    #expect(
      performing: {
        try read("schema: 1\nname: a\ndetector: { weights: f }\nmodel: { system: lanmsf, weights: m }\n")
      },
      throws: {
        "\($0)" == "p.yaml:4: 'model.system' must be one of mtcae-dfer, lanmsff, cross-task-vit, emotic-mae, vit, "
          + "videomae, mae-dfer, onnx; did you mean 'lanmsff'?"
      })
    var pipeline = try Pipeline(contentsOf: folder.appendingPathComponent("mtcae-dfer.yaml"))
    pipeline.models[0].system = "lanmsff"
    #expect(
      throws: PipelineError.wrongWeights(
        pipeline: "mtcae-dfer", path: pipeline.modelWeights.path, expected: "lanmsff", found: "mtcae-dfer")
    ) { try LoadedPipeline(pipeline) }
    #expect(
      "\(PipelineError.notFound(name: "mtcae-dferr", looked: [], available: ["mtcae-dfer"]))"
        == "no pipeline named 'mtcae-dferr' (did you mean 'mtcae-dfer'?)")
  }

  /// The order stays, certainty goes.
  @Test func masksLowerConfidence() {
    var row = ClipResult(clip: 0, startSeconds: 0, endSeconds: 1, status: .ok)
    (row.probabilities, row.detectorMaskProbability) = ([0.9, 0.08, 0.02], 0.05)
    row.allowForMask()
    #expect(row.probabilities == [0.9, 0.08, 0.02])
    row.detectorMaskProbability = 0.95
    row.allowForMask()
    #expect(row.probabilities[0] < 0.65 && row.probabilities[0] > row.probabilities[1])
    #expect(row.probabilities[1] > row.probabilities[2] && abs(row.probabilities.reduce(0, +) - 1) < 1e-6)
  }

  /// `finder` is what 0.1 called the detector.
  @Test func theOldNameOfTheDetectorIsReadWithAWarning() throws {
    #expect(try read(smallest).warnings.isEmpty)
    let old = try read(smallest.replacing("detector:", with: "finder:"))
    #expect(old.detector.weights == "f.safetensors")
    #expect(old.warnings == ["p.yaml:3: 'finder' is 'detector' since dfer 0.2; 0.3 will not know it"])
    #expect(
      performing: { try read(smallest + "finder: { weights: g.safetensors }\n") },
      throws: { "\($0)".hasPrefix("p.yaml:5: 'finder' must be left out: it is the old name of 'detector'") })
  }

  @Test func missingAndForeignFilesAreRefused() {
    #expect(throws: PipelineError.missingKey(path: "p.yaml", key: "model")) {
      try read("schema: 1\nname: a\ndetector: { weights: f }\n")
    }
    #expect(throws: PipelineError.self) { try read("schema: 2\nname: a\n") }
    #expect(throws: PipelineError.self) { try read("") }
    #expect(throws: PipelineError.self) { try read("[1, 2]") }
    #expect(throws: PipelineError.self) { try read("a: [") }
    #expect(throws: PipelineError.self) { try Installation.pipeline("no-such-pipeline") }
    #expect(throws: PipelineError.self) { try Installation.pipeline("./no/such.yaml") }
  }

  @Test func nearestNamesAreNear() {
    #expect(nearestName(to: "mtcae", among: ["mtcae-dfer", "lanmsff"]) == nil)
    #expect(nearestName(to: "mtcae-dferr", among: ["mtcae-dfer", "lanmsff"]) == "mtcae-dfer")
    #expect(editDistance("kitten", "sitting") == 3)
    #expect(editDistance("", "abc") == 3)
  }
}
