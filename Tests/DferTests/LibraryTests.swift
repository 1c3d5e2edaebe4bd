import DferPipelines
import DferTestSupport
import Foundation
import Testing

@testable import Dfer

/// What another package gets of this one.
@Suite struct LibraryTests {
  private func text(_ path: String) throws -> String {
    try String(contentsOf: Shared.root.appendingPathComponent(path), encoding: .utf8)
  }

  /// `make test` builds and runs the example, so what equals it works.
  @Test(arguments: ["README.md", "Sources/Dfer/Dfer.docc/Dfer.md"]) func theExampleIsTheOneThatIsBuilt(page: String)
    throws
  {
    let example = try text("Examples/ReadVideo/Sources/ReadVideo/main.swift")
    #expect(example.split(separator: "\n").count <= 17)
    #expect(try text(page).contains("```swift\n\(example)```\n"))
  }

  @Test func everyPipelineIsAResource() throws {
    let folder = try #require(PipelineResources.folder)
    let source = Shared.root.appendingPathComponent("Pipelines")
    func names(_ folder: URL) throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: folder.path)
        .filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".safetensors") }.sorted()
    }
    #expect(try names(folder) == names(source))
    #expect(Pipeline.bundledNames == ["cross-task-vit", "emotic-mae", "lanmsff", "mtcae-dfer"])
    for name in Pipeline.bundledNames {
      let pipeline = try Pipeline.bundled(name)
      #expect(pipeline.name == name && pipeline.folder.path == folder.path)
    }
    let error = #expect(throws: PipelineError.self) { try Pipeline.bundled("lanmsf") }
    #expect(error?.kind == .unusablePipeline && "\(error as Any)".contains("did you mean 'lanmsff'?"))
  }

  /// The program asks its own installation first, wherever it lies, and does without resources beside it.
  @Test func theProgramAsksItsInstallationFirst() {
    let folders = Installation.pipelineFolders(
      environment: ["DFER_HOME": "/home/dfer"], executable: URL(fileURLWithPath: "/opt/dfer/bin/dfer")
    ).map(\.path)
    #expect(folders.prefix(3) == ["/home/dfer/Pipelines", "/home/dfer", "/opt/dfer/share/dfer/Pipelines"])
    #expect(folders.firstIndex(of: PipelineResources.folder?.path ?? "") == 3)
  }

  /// What a program learns of an error without knowing its type.
  private func failure(_ body: () throws -> Void) -> (any DferError)? {
    do { try body() } catch { return error as? any DferError }
    return nil
  }

  @Test func errorsHaveAKind() throws {
    let models = try LoadedPipeline(.bundled())
    let missing = failure { _ = try AnalysisRun("/no/such.mp4", models: models) }
    #expect(missing?.kind == .unreadableInput && missing?.description == "/no/such.mp4: no such file")
    let closed = failure {
      _ = try OutputFormat.csv.writer(
        to: "/no/such/folder/rows.csv", overwrite: true, layout: models.layout, video: nil)
    }
    #expect(closed?.kind == .outputFailed)
    var wrong = try Pipeline.bundled()
    wrong.models[0].weights = wrong.detectorWeights.path
    #expect(failure { _ = try LoadedPipeline(wrong) }?.kind == .unusablePipeline)
  }

  @Test func aRunTakesALocation() throws {
    let models = try LoadedPipeline(.bundled())
    let run = try AnalysisRun(Shared.root.appendingPathComponent("Samples/no-face.mp4").path, models: models)
    #expect(run.info.codec == "h264" && run.info.isLive == false)
    run.stop()
    while try run.next() != nil {}
    #expect(run.counts.decoded == run.counts.used + run.counts.skipped)
  }
}
