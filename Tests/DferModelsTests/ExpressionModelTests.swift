import DferImage
import DferTensor
import DferTestSupport
import Foundation
import Testing

@testable import DferModels

@Suite struct ExpressionModelTests {
  /// The network that the golden numbers are of: the first version.
  static let weights = Shared.folder.appendingPathComponent("weights/mtcae-dfer.safetensors").path
  static let installed = Shared.root.appendingPathComponent("Pipelines/mtcae-dfer.safetensors").path
  static let golden = Shared.golden.appendingPathComponent("mtcae_default.safetensors").path

  private func clips(_ file: SafetensorsFile) throws -> [[Image]] {
    let bytes = try file.bytes("in/clip_u8")
    let shape = try #require(file.shape(of: "in/clip_u8"))
    let size = shape[2] * shape[3] * 3
    return (0..<shape[0]).map { clip in
      (0..<shape[1]).map { frame in
        let start = (clip * shape[1] + frame) * size
        return Image(width: shape[3], height: shape[2], pixels: Array(bytes[start..<start + size]))
      }
    }
  }

  /// The file's own rule: max|x - ref| <= 0.001 * max(1, max|ref|).
  private func expectClose(_ found: [Float], _ file: SafetensorsFile, _ name: String) throws {
    let expected = try file.tensor(name).values
    #expect(found.count == expected.count, "\(name)")
    let worst = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
    #expect(worst <= 0.001 * max(1, expected.map { abs($0) }.max() ?? 0), "\(name): off by \(worst)")
  }

  @Test(.enabled(if: Shared.hasWeights, "no weights at $DFER_SHARED/weights or ../shared/weights"))
  func theDefaultNetworkReadsItsGoldenClips() throws {
    let file = try SafetensorsFile(path: Self.golden)
    let model = try ExpressionModel(weights: Self.weights)
    let readings = model.read(try clips(file))
    #expect(readings.count == file.shape(of: "in/clip_u8")?[0])
    try expectClose(readings.flatMap(\.logits), file, "out/logits")
    try expectClose(readings.flatMap(\.probabilities), file, "out/probabilities")
    try expectClose(readings.flatMap(\.blendshapes), file, "out/blendshape")
    try expectClose(
      readings.flatMap { $0.boxes.flatMap { [$0.centre.x, $0.centre.y, $0.width, $0.height].map { Float($0) } } }, file,
      "out/box")
    try expectClose(
      readings.flatMap { $0.landmarks.flatMap { $0.flatMap { [Float($0.x), Float($0.y)] } } }, file, "out/landmark")
    #expect(readings.allSatisfy { $0.boxes.count == $0.landmarks.count && $0.boxes.count == model.card.clip.frames })
    #expect(model.read([]).isEmpty)
  }

  @Test(.enabled(if: Shared.hasWeights, "no weights at $DFER_SHARED/weights or ../shared/weights"))
  func everyStageOfTheDefaultNetworkMatches() throws {
    let file = try SafetensorsFile(path: Self.golden)
    let weights = try SafetensorsFile(path: Self.weights)
    let card = try ModelCard(weights)
    var store = ParameterStore()
    let model = MTCAE(card.config, in: &store)
    try store.load(weights)
    let clips = card.input.tensor(try clips(file))
    var tape = Tape(store)
    func mean(_ x: Value, _ name: String, _ tape: inout Tape) throws {
      try expectClose(tape.meanOfTokens(x).tensor.values, file, "mid/\(name).mean")
    }
    func firstTokens(_ x: Value, _ name: String, _ tape: inout Tape) throws {
      try expectClose(tape.slice(x, 0..<4).tensor.values, file, "mid/\(name).tokens_0_3")
    }
    guard case .joint(let encoder) = model.encoder else { preconditionFailure("joint attention by default") }
    try firstTokens(encoder.embedding.patches(Value(clips), &tape), "patch_embed", &tape)
    var x = encoder.embedding(clips, kept: nil, &tape)
    try firstTokens(x, "with_position", &tape)
    for (i, block) in encoder.blocks.enumerated() {
      x = block(x, &tape)
      if i == 0 || i == 9 { try mean(x, "encoder.blocks.\(i)", &tape) }
    }
    let norm = try #require(encoder.norm)
    x = norm(x, &tape)
    try mean(x, "encoder.norm", &tape)
    try firstTokens(x, "encoder.norm", &tape)
    let memories = model.cascade.memories(x, &tape)
    var state = memories[0]
    for (i, task) in Cascade.tasks.enumerated() {
      try mean(memories[i], "projections.\(task)", &tape)
      state = model.cascade.decoders[i](state, over: memories[i], &tape)
      try mean(state, "decoders.\(task)", &tape)
    }
  }

  @Test func keepingEveryTokenChangesNothing() throws {
    let golden = try GoldenFile("mtcae.safetensors")
    let config = try golden.config(MTCAEConfig.self)
    var store = ParameterStore()
    let model = MTCAE(config, in: &store)
    try golden.load(&store)
    let clips = golden("in/pixel_values")
    var tape = Tape(store)
    let all = [[Int]](repeating: Array(0..<config.trunk.tokens), count: clips.shape[0])
    #expect(model(clips, kept: all, &tape).expression.tensor == model(clips, &tape).expression.tensor)
  }

