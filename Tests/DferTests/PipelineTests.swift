import DferTestSupport
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
    finder: { weights: f.safetensors }
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
      #expect(FileManager.default.fileExists(atPath: pipeline.finderWeights.path))
    }
  }

  @Test func defaultsFillWhatIsLeftOut() throws {
    let pipeline = try read(smallest)
    #expect(pipeline.finder.longSide == 320)
    #expect(pipeline.clip.hop == nil)
    #expect(pipeline.modelWeights.path == "/tmp/m.safetensors")
  }

  @Test(arguments: [
    ("clips: { hop: 1 }", "p.yaml:5: unknown key 'clips' (did you mean 'clip'?)"),
    ("clip: { hopp: 1 }", "p.yaml:5: unknown key 'hopp' (did you mean 'hop'?)"),
    ("clip: { hop: soon }", "p.yaml:5: 'clip.hop' must be a number from 0.04 to 60.0"),
    ("clip: 3", "p.yaml:5: 'clip.' must be a mapping of keys"),
    ("colour: red", "p.yaml:5: unknown key 'colour'"),
  ])
  func mistakesAreNamedWithTheirLine(line: String, message: String) {
    #expect(performing: { try read(smallest + line) }, throws: { "\($0)" == message })
  }

  @Test func missingAndForeignFilesAreRefused() {
    #expect(throws: PipelineError.missingKey(path: "p.yaml", key: "model")) {
      try read("schema: 1\nname: a\nfinder: { weights: f }\n")
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
