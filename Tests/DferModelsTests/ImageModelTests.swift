import DferImage
import DferTensor
import DferTestSupport
import Foundation
import Testing

@testable import DferModels

/// What all systems for single images have in common.
@Suite struct ImageModelTests {
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("pictures-\(UUID().uuidString)")

  private func write(_ model: ImageModel, changing metadata: [String: String?] = [:]) throws -> String {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    var all = model.card.metadata
    for (key, value) in metadata { all[key] = value }
    let path = folder.appendingPathComponent("\(UUID().uuidString).safetensors").path
    try SafetensorsFile.write(
      tensors: zip(model.weights.names, model.weights.tensors).map { (name: $0, tensor: $1) }, metadata: all, to: path)
    return path
  }

  private func noise(_ side: Int, seed: UInt64) -> Image {
    var random = RandomSource(seed: seed)
    return Image(
      width: side, height: side,
      pixels: (0..<3 * side * side).map { _ in UInt8(truncatingIfNeeded: random.next()) })
  }

  @Test(arguments: ImageSystem.allCases)
  func weightsSayWhichSystemTheyBelongTo(_ system: ImageSystem) throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let model = try ImageModel(fresh: system.start, seed: 3)
    let reader = try FaceReader(weights: write(model))
    let modelInfo = reader.modelInfo
    #expect(modelInfo.system == system.rawValue && modelInfo.labels == ExpressionLabels.names)
    #expect(modelInfo.parameters == model.weights.count && reader.multiplications > 0)
    let clip = (0..<3).map { noise(modelInfo.imageSize, seed: $0) }
    let reading = try #require(try reader.read([clip]).first)
    #expect(abs(reading.probabilities.reduce(0, +) - 1) < 1e-5)
    #expect((reading.maskWorn != nil) == modelInfo.looksForMasks)
  }

  /// A clip is the mean over its images, and a repeated image counts as often as it is there.
  @Test func clipsAreMeans() throws {
    let model = try ImageModel(fresh: ImageSystem.crossTaskViT.start, seed: 3)
    let images = [noise(48, seed: 1), noise(48, seed: 2)]
    let single = model.read(images).map { model.card.probabilities($0.logits) }
    let readings: [ExpressionReading] = model.read([[images[0], images[0], images[0], images[1]]])
    for label in single[0].indices {
      let mean = (3 * single[0][label] + single[1][label]) / 4
      #expect(abs(readings[0].probabilities[label] - mean) < 1e-6)
    }
  }

  @Test func faultsAreNamed() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let model = try ImageModel(fresh: ImageSystem.emoticMAE.start, seed: 3)
    func fault(_ metadata: [String: String?]) throws -> String {
      let path = try write(model, changing: metadata)
      do { _ = try ImageModel(weights: path) } catch { return "\(error)" }
      return ""
    }
    #expect(try fault([:]) == "")
    #expect(try fault(["model": "lanmssf"]).contains("lanmssf is no system for single pictures"))
    #expect(try fault(["model": "lanmsff"]).contains("dropout is missing"))
    #expect(try fault(["model": "lanmsff", "config": #"{"dropout":0.4}"#]).contains("has no place in this model"))
    #expect(try fault(["labels": nil]).contains("its metadata lacks labels"))
    #expect(try fault(["temperature": "0"]).contains("temperature"))
    #expect(try fault(["image_std": "[0.25]"]).contains("not 3 numbers each"))
    #expect(
      try fault(["crop": #"{"side_factor":1e9}"#]).contains("side_factor")
        && fault(["temperature": "1e-300"]).contains("temperature"))
    let odd = model.card.config.replacing(#""patch_size":8"#, with: #""patch_size":7"#)
    #expect(try fault(["config": odd]).contains("patch_size 7 does not divide image_size 48"))
  }

  /// The auxiliary view shows the eyes and the mouth as they are, and nothing else.
  @Test func auxiliaryViewIsBlackBetweenTheParts() {
    let face = noise(60, seed: 9)
    let points = [(0.3, 0.35), (0.7, 0.35), (0.5, 0.55), (0.36, 0.75), (0.64, 0.75)].map { Point(x: $0.0, y: $0.1) }
    let view = face.showing([.eyes, .mouth], around: points)
    func pixel(_ image: Image, _ x: Double, _ y: Double) -> [UInt8] {
      let start = 3 * (Int(y * 60) * 60 + Int(x * 60))
      return Array(image.pixels[start..<start + 3])
    }
    for point in [points[0], points[1], Point(x: 0.5, y: 0.75)] {
      #expect(pixel(view, point.x, point.y) == pixel(face, point.x, point.y))
    }
    for point in [points[2], Point(x: 0.5, y: 0.05), Point(x: 0.02, y: 0.98)] {
      #expect(pixel(view, point.x, point.y) == [0, 0, 0])
    }
    #expect(face.showing([.nose], around: points) != view)
  }

  /// What `--set` takes: JSON, bare words and lists of words.
  @Test func configsAreChangedByKey() throws {
    var card = ImageSystem.emoticMAE.start
    try card.set(["fusion=mean", "parts=eyes,nose", "num_hidden_layers=2", "aux_block=1"])
    let config = try JSONDecoder().decode(EmoticMAEConfig.self, from: Data(card.config.utf8))
    #expect(config.fusion == .mean && config.parts == [.eyes, .nose] && config.numHiddenLayers == 2)
    #expect(throws: ImageConfigError.self) { try card.set(["fusio=mean"]) }
    #expect(throws: ImageConfigError.self) { try card.set(["fusion"]) }
    try card.set(["patch_size=5"])
    #expect(throws: ImageConfigError.self) { try ImageModel(fresh: card, seed: 1) }
  }

  @Test(.enabled(if: Shared.hasWeights, "no weights at $DFER_SHARED/weights or ../shared/weights"))
  func aStemStartsFromTheStillNetwork() throws {
    let still = try ImageClassifier(weights: ImageClassifierTests.path)
    for system in [ImageSystem.crossTaskViT, .emoticMAE] {
      let fresh = try ImageModel(fresh: system.start, seed: 3)
      let started = try #require(fresh.starting(from: still))
      let path = try #require(fresh.network.stem?.path) + "."
      for (index, name) in fresh.weights.names.enumerated() {
        #expect((fresh.weights.tensors[index] != started.weights.tensors[index]) == name.hasPrefix(path), "\(name)")
      }
    }
    #expect(try ImageModel(fresh: ImageSystem.lanmsff.start, seed: 3).starting(from: still) == nil)
    var card = ImageSystem.crossTaskViT.start
    try card.set(["stem_widths=[8,16,24,32]"])
    #expect(try ImageModel(fresh: card, seed: 3).starting(from: still) == nil)
  }
}
