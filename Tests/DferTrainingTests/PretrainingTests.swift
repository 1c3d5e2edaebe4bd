import DferImage
import DferTensor
import DferTestSupport
import Foundation
import Testing

@testable import DferModels
@testable import DferTraining

@Suite struct PretrainingTests {
  private let toy: Toy
  private let clips: LabelledSet
  init() throws {
    toy = try Toy()
    clips = Self.moving(12)
  }

  /// A bright bar on a gradient: what is hidden follows from what is seen.
  static func moving(_ count: Int) -> LabelledSet {
    let clips = (0..<count).map { index in
      let images = (0..<8).map { time -> Image in
        var image = Image(width: 24, height: 24)
        for y in 0..<24 {
          for x in 0..<24 {
            let isBar = abs(x - (6 + index % 6 + time)) < 3
            let value = UInt8(isBar ? 220 : 40 + 3 * y)
            for colour in 0..<3 { image.pixels[3 * (24 * y + x) + colour] = value }
          }
        }
        return image
      }
      let box = Rect(x: 3, y: 3, width: 18, height: 18)
      return LabelledClip(
        name: "clip \(index)", images: images, boxes: images.map { _ in box }, boxesAreLabels: false, points: [],
        votes: [])
    }
    return LabelledSet(labels: [], clips: clips)
  }

  /// Light falls from above or from a side. Who says the same of every clip is wrong in three quarters of it; who looks
  /// at the visible patches need not be.
  static func lit(_ count: Int) -> LabelledSet {
    let clips = (0..<count).map { index in
      var image = Image(width: 24, height: 24)
      for y in 0..<24 {
        for x in 0..<24 {
          let value = UInt8(20 + 9 * (index.isMultiple(of: 2) ? y : x))
          for colour in 0..<3 { image.pixels[3 * (24 * y + x) + colour] = value }
        }
      }
      let box = Rect(x: 3, y: 3, width: 18, height: 18)
      return LabelledClip(
        name: "clip \(index)", images: [image, image], boxes: [box, box], boxesAreLabels: false, points: [], votes: [])
    }
    return LabelledSet(labels: [], clips: clips)
  }

  private func settings(_ steps: Int, _ variant: PretrainingSettings.Variant = .videoMAE) -> PretrainingSettings {
    var settings = PretrainingSettings()
    (settings.steps, settings.batch, settings.warmupSteps, settings.rate) = (steps, 8, 2, 3e-3)
    (settings.variant, settings.ratio, settings.evaluationInterval, settings.decoderBlocks) = (variant, 0.5, 5, 1)
    (settings.clipShare, settings.augmentationStrength) = (0.5, 0.2)
    return settings
  }

  private static func grid(_ side: Int) -> VideoMAEConfig {
    VideoMAEConfig(
      imageSize: side, patchSize: 1, numFrames: 4, tubeletSize: 2, hiddenSize: 8, numHiddenLayers: 1,
      numAttentionHeads: 1)
  }

  private func task(_ settings: PretrainingSettings, on set: LabelledSet? = nil) throws -> Pretraining {
    let set = set ?? clips
    return settings.variant == .imageMAE
      ? try Pretraining(Self.images(), settings, on: set) : try Pretraining(toy.model, settings, on: set)
  }

  /// A network for single images, of 16 x 16 pixels unless `stem` adds one.
  static func images(stem: Bool = false) throws -> ImageModel {
    var card = ImageSystem.emoticMAE.start
    card.imageSize = 16
    card.set(
      EmoticMAEConfig(
        imageSize: 16, patchSize: 4, hiddenSize: 16, numHiddenLayers: 2, numAttentionHeads: 2, mlpRatio: 2, auxBlock: 1,
        fusionHeads: 2, stemWidths: stem ? [4, 6, 8] : nil))
    return try ImageModel(fresh: card, seed: 1)
  }

  @Test func masksHideTheSameTubesAtEveryTemporalIndex() {
    var random = RandomSource(seed: 1)
    let mask = TubeMask(Self.grid(14).windows(of: nil), ratio: 0.9)
    let visible = mask.visible(temporalSize: 8, random: &random)
    #expect(visible.count == 160 && visible == visible.sorted())
    let first = visible.prefix(20)
    for temporalIndex in 0..<8 {
      #expect(visible[temporalIndex * 20..<temporalIndex * 20 + 20].map { $0 - temporalIndex * 196 } == Array(first))
    }
    #expect(mask.visible(temporalSize: 8, random: &random) != visible)
    // Windows of 5 x 10: five positions of each half stay.
    let windows = TubeMask(Self.grid(10).windows(of: [2, 5, 10]), ratio: 0.9).visible(temporalSize: 8, random: &random)
    #expect(windows.count == 80 && windows.prefix(10).count { $0 < 50 } == 5)
    for ratio in [0.001, 0.999] {
      let count = TubeMask(Self.grid(2).windows(of: nil), ratio: ratio).visible(temporalSize: 1, random: &random).count
      #expect((1...3).contains(count))
    }
  }