  @Test(.enabled(if: Shared.hasWeights, "no weights at $DFER_SHARED/weights or ../shared/weights"))
  func fewerTubesStayClose() throws {
    let file = try SafetensorsFile(path: Self.golden)
    let whole = try ExpressionModel(weights: Self.weights)
    let half = try ExpressionModel(weights: Self.weights, keepTubes: 0.5)
    let clip = [try clips(file)[0]]
    let (a, b) = (whole.read(clip)[0], half.read(clip)[0])
    #expect(b.boxes.count == a.boxes.count)
    #expect(zip(a.boxes, b.boxes).allSatisfy { $0.overlap($1) > 0.7 })
    #expect(abs(b.probabilities.reduce(0, +) - 1) < 1e-5)
  }

  @Test func keptTubesAreSpreadAndTheSameAtEveryTemporalIndex() throws {
    let config = try ExpressionModel(weights: Self.installed).card.config
    let kept = ExpressionModel.tubes(share: 0.5, of: config)
    let tubes = config.trunk.tokens / config.trunk.temporalSize
    let side = config.trunk.imageSize / config.trunk.patchSize
    let half = (tubes + 1) / 2
    #expect(kept.count == half * config.trunk.temporalSize && tubes == side * side)
    #expect(kept == kept.sorted())
    #expect(Set(kept.map { $0 % tubes }).count == half)
    // Between a quarter and three quarters of each row and column.
    let fair = side / 4...side - side / 4
    for line in 0..<side {
      #expect(fair.contains(kept.prefix(half).filter { $0 / side == line }.count))
      #expect(fair.contains(kept.prefix(half).filter { $0 % side == line }.count))
    }
    #expect(ExpressionModel.tubes(share: 0, of: config).count == config.trunk.temporalSize)
  }

  @Test func theCardTellsWhatTheFileSays() throws {
    let file = try SafetensorsFile(path: Self.installed)
    let card = try ModelCard(file)
    #expect(card.model == "mtcae-dfer")
    #expect(card.labels == ExpressionLabels.names)
    #expect(card.temperature == Double(try #require(file.metadata["temperature"])))
    #expect(card.crop.sideFactor == 1.3)
    #expect(card.clip.frames == 16 && card.clip.hopSeconds == 0.8)
    #expect(card.blendshapes.count == 52)
    #expect(card.config.numLandmarks == 5)
    #expect(card.input.imageSize == card.config.trunk.imageSize)
  }

  @Test func aCardSurvivesBeingWritten() throws {
    let card = try ModelCard(SafetensorsFile(path: Self.installed))
    let path = NSTemporaryDirectory() + "/\(UUID().uuidString).safetensors"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try SafetensorsFile.write(tensors: [], metadata: card.metadata, to: path)
    #expect(try ModelCard(SafetensorsFile(path: path)) == card)
    // The card alone describes a network that this file cannot fill.
    let error = #expect(throws: CheckpointError.self) { try ExpressionModel(weights: path) }
    #expect(error?.description.contains("larger network") == true)
  }

  @Test func faultyCardsAreRefusedInOneMessage() throws {
    let metadata = try SafetensorsFile(path: Self.installed).metadata
    func refusal(_ change: (inout [String: String]) -> Void) throws -> [String] {
      let path = NSTemporaryDirectory() + "/\(UUID().uuidString).safetensors"
      defer { try? FileManager.default.removeItem(atPath: path) }
      var metadata = metadata
      change(&metadata)
      try SafetensorsFile.write(tensors: [], metadata: metadata, to: path)
      let error = #expect(throws: CheckpointError.self) { try ModelCard(SafetensorsFile(path: path)) }
      return error?.reasons ?? []
    }
    #expect(try refusal { $0 = [:] }.first?.contains("lacks dfer_format, model, version, date, config") == true)
    #expect(try refusal { $0["labels"] = nil } == ["not a weight file of dfer: its metadata lacks labels"])
    #expect(try refusal { $0["model"] = "lanmsff" } == ["weights of lanmsff; those of mtcae-dfer are needed here"])
    #expect(try refusal { $0["dfer_format"] = "2" }.first?.hasPrefix("made by a newer dfer") == true)
    let faults = try refusal {
      $0["labels"] = #"["a", "a"]"#
      $0["temperature"] = "0"
      $0["image_std"] = "[0, 1, 1]"
    }
    #expect(faults.count == 4)
    #expect(try refusal { $0["config"] = "{" } == ["metadata config: not valid JSON"])
    // Numbers that would make endless clips, crops larger than memory, or infinities.
    func clip(_ span: String, _ hop: String, _ rate: String = "[8,10]") -> String {
      "{\"frames\":16,\"span_seconds\":\(span),\"hop_seconds\":\(hop),\"frames_per_second\":\(rate)}"
    }
    for (key, value) in [
      ("clip", clip("[0,0]", "0.8")), ("clip", clip("[-1,2]", "0.8")), ("clip", clip("[1e-9,1e9]", "0.8")),
      ("clip", clip("[2,1]", "0.8")),
      ("clip", clip("[1]", "0.8")), ("clip", clip("[1,2]", "1e300")), ("clip", clip("[1,2]", "-1")),
      ("clip", clip("[1,2]", "0.8", "[0,1e9]")),
      ("crop", #"{"side_factor":1e9}"#), ("crop", #"{"side_factor":1e300}"#), ("crop", #"{"side_factor":-1}"#),
      ("temperature", "nan"),
      ("temperature", "inf"), ("temperature", "1e-300"), ("image_std", "[1e-38,1,1]"), ("image_mean", "[1e30,0,0]"),
    ] {
      #expect(try refusal { $0[key] = value }.contains { $0.hasPrefix("metadata \(key)") }, "\(key) \(value)")
    }
  }
}
