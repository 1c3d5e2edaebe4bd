import DferImage
import DferModels
import DferTestSupport
import DferVideo
import Foundation
import Testing

@testable import Dfer

@Suite struct ModelRegistryTests {
  private let scratch: ScratchFolder
  private let registry: ModelRegistry
  private let weights = Shared.root.appendingPathComponent("Pipelines/lanmsff.safetensors")

  init() throws {
    scratch = try ScratchFolder()
    registry = ModelRegistry(folder: scratch.file("models"))
  }

  @Test func addedVerifiedRemoved() throws {
    #expect(try registry.entries().isEmpty)
    let entry = try registry.add(ModelRegistry.Addition(file: weights, name: "mine"), overwrite: false)
    #expect(entry.pipeline.models[0].sha256 == (try SHA256.hex(ofFile: weights.path)))
    #expect(entry.pipeline.models[0].licence?.isEmpty == false && registry.fault(of: entry) == nil)
    #expect(try entry.pipeline.reader().modelInfo.system == "lanmsff")
    #expect(
      performing: { try registry.add(.init(file: weights, name: "mine"), overwrite: false) },
      throws: { "\($0)".contains("--overwrite") })
    #expect(try registry.entries().map(\.pipeline.name) == ["mine"])

    // Another file under the same name is not loaded.
    let copy = entry.pipeline.modelWeights
    try FileManager.default.removeItem(at: copy)
    try FileManager.default.copyItem(
      at: Shared.root.appendingPathComponent("Pipelines/emotic-mae.safetensors"), to: copy)
    #expect(throws: PipelineError.self) { try entry.pipeline.reader() }
    #expect("\(try #require(registry.fault(of: entry)))".contains("SHA-256 mismatch"))

    #expect(try registry.remove("mine").count == 2)
    #expect(try registry.entries().isEmpty && !FileManager.default.fileExists(atPath: copy.path))
    #expect(throws: PipelineError.self) { try registry.remove("mine") }
  }

  @Test func anotherLicenceIsRefused() throws {
    let entry = try registry.add(ModelRegistry.Addition(file: weights, name: "mine"), overwrite: false)
    var pipeline = entry.pipeline
    pipeline.models[0].licence = "MIT"
    #expect(performing: { try pipeline.reader() }, throws: { "\($0)".contains("its licence is") })
    #expect(performing: { try pipeline.checkFiles() }, throws: { "\($0)".contains("its licence is") })
  }

  @Test func additionsThatCannotBeUsedLeaveNothing() throws {
    let onnx = scratch.file("net.onnx")
    try Data([1, 2, 3]).write(to: onnx)
    let card = "labels: [a, b]\ninput: {size: 32}"
    func add(_ change: (inout ModelRegistry.Addition) -> Void) throws {
      var addition = ModelRegistry.Addition(file: onnx, name: "net")
      (addition.card, addition.licence) = (card, "MIT")
      change(&addition)
      _ = try registry.add(addition, overwrite: false)
    }
    for (change, words) in [
      ({ $0.card = "" }, "--preset or --card"), ({ $0.licence = nil }, "--licence"),
      ({ $0.name = "../net" }, "a name of letters"), ({ $0.name = "" }, "a name of letters"),
      ({ $0.sha256 = String(repeating: "0", count: 64) }, "SHA-256 mismatch"),
      ({ $0.card = "labels: [a, b]\ninput: {siz: 32}" }, "unknown key 'siz'"),
      ({ $0.card = "labels: [a, b]" }, "'model.input' is missing"),
    ] as [((inout ModelRegistry.Addition) -> Void, String)] {
      #expect("\(words)", performing: { try add(change) }, throws: { "\($0)".contains(words) })
    }
    #expect(!FileManager.default.fileExists(atPath: registry.folder.path))
    try add { _ in }
    #expect(try registry.entries()[0].pipeline.models[0].onnx?.labels == ["a", "b"])
  }

  @Test func everyPresetIsAPipeline() throws {
    for preset in ModelPreset.all {
      let file = scratch.file(preset.file)
      try Data([0]).write(to: file)
      var addition = ModelRegistry.Addition(file: file, name: preset.name)
      (addition.card, addition.about) = (preset.card, preset.about)
      let entry = try registry.add(addition, overwrite: false)
      let model = entry.pipeline.models[0]
      #expect(model.licence == preset.licence && model.onnx?.faults.isEmpty == true, "\(preset.name)")
    }
    #expect(Set(ModelPreset.all.map(\.name)).count == ModelPreset.all.count)
  }

  @Test func ensemblesAverage() throws {
    let folder = Shared.root.appendingPathComponent("Pipelines")
    func pipeline(_ models: String) throws -> Pipeline {
      try Pipeline(yaml: "schema: 1\nname: both\n\(models)\n", path: "both.yaml", folder: folder)
    }
    let both = try pipeline(
      "models:\n  - {weights: lanmsff.safetensors, weight: 3}\n  - {weights: mtcae-dfer.safetensors}")
    let loaded = try LoadedPipeline(both, landmarks: true)
    #expect(loaded.modelInfo.system == "ensemble" && loaded.modelInfo.clip.frames == 16)
    let side = loaded.modelInfo.imageSize
    let frames = paintedFrames(16).map { $0.crop(Rect(x: 40, y: 20, width: 80, height: 80), side: side) }
    let reading = try #require(try loaded.reader.read([frames], points: []).first)
    guard case .classifier(let ensemble as EnsembleClassifier) = loaded.reader else {
      Issue.record("no ensemble")
      return
    }
    let infos = ensemble.members.map(\.reader.modelInfo)
    #expect(infos.map(\.crop.sideFactor).max() == loaded.modelInfo.crop.sideFactor)
    var mean = [Float](repeating: 0, count: 8)
    for (member, weight) in zip(ensemble.members, [0.75, 0.25] as [Float]) {
      let info = member.reader.modelInfo
      let part = info.crop.sideFactor / loaded.modelInfo.crop.sideFactor
      let edge = Double(side) * (1 - part) / 2
      let area = Rect(x: edge, y: edge, width: Double(side) * part, height: Double(side) * part)
      let crops = frames.map { $0.resampled(area, width: info.imageSize, height: info.imageSize) }
      let own = try #require(try member.reader.read([crops]).first)
      for label in 0..<8 { mean[label] += weight * own.probabilities[label] }
    }
    for label in 0..<8 { #expect(abs(mean[label] - reading.probabilities[label]) < 1e-4) }
    #expect(reading.landmarks.count == 16 && loaded.modelInfo.givesLandmarks)

    #expect(performing: { try pipeline("models: [{weights: a}]") }, throws: { "\($0)".contains("two or more") })
    #expect(
      performing: { try pipeline("model: {weights: a}\nmodels: [{weights: a}, {weights: b}]") },
      throws: { "\($0)".contains("in the place of") })
  }
}