  @Test func hiddenPixelsAreGreyForAStem() {
    let config = VideoMAEConfig(
      imageSize: 8, patchSize: 4, numFrames: 4, tubeletSize: 2, hiddenSize: 8, numHiddenLayers: 1, numAttentionHeads: 1)
    let clips = Tensor([Float](repeating: 1, count: 3 * 4 * 64), shape: [1, 3, 4, 8, 8])
    // Temporal index 0 shows its first patch, temporal index 1 its last.
    let shown = clips.hiding(allBut: [[0, 7]], config)
    let planes = (0..<12).map { Array(shown.values[64 * $0..<64 * ($0 + 1)]) }
    for plane in planes { #expect(plane.reduce(0, +) == 16) }
    #expect(planes[0][0] == 1 && planes[0][63] == 0)
    #expect(planes[3][0] == 0 && planes[3][63] == 1)
  }

  @Test(arguments: PretrainingSettings.Variant.allCases) func theLossFalls(_ variant: PretrainingSettings.Variant)
    throws
  {
    var settings = settings(150, variant)
    (settings.rate, settings.augmentationStrength) = (8e-3, 0)
    var trainer = TrainingLoop(try task(settings, on: Self.lit(6)))
    let losses = try (0..<150).map { _ in try trainer.step().loss }
    let (start, end) = (losses.prefix(5).reduce(0, +) / 5, losses.suffix(5).reduce(0, +) / 5)
    #expect(end < 0.4 * start, "\(start) -> \(end)")
  }

  @Test func aStemNetworkAndStillsLearnToo() throws {
    let stills = LabelledSet(labels: [], clips: clips.clips.map { $0.still(2) })
    var settings = settings(40)
    settings.clipShare = 0
    var trainer = TrainingLoop(try Pretraining(ExpressionModel(fresh: .tiny, seed: 1), settings, on: stills))
    let losses = try (0..<40).map { _ in try trainer.step().loss }
    let (start, end) = (losses.prefix(5).reduce(0, +) / 5, losses.suffix(5).reduce(0, +) / 5)
    #expect(end < 0.85 * start, "\(start) -> \(end)")
  }

  @Test(arguments: PretrainingSettings.Variant.allCases)
  func aStoppedRunGoesOnAsIfItHadNot(_ variant: PretrainingSettings.Variant) throws {
    let (whole, parts) = (toy.folder.file("whole"), toy.folder.file("parts"))
    func run(_ folder: URL, steps: Int = 8, resumes: Bool = false) throws -> TrainingLoop<Pretraining> {
      try TrainingLoop(task(settings(steps, variant)), folder: folder, resumes: resumes)
    }
    var straight = try run(whole)
    #expect(try straight.run { _ in true })
    var first = try run(parts)
    #expect(
      try !first.run { event in
        if case .step(let report) = event { return report.step < 3 }
        return true
      })
    #expect(throws: CheckpointError.self) { _ = try run(parts) }
    #expect(throws: CheckpointError.self) { _ = try run(parts, steps: 9, resumes: true) }
    var second = try run(parts, resumes: true)
    #expect(try second.run { _ in true })
    #expect(second.state == straight.state)
    let encoders = [straight, second].map { FileManager.default.contents(atPath: $0.file(Pretraining.encoder)) }
    #expect(encoders[0] != nil && encoders[0] == encoders[1])
    let log = try String(contentsOf: parts.appendingPathComponent("log.csv"), encoding: .utf8)
    #expect(log.split(separator: "\n").count == 9)
    #expect(FileManager.default.fileExists(atPath: parts.appendingPathComponent("rebuilt-000008.png").path))
  }

