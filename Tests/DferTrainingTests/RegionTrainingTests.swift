import DferImage
import DferTensor
import DferTestSupport
import Foundation
import Testing

@testable import DferModels
@testable import DferTraining

/// Training, reading and pre-training of networks whose encoder is an LGI-Former.
@Suite struct RegionTrainingTests {
  private let toy: Toy
  private let model: ExpressionModel
  init() throws {
    toy = try Toy()
    var card = toy.model.card
    card.config.regionSize = [2, 1, 2]
    let config = card.config
    var random = RandomSource(seed: 2)
    model = ExpressionModel(card: card) { Initialization.fill(&$0, config, &random) }
  }

  private func settings(_ steps: Int) -> TrainingSettings {
    var settings = Toy.settings(steps)
    (settings.clipShare, settings.batch, settings.augmentationStrength) = (1, 24, 0)
    return settings
  }

  @Test func itLearnsAndItsWeightsAreRead() throws {
    let set = toy.faces(24)
    let task = try ClipTraining(model, settings(60), on: set, validation: toy.faces(12, seed: 2))
    var run = try TrainingLoop(task, folder: toy.folder.file("run"), resumes: false)
    var losses: [Float] = []
    try run.run { event in
      if case .step(let report) = event { losses.append(report.loss) }
      return true
    }
    let (start, end) = (losses.prefix(5).reduce(0, +) / 5, losses.suffix(5).reduce(0, +) / 5)
    #expect(end < 0.7 * start, "\(start) -> \(end)")

    let read = try ExpressionModel(weights: run.weights)
    #expect(read.card.config.regionSize == [2, 1, 2])
    let faces = toy.faces(30, seed: 3)
    let predictions = Evaluator(read, inputMode: .usual(for: faces.clips, read.card.config)).read(faces.clips)
    let right = zip(predictions, faces.clips).count { prediction, clip in
      prediction.logits.indices.max { prediction.logits[$0] < prediction.logits[$1] }
        == clip.majority(among: [0, 1, 2])
    }
    #expect(right >= 20, "\(right) of 30; chance is 10")
    let crops = (0..<8).map { _ in Image(width: 16, height: 16) }
    for keep in [1, 0.5] {
      let reading = try ExpressionModel(weights: run.weights, keepTubes: keep).read([crops])[0]
      #expect(reading.boxes.count == 8 && abs(reading.probabilities.reduce(0, +) - 1) < 1e-5)
    }
  }

  @Test(arguments: [false, true]) func aStoppedTrainingGoesOnAsIfItHadNot(recomputing: Bool) throws {
    var settings = settings(6)
    (settings.augmentationStrength, settings.gradientCheckpointing) = (0.3, recomputing)
    _ = try toy.resumes(settings, model)
  }

  @Test func oneTubeletIsRefused() throws {
    var settings = settings(1)
    settings.clipShare = 0.5
    do {
      _ = try ClipTraining(model, settings, on: toy.faces(2))
      Issue.record("half of the steps would see one slot")
    } catch TrainingError.cutsRegions {
      #expect("\(TrainingError.cutsRegions)".contains("--clip-fraction must be 1"))
    }
    let stills = toy.faces(2).clips
    #expect(Evaluator.InputMode.usual(for: stills, model.card.config) == .clip)
    #expect(Evaluator.InputMode.usual(for: stills, toy.model.card.config) == .tubelet)
  }

