import DferImage
import DferONNX
import DferTensor
import DferTestSupport
import DferTracking
import Foundation
import Testing

@testable import DferModels

/// All our networks as ONNX files: valid for onnx.checker, and the same numbers from ONNX Runtime as from our kernels.
/// Skipped where ONNX Runtime is not there: `$DFER_PYTHON` names a Python that has it.
@Suite(.enabled(if: RuntimeLibrary.path != nil)) struct ONNXExportTests {
  private let runtime: ONNXRuntime

  init() throws { runtime = try ONNXRuntime.find(RuntimeLibrary.path) }

  /// Runs a file with two different inputs at once and expects what our kernels give, to 1e-4 of the largest number.
  private func compare(
    _ model: ONNXModel, _ weights: ParameterStore, input shape: [Int], named name: String,
    _ forward: (Tensor, inout Tape) -> [(String, Value)]
  ) throws {
    let bytes = try model.serialized()
    var random = RandomSource(seed: 5)
    let x = Tensor((0..<shape.reduce(1, *)).map { _ in random.normal() }, shape: shape)
    var tape = Tape(weights)
    let expected = forward(x, &tape)
    let session = try ONNXSession(bytes, path: name, on: .cpu, of: runtime, threads: 2)
    let found = try session.run(x)
    #expect(found.count == expected.count, "\(name)")
    for (output, value) in expected {
      let tensor = try #require(found[output], "\(name): \(output)")
      #expect(tensor.shape == value.tensor.shape, "\(name): \(output)")
      let size = value.tensor.values.map { abs($0) }.max() ?? 0
      let worst = zip(tensor.values, value.tensor.values).map { abs($0 - $1) }.max() ?? .infinity
      #expect(worst <= 1e-4 * max(1, size), "\(name): \(output) is off by \(worst) of \(size)")
    }
    #expect(session.metadata("preprocessing") != nil, "\(name)")
    guard Python.has("onnx") else { return }
    let scratch = try ScratchFolder()
    let file = scratch.file("\(name).onnx")
    try Data(bytes).write(to: file)
    let lines = try Python.read(
      file,
      """
      import onnx, sys
      model = onnx.load(sys.argv[1])
      onnx.checker.check_model(model, full_check=True)
      print(model.opset_import[0].version, model.graph.input[0].type.tensor_type.shape.dim[0].dim_param)
      """)
    #expect(lines == ["17 batch"], "\(name)")
  }

  private func filled(_ store: inout ParameterStore, seed: UInt64 = 3) {
    var random = RandomSource(seed: seed)
    TransformerInitialization.fill(&store, random: &random)
    for parameter in store.parameters where store[parameter].shape.count == 1 {
      store.update(parameter) { for i in $0.values.indices { $0.values[i] += 0.1 * random.normal() } }
    }
  }

  @Test(arguments: ["mtcae-dfer", "mae-dfer encoder", "notebook", "kept tubes"]) func clipNetworks(
    _ form: String
  ) throws {
    let installed = Shared.root.appendingPathComponent("Pipelines/mtcae-dfer.safetensors").path
    var model = try ExpressionModel(weights: installed, keepTubes: form == "kept tubes" ? 0.5 : 1)
    if form == "mae-dfer encoder" || form == "notebook" {
      var card = model.card
      if form == "notebook" {
        card.config.cascade.variant = .notebook
      } else {
        card.config.regionSize = MAEDFERConfig(trunk: card.config.trunk).regionSize
      }
      model = ExpressionModel(card: card) { filled(&$0) }
    }
    let (size, frames) = (model.card.input.imageSize, model.card.input.frames)
    try compare(model.onnx(), model.weights, input: [2, 3, frames, size, size], named: "clips") { clips, tape in
      let output = model.network(clips, kept: model.kept.map { [$0, $0] }, &tape)
      return [
        ("expression", output.expression), ("box", output.box), ("landmark", output.landmark),
        ("blendshape", output.blendshape),
      ].compactMap { name, value in value.map { (name, $0) } }
    }
  }

  @Test(arguments: ImageSystem.allCases) func imageNetworks(_ system: ImageSystem) throws {
    let installed = Shared.root.appendingPathComponent("Pipelines/\(system.rawValue).safetensors").path
    let model =
      FileManager.default.fileExists(atPath: installed)
      ? try ImageModel(weights: installed) : try ImageModel(fresh: system.start, seed: 3)
    let shape = [2, model.card.channels * model.network.viewCount, model.card.imageSize, model.card.imageSize]
    try compare(model.onnx(), model.reader.weights, input: shape, named: system.rawValue) { images, tape in
      let output = model.reader.network(Value(images), &tape)
      return [("expression", output.expression)] + (output.mask.map { [("mask", $0)] } ?? [])
    }
  }

  @Test(arguments: [EmoticMAEConfig.Fusion.none, .mean, .attention]) func otherFusionsOfEmoticMAE(
    _ fusion: EmoticMAEConfig.Fusion
  ) throws {
    var card = ImageSystem.emoticMAE.start
    try card.set(["fusion=\(fusion.rawValue)", "hidden_size=32", "num_hidden_layers=2", "aux_block=1"])
    let model = try ImageModel(fresh: card, seed: 4)
    let shape = [2, 3 * model.network.viewCount, card.imageSize, card.imageSize]
    try compare(model.onnx(), model.reader.weights, input: shape, named: "emotic") { images, tape in
      [("expression", model.reader.network(Value(images), &tape).expression)]
    }
  }

  @Test func detector() throws {
    let model = try FaceDetector(
      weights: Shared.root.appendingPathComponent("Pipelines/face-finder.safetensors").path)
    // Of other sides than those of the trace.
    try compare(model.onnx(), model.weights, input: [2, 3, 96, 160], named: "detector") { images, tape in
      Array(zip(model.outputs.map(\.name), model.predictions(for: images, &tape)))
    }
  }

  @Test func exportedDetectorFindsTheSameFaces() throws {
    let path = Shared.root.appendingPathComponent("Pipelines/face-finder.safetensors").path
    let own = try FaceDetector(weights: path)
    let scratch = try ScratchFolder()
    let file = scratch.file("faces.onnx")
    try Data(try own.onnx().serialized()).write(to: file)
    let other = try ONNXDetector(file.path, form: .dfer, on: .cpu, of: runtime)
    var random = RandomSource(seed: 2)
    var image = Image(width: 150, height: 100)
    for i in image.pixels.indices { image.pixels[i] = UInt8(random.uniform() * 255) }
    let (a, b) = (own.detect(image, threshold: 0.02), other.detect(image, threshold: 0.02))
    #expect(other.failure == nil && a.count == b.count)
    for (x, y) in zip(a, b) { #expect(abs(x.score - y.score) < 1e-4 && x.box.overlap(y.box) > 0.999) }
  }

  /// Our systems computed by ONNX Runtime, whole readings.
  @Test(arguments: ["mtcae-dfer", "lanmsff", "emotic-mae", "cross-task-vit"]) func readingsOfTheRuntime(
    _ name: String
  ) throws {
    let path = Shared.root.appendingPathComponent("Pipelines/\(name).safetensors").path
    let own = try FaceReader(weights: path)
    let other = try RuntimeModel(own, on: .cpu, of: runtime, path: path)
    let info = own.modelInfo
    var random = RandomSource(seed: 9)
    let clips = (0..<2).map { _ in
      (0..<info.clip.frames).map { _ in
        Image(
          width: info.imageSize, height: info.imageSize,
          pixels: (0..<3 * info.imageSize * info.imageSize).map { _ in UInt8(random.uniform() * 255) })
      }
    }
    for (a, b) in zip(try own.read(clips), try other.read(clips, points: [])) {
      #expect(zip(a.probabilities, b.probabilities).allSatisfy { abs($0 - $1) < 1e-4 }, "\(name)")
      #expect(zip(a.landmarks.joined(), b.landmarks.joined()).allSatisfy { abs($0.x - $1.x) < 1e-4 }, "\(name)")
      #expect(a.landmarks.count == b.landmarks.count && a.blendshapes.count == b.blendshapes.count)
    }
  }

  @Test func aProviderThatIsNotThereIsNamed() throws {
    guard !runtime.providers.contains(ONNXRuntime.Device.openvino.provider) else { return }
    let error = #expect(throws: ONNXError.self) { try runtime.check(.openvino) }
    #expect(error?.description.contains("onnxruntime-openvino") == true)
  }
}

@Suite struct ONNXRuntimeTests {
  @Test func absenceGivesTheWayToInstall() {
    let error = #expect(throws: ONNXError.self) { try ONNXRuntime.find("/nowhere/at-all", environment: [:]) }
    #expect(error?.description.contains("pip install onnxruntime") == true)
  }

  @Test func anotherLibraryIsRefused() throws {
    let scratch = try ScratchFolder()
    let file = scratch.file("libonnxruntime.so")
    try Data("no library".utf8).write(to: file)
    #expect(throws: ONNXError.self) { try ONNXRuntime.find(file.path) }
  }
}