  @Test func anEncoderStartsATraining() throws {
    let folder = toy.folder.file("encoder")
    var run = try TrainingLoop(task(settings(5)), folder: folder, resumes: false)
    try run.run { _ in true }
    let started = try toy.model.starting(fromEncoder: run.file(Pretraining.encoder))
    let pairs = Array(zip(started.weights.names, zip(started.weights.tensors, toy.model.weights.tensors)))
    #expect(pairs.filter { $0.0 == "encoder.blocks.0.mlp.fc1.weight" }.allSatisfy { $0.1.0 != $0.1.1 })
    #expect(pairs.filter { !$0.0.hasPrefix("encoder.") }.allSatisfy { $0.1.0 == $0.1.1 })
    #expect(throws: CheckpointError.self) {
      _ = try ExpressionModel(fresh: .tiny, seed: 1).starting(fromEncoder: run.file(Pretraining.encoder))
    }
  }

  @Test func anEncoderOfImagesStartsATraining() throws {
    let (model, folder) = (try Self.images(stem: true), toy.folder.file("pictures"))
    var run = try TrainingLoop(Pretraining(model, settings(5, .imageMAE), on: clips), folder: folder, resumes: false)
    try run.run { _ in true }
    let started = try model.starting(fromEncoder: run.file(Pretraining.encoder))
    let pairs = Array(zip(started.weights.names, zip(started.weights.tensors, model.weights.tensors)))
    for name in ["stem.conv.weight", "patch_embed.proj.weight", "cls_token", "blocks.1.mlp.fc2.weight"] {
      #expect(pairs.contains { $0.0 == name && $0.1.0 != $0.1.1 }, "\(name)")
    }
    for name in ["fc_norm.weight", "fusion.attn.q.weight"] {
      #expect(pairs.contains { $0.0 == name && $0.1.0 == $0.1.1 }, "\(name)")
    }
    let names = try SafetensorsFile(path: run.file(Pretraining.encoder)).metadata["config"] ?? ""
    #expect(names.contains("\"stem_widths\":[4,6,8]"))
    #expect(throws: CheckpointError.self) { _ = try Self.images().starting(fromEncoder: run.file(Pretraining.encoder)) }
    #expect(throws: CheckpointError.self) { _ = try toy.model.starting(fromEncoder: run.file(Pretraining.encoder)) }
    let other = try ImageModel(fresh: ImageSystem.lanmsff.start, seed: 1)
    #expect(throws: TrainingError.self) { _ = try Pretraining(other, settings(1, .imageMAE), on: clips) }
    #expect(throws: TrainingError.self) { _ = try other.starting(fromEncoder: run.file(Pretraining.encoder)) }
  }

  /// A stem must not see what is hidden, and what is painted must be what was there.
  @Test func hiddenPatchesOfImagesAreGreyForAStem() throws {
    let task = try Pretraining(Self.images(stem: true), settings(1, .imageMAE), on: clips)
    var random = RandomSource(seed: 4)
    let sample = task.sample([(clips.clips[0].still(0), Augmentation(side: 1.3))], isWhole: false, random: &random)
    #expect(sample.clips.shape == [1, 3, 1, 16, 16] && sample.visible[0].count == 8 && sample.hidden[0].count == 8)
    for patch in 0..<16 {
      let pixels = (0..<16).map { (patch / 4 * 4 + $0 / 4) * 16 + patch % 4 * 4 + $0 % 4 }
      let (shown, truth) = (pixels.map { sample.shown.values[$0] }, pixels.map { sample.clips.values[$0] })
      #expect(sample.visible[0].contains(patch) ? shown == truth : shown.allSatisfy { $0 == 0 }, "patch \(patch)")
      let row = Array(sample.target.rows.values[48 * patch..<48 * (patch + 1)])
      let again = sample.target.pixels(row, token: patch, of: 0)
      #expect((0..<16).allSatisfy { abs(again[3 * $0] - (truth[$0] * 0.25 + 0.5)) < 1e-4 }, "patch \(patch)")
    }
  }

  @Test func visiblePatchesOfTheRebuiltImageAreTheOriginal() throws {
    let task = try task(settings(1))
    let image = task.reconstruction(by: task.initialState().weights, columns: 3)
    // Three columns and rows of 16 pixels, seven times as large.
    #expect(image.width == 3 * 16 * 7 && image.height == 3 * 16 * 7)
    func middle(_ row: Int, _ cell: Int) -> UInt8 {
      let (x, y) = (cell % 2 * 56 + 28, row * 112 + cell / 2 * 56 + 28)
      return image.pixels[3 * (y * image.width + x)]
    }
    let same = (0..<4).filter { middle(0, $0) == middle(1, $0) }
    #expect(same.count == 2, "half of four patches are shown")
    #expect(same.allSatisfy { middle(0, $0) == middle(2, $0) })
  }

  @Test func lossesThatAreNoNumbersStopTheRun() throws {
    var trainer = TrainingLoop(try task(settings(3)))
    let parameter = try #require(trainer.state.weights.parameter(named: "decoder.head.bias"))
    trainer.state.weights[parameter].values[0] = .nan
    let before = trainer.state.step
    #expect(throws: TrainingError.self) { try trainer.step() }
    #expect(trainer.state.step == before)
  }
}