  @Test func aFrozenEncoderIsCached() throws {
    var settings = settings(3)
    (settings.frozen, settings.cachedAugmentations) = (["encoder."], 2)
    let folder = toy.folder.file("cache")
    var trainer = try TrainingLoop(ClipTraining(model, settings, on: toy.faces(8), cache: folder))
    for _ in 0..<3 { #expect(try trainer.step().loss.isFinite) }
    var again = try TrainingLoop(ClipTraining(model, settings, on: toy.faces(8), cache: folder))
    for _ in 0..<3 { try again.step() }
    #expect(again.state == trainer.state)
  }

  // MARK: Pre-training

  private func pretraining() -> PretrainingSettings {
    var settings = PretrainingSettings()
    (settings.steps, settings.batch, settings.warmupSteps, settings.ratio) = (3, 4, 1, 0.5)
    (settings.variant, settings.decoderBlocks) = (.maeDFER, 1)
    return settings
  }

  @Test func whatPretrainingMadeStartsATraining() throws {
    let fresh = ExpressionModel(fresh: .tiny, encoder: .maeDFER, seed: 1)
    let task = try Pretraining(fresh, pretraining(), on: PretrainingTests.moving(4))
    var run = try TrainingLoop(task, folder: toy.folder.file("p"), resumes: false)
    try run.run { _ in true }
    let started = try fresh.starting(fromEncoder: run.file(Pretraining.encoder))
    let trained = run.state.weights
    for (name, tensor) in zip(started.weights.names, started.weights.tensors) where name.hasPrefix("encoder.") {
      let parameter = try #require(trained.parameter(named: name), "\(name)")
      #expect(trained[parameter] == tensor, "\(name)")
    }
    #expect(started.weights.names.contains("encoder.stem.conv.weight"))
    do {
      _ = try ExpressionModel(fresh: .tiny, seed: 1).starting(fromEncoder: run.file(Pretraining.encoder))
      Issue.record("an encoder of another kind")
    } catch let error as CheckpointError {
      #expect("\(error)".contains("variant mae-dfer"), "\(error)")
    }
  }

  /// A stem looks across the borders of patches, so what is hidden must be grey before it.
  @Test func theStemDoesNotSeeHiddenPixels() throws {
    let task = try Pretraining(
      ExpressionModel(fresh: .tiny, encoder: .maeDFER, seed: 1), pretraining(), on: PretrainingTests.moving(1))
    let trunk = task.network.trunk
    #expect(trunk.stemWidths != nil)
    var random = RandomSource(seed: 4)
    let clip = PretrainingTests.moving(1).clips[0]
    let sample = task.sample([(clip, Augmentation(side: 1.3))], isWhole: true, random: &random)
    let cut = PixelTarget(
      sample.shown, trunk, mean: [0, 0, 0], standardDeviation: [1, 1, 1], form: .pixels
    ).pixels([Float](repeating: 0, count: 2 * 64 * 3), token: sample.hidden[0][0], of: 0)
    #expect(cut.allSatisfy { $0 == 0 }, "the mean of a hidden tubelet")
    #expect(sample.shown != sample.clips)
  }
}

/// The same as a person uses it.
@Suite(.enabled(if: Tool.hasFFmpeg)) struct RegionCommandTests {
  @Test func aNetworkWithRegionsIsTrainedAndEvaluated() throws {
    let folder = try ScratchFolder()
    try Tool.ffmpeg(["-f", "lavfi", "-i", "testsrc2=s=32x32:r=12:d=1", "-c:v", "ffv1", folder.file("set.mkv").path])
    let rows = (0..<12).map { "\($0),4,5,28,30,\(["happiness", "anger"][$0 % 2])" }
    try (["frame,x0,y0,x1,y1,label"] + rows).joined(separator: "\n").write(
      to: folder.file("set.csv"), atomically: true, encoding: .utf8)
    func dfer(_ arguments: String...) throws -> Tool.Result { try Tool.run(Tool.dfer, arguments, folder: folder.url) }

    let made = try dfer(
      "pretrain", "--data", "set.csv", "-o", "p", "--new", "tiny", "--variant", "mae-dfer", "--steps", "1", "--batch",
      "4")
    #expect(made.status == 0, "\(made.errors)")
    let start = ["train", "clips", "--data", "set.csv", "--steps", "1", "--batch", "8", "--new", "tiny"]
    let trained = try Tool.run(
      Tool.dfer, start + ["-o", "t", "--variant", "mae-dfer", "--encoder", "p/encoder.safetensors"], folder: folder.url)
    #expect(trained.status == 0, "\(trained.errors)")
    let read = try dfer("evaluate", "--data", "set.csv", "--weights", "t/weights.safetensors")
    #expect(read.status == 0 && read.output.contains("whole clips"), "\(read.errors)")

    let tubelet = try dfer(
      "evaluate", "--data", "set.csv", "--weights", "t/weights.safetensors", "--input-mode", "tubelet")
    #expect(tubelet.status == 2 && tubelet.errors.contains("whole clips only"), "\(tubelet.errors)")
    let share = try Tool.run(
      Tool.dfer, start + ["-o", "u", "--variant", "mae-dfer", "--clip-fraction", "0.5"], folder: folder.url)
    #expect(share.status != 0 && share.errors.contains("--clip-fraction must be 1"), "\(share.errors)")
    let other = try Tool.run(Tool.dfer, start + ["-o", "v", "--encoder", "p/encoder.safetensors"], folder: folder.url)
    #expect(other.status == 3 && other.errors.contains("variant mae-dfer"), "\(other.errors)")
    let weights = try dfer(
      "pretrain", "--data", "set.csv", "-o", "w", "--weights", "t/weights.safetensors", "--steps", "1")
    #expect(weights.status == 3 && weights.errors.contains("--variant mae-dfer"), "\(weights.errors)")
  }
}