/// `dfer pretrain` as a person uses it.
@Suite(.enabled(if: Tool.hasFFmpeg)) struct PretrainCommandTests {
  private let toy: Toy
  init() throws {
    toy = try Toy()
    try Tool.ffmpeg([
      "-f", "lavfi", "-i", "testsrc2=s=32x32:r=12:d=1", "-c:v", "ffv1", toy.folder.file("set.mkv").path,
    ])
    let rows = (0..<12).map { "\($0),4,5,28,30" }
    try (["frame,x0,y0,x1,y1"] + rows).joined(separator: "\n").write(
      to: toy.folder.file("set.csv"), atomically: true, encoding: .utf8)
    try "path,start_s,end_s,x0,y0,x1,y1\nset.mkv,0,0.9,4,5,28,30\n".write(
      to: toy.folder.file("list.csv"), atomically: true, encoding: .utf8)
  }

  private func dfer(_ arguments: [String]) throws -> Tool.Result {
    try Tool.run(Tool.dfer, ["pretrain"] + arguments, folder: toy.folder.url)
  }

  @Test func packedSetsAndListsArePretrainedOn() throws {
    let options = [
      "--data", "set.csv", "--data", "list.csv", "-o", "p", "--new", "tiny", "--steps", "4", "--batch", "4",
      "--eval-interval", "2",
    ]
    let result = try dfer(options)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.hasSuffix("p/encoder.safetensors\n"))
    #expect(result.errors.contains("13 faces, 1 of them from video") && result.errors.contains("rebuilt-000002.png"))
    #expect(try dfer(options).status == 3, "a run is there")
    #expect(try dfer(options + ["--resume"]).status == 0)
  }

  @Test func imagesArePretrainedOnForEmoticMAE() throws {
    let size = ["--set", "hidden_size=32", "--set", "num_hidden_layers=2", "--set", "aux_block=1"]
    let result = try dfer(
      [
        "--pipeline", "emotic-mae", "--data", "set.csv", "--data", "list.csv", "-o", "p", "--steps", "2", "--batch",
        "4",
      ] + size)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("rebuilt-000002.png"))
    try "frame,x0,y0,x1,y1,label\n0,4,5,28,30,anger\n1,4,5,28,30,fear\n".write(
      to: toy.folder.file("set.csv"), atomically: true, encoding: .utf8)
    let train = [
      "train", "images", "--pipeline", "emotic-mae", "--new", "compact", "--data", "set.csv", "--steps", "1", "--batch",
      "2",
    ]
    let encoder = ["--encoder", "p/encoder.safetensors"]
    let trained = try Tool.run(Tool.dfer, train + size + encoder + ["-o", "t"], folder: toy.folder.url)
    #expect(trained.status == 0, "\(trained.errors)")
    let other = try Tool.run(Tool.dfer, train + encoder + ["-o", "u"], folder: toy.folder.url)
    #expect(other.status == 3 && other.errors.contains("expected shape"), "\(other.errors)")
  }

  @Test func mistakesAreNamed() throws {
    for (options, words) in [
      (["--ratio", "1"], "--ratio must be"), (["--decoder-blocks", "0"], "--decoder-blocks must be"),
      (["--variant", "none"], "variant"), (["--pipeline", "lanmsff"], "only mtcae-dfer and emotic-mae"),
      (["--pipeline", "emotic-mae", "--clip-fraction", "0.5"], "--clip-fraction is not supported"),
      (["--set", "hidden_size=8"], "--set applies to"), (["--span", "0"], "--span must be"),
    ] {
      let result = try dfer(["--data", "set.csv", "-o", "x"] + options)
      #expect(result.status == 2 && result.errors.contains(words), "\(options): \(result.errors)")
    }
    #expect(try dfer(["--data", "none.csv", "-o", "x"]).status == 3)
  }
}
