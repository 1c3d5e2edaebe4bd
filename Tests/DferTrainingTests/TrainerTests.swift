import DferImage
import DferTensor
import DferTestSupport
import Foundation
import Testing

@testable import DferModels
@testable import DferTraining

/// A network that trains in a moment, and faces that it can learn: the class is where the bright half lies, the same in
/// a mirror.
struct Toy {
  let folder: ScratchFolder
  let model: ExpressionModel
  var weights: String { folder.file("start.safetensors").path }

  static let config = """
    {"variant": "F", "image_size": 16, "patch_size": 8, "num_frames": 8, "tubelet_size": 2, "num_channels": 3,
     "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "mlp_ratio": 2, "decoder_hidden_size": 16,
     "decoder_num_hidden_layers": 1, "decoder_num_attention_heads": 2, "decoder_head_dim": 8,
     "decoder_intermediate_size": 16, "num_labels": 3, "box_outputs": 8, "landmark_outputs": 20, "num_blendshapes": 2,
     "head_pooling": {"box": "slot", "landmark": "slot", "expression": "clip", "blendshape": "clip"}}
    """

  init() throws {
    folder = try ScratchFolder()
    var store = ParameterStore()
    let config = try JSONDecoder().decode(MTCAEConfig.self, from: Data(Self.config.utf8))
    _ = MTCAE(config, in: &store)
    var random = RandomSource(seed: 5)
    let tensors = zip(store.names, store.tensors).map { name, tensor in
      let isScale = name.contains("norm") && name.hasSuffix(".weight")
      let values = tensor.values.map { _ in isScale ? 1 : tensor.shape.count > 1 ? 0.2 * random.normal() : 0 }
      return (name: name, tensor: Tensor(values, shape: tensor.shape))
    }
    let metadata = [
      "dfer_format": "1", "model": "toy", "version": "1", "date": "2026-01-01", "config": Self.config,
      "labels": #"["top","bottom","middle"]"#, "temperature": "1", "image_mean": "[0.5,0.5,0.5]",
      "image_std": "[0.5,0.5,0.5]", "crop": #"{"side_factor":1.3}"#,
      "clip": #"{"frames":8,"span_seconds":[1,2],"hop_seconds":1,"frames_per_second":[8,10]}"#,
      "blendshapes": #"["blinkLeft","blinkRight"]"#, "licence": "none", "metrics": "{}", "training": "{}",
    ]
    let path = folder.file("start.safetensors").path
    try SafetensorsFile.write(tensors: tensors, metadata: metadata, to: path)
    model = try ExpressionModel(weights: path)
  }

  func faces(_ count: Int, seed: UInt64 = 1) -> LabelledSet {
    var random = RandomSource(seed: seed)
    let clips = (0..<count).map { index in
      let label = index % 3
      var image = Image(width: 24, height: 24)
      for y in 0..<24 {
        for x in 0..<24 {
          let isBright = [y < 12, y >= 12, 6..<18 ~= x][label]
          let value = UInt8((isBright ? 200 : 40) + 30 * random.uniform())
          for colour in 0..<3 { image.pixels[3 * (24 * y + x) + colour] = value }
        }
      }
      let box = Rect(x: 3 + Double(index % 2), y: 4, width: 16, height: 17)
      return LabelledClip(
        name: "face \(index)", images: [image], boxes: [box], boxesAreLabels: index % 5 != 0,
        points: index % 4 == 0 ? [] : [[(8, 9), (15, 9), (11, 12), (8, 16), (15, 16)].map { Point(x: $0.0, y: $0.1) }],
        eyeDistance: 7, votes: [0, 1, 2].map { $0 == label ? 9 : 0.5 },
        blendshapes: index % 3 == 0 ? [0.2, 0.9] : [])
    }
    return LabelledSet(labels: ["top", "bottom", "middle"], clips: clips)
  }

  static func settings(_ steps: Int) -> TrainingSettings {
    var settings = TrainingSettings()
    (settings.steps, settings.batch, settings.warmupSteps, settings.rate) = (steps, 12, 2, 0.01)
    (settings.layerDecay, settings.evaluationInterval, settings.emaDecay) = (1, 50, 0.9)
    return settings
  }

  /// All steps are half of them, and saved, and loaded, and the other half, bit for bit. Gives the training that was loaded.
  func resumes(
    _ settings: TrainingSettings, _ other: ExpressionModel? = nil
  ) throws -> TrainingLoop<ClipTraining> {
    let (half, path) = (settings.steps / 2, folder.file("state.safetensors").path)
    let task = try ClipTraining(other ?? model, settings, on: faces(30))
    func steps(_ training: inout TrainingLoop<ClipTraining>, _ count: Int) throws -> [Float] {
      try (0..<count).map { _ in try training.step().loss }
    }
    var straight = TrainingLoop(task)
    let expected = try steps(&straight, 2 * half)

    var first = TrainingLoop(task)
    var losses = try steps(&first, half)
    try first.state.save(to: path, settings: settings.json)
    var second = TrainingLoop(task)
    second.state = try TrainingState(resuming: path, from: second.state, settings: settings.json)
    #expect(second.state == first.state)
    losses += try steps(&second, half)
    #expect(losses.map(\.bitPattern) == expected.map(\.bitPattern))
    #expect(second.state == straight.state)
    return second
  }
}

@Suite struct TrainerTests {
  @Test func tenStepsAreFiveAndSavedAndLoadedAndFive() throws {
    var settings = Toy.settings(10)
    settings.clipShare = 0.5
    _ = try Toy().resumes(settings)
  }

  @Test func damagedCheckpointsAreRefusedWithAReason() throws {
    let toy = try Toy()
    let path = toy.folder.file("state.safetensors").path
    var trainer = try TrainingLoop(ClipTraining(toy.model, Toy.settings(10), on: toy.faces(12)))
    try trainer.step()
    try trainer.state.save(to: path, settings: "a")
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))

    func fault(_ data: Data, settings: String = "a") throws -> String {
      try data.write(to: URL(fileURLWithPath: path))
      do { _ = try TrainingState(resuming: path, from: trainer.state, settings: settings) } catch { return "\(error)" }
      return ""
    }
    #expect(try fault(whole) == "")
    #expect(try fault(whole.dropLast(7)).contains("safetensors: "))
    #expect(try fault(whole.prefix(5)).contains("too few"))
    var flipped = whole
    flipped[whole.count - 1000] ^= 1
    #expect(try fault(flipped).contains("checksum"))
    #expect(try fault(whole, settings: "b").contains("made with other settings"))
    #expect(try fault(Data(contentsOf: URL(fileURLWithPath: toy.weights))).contains("not a training checkpoint"))
  }

  @Test func aBatchCanBeLearnedByHeart() throws {
    let toy = try Toy()
    let set = toy.faces(12)
    var settings = Toy.settings(150)
    (settings.augmentationStrength, settings.keepTubes, settings.weightDecay) = (0, 1, 0)
    var trainer = try TrainingLoop(ClipTraining(toy.model, settings, on: set))
    let reports = try (0..<settings.steps).map { _ in try trainer.step() }
    let last = try #require(reports.last)
    #expect(last.agreement == 1)
    #expect(last.landmark < 0.01 && last.box < 0.01)
    // The votes are not unanimous, so the cross-entropy ends at their entropy.
    #expect(last.expression < 0.42 && reports[0].expression > 1)
  }

  @Test func aTrainedNetworkReadsNewFaces() throws {
    let toy = try Toy()
    let (data, valid) = (toy.faces(60), toy.faces(45, seed: 9))
    let folder = toy.folder.file("run")
    let task = try ClipTraining(toy.model, Toy.settings(100), on: data, validation: valid)
    var run = try TrainingLoop(task, folder: folder, resumes: false)
    var figures: [Double] = []
    #expect(
      try run.run { event in
        if case .validated(_, let result, _) = event { figures.append(result.all?.war ?? 0) }
        return true
      })
    #expect(figures.count == 3)
    #expect((figures.max() ?? 0) > 0.95, "chance is a third")
    // What was kept is a weight file like any other, and its card says what it reads.
    let kept = try ExpressionModel(weights: run.weights)
    #expect(kept.card.training.contains("dfer train") && kept.card.metrics.contains("war"))
    let predictions = Evaluator(kept, inputMode: .tubelet).read(valid.clips)
    let again = try #require(Evaluation(predictions, of: valid.clips, kept.card).all)
    #expect(abs(again.war - (figures.max() ?? 0)) < 0.05)
    let log = try String(contentsOf: folder.appendingPathComponent("log.csv"), encoding: .utf8)
    #expect(log.split(separator: "\n").count == 1 + 100 + 3)
  }

  @Test func aStoppedRunGoesOnToTheSameWeights() throws {
    let toy = try Toy()
    let data = toy.faces(24)
    func run(_ name: String, resumes: Bool, stopAfter: Int?) throws -> TrainingLoop<ClipTraining> {
      let task = try ClipTraining(toy.model, Toy.settings(20), on: data)
      var run = try TrainingLoop(task, folder: toy.folder.file(name), resumes: resumes)
      try run.run { event in
        if case .step(let report) = event { return report.step != stopAfter }
        return true
      }
      return run
    }
    let straight = try run("a", resumes: false, stopAfter: nil)
    _ = try run("b", resumes: false, stopAfter: 7)
    let resumed = try run("b", resumes: true, stopAfter: nil)
    #expect(resumed.state == straight.state)
    #expect(throws: CheckpointError.self) { try run("b", resumes: false, stopAfter: nil) }
    let files = [straight.weights, resumed.weights].map { FileManager.default.contents(atPath: $0) }
    #expect(files[0] != nil && files[0] == files[1])
  }

  @Test func aLossThatIsNoNumberStopsBeforeAnythingMoves() throws {
    let toy = try Toy()
    var trainer = try TrainingLoop(ClipTraining(toy.model, Toy.settings(10), on: toy.faces(30)))
    let bad = try #require(trainer.state.weights.parameter(named: "heads.box.fc.bias"))
    trainer.state.weights[bad].values[0] = .nan
    let before = trainer.state.optimiser
    do {
      try trainer.step()
      Issue.record("the step went through")
    } catch let TrainingError.notFinite(step, clips) {
      #expect(step == 0 && clips.count == 12 && clips.allSatisfy { $0.hasPrefix("face ") })
    }
    #expect(trainer.state.optimiser == before)
  }

  @Test func frozenPartsStay() throws {
    let toy = try Toy()
    var settings = Toy.settings(4)
    settings.frozen = ["encoder.", "decoders.box."]
    var trainer = try TrainingLoop(ClipTraining(toy.model, settings, on: toy.faces(24)))
    for _ in 0..<4 { try trainer.step() }
    let start = toy.model.weights
    for (index, name) in start.names.enumerated() {
      let isFrozen = name.hasPrefix("encoder.") || name.hasPrefix("decoders.box.")
      #expect((start.tensors[index] == trainer.state.weights.tensors[index]) == isFrozen, "\(name)")
    }
  }

  @Test func clipsTeachTimeAndStillsLooks() throws {
    let toy = try Toy()
    var set = toy.faces(30)
    for index in 20..<30 {
      set.clips[index].images += set.clips[index].images
      set.clips[index].boxes += set.clips[index].boxes
      set.clips[index].points += set.clips[index].points
    }
    var settings = Toy.settings(1)
    settings.batch = 24
    var task = try ClipTraining(toy.model, settings, on: set)
    #expect(task.sampleIndices(0, false).allSatisfy { $0 < 20 }, "a slot is cut from stills")
    let whole = task.sampleIndices(0, true)
    #expect(whole.count == 24 / 4 && whole.count { $0 >= 20 } == 3, "every second clip moves")
    // With one kind alone there is nothing to choose.
    set.clips.removeSubrange(0..<20)
    task = try ClipTraining(toy.model, settings, on: set)
    #expect(task.sampleIndices(0, false).count == 24 && task.sampleIndices(0, true).count == 6)
  }

  @Test func missingLabelsTeachNothing() throws {
    let toy = try Toy()
    var set = toy.faces(12)
    for index in set.clips.indices {
      set.clips[index].votes = []
      set.clips[index].points = []
      set.clips[index].blendshapes = []
    }
    var trainer = try TrainingLoop(ClipTraining(toy.model, Toy.settings(1), on: set))
    let report = try trainer.step()
    #expect(report.expression == 0 && report.landmark == 0 && report.blendshape == 0 && report.box > 0)
    #expect(report.agreement == nil)
    let start = toy.model.weights
    let head = try #require(start.parameter(named: "heads.landmark.fc.weight"))
    #expect(start[head] != Tensor(zeros: start[head].shape) && trainer.state.optimiser.first[0].count > 0)
  }

  @Test func rareClassesCountMore() throws {
    let toy = try Toy()
    var set = toy.faces(30)
    set.clips = set.clips.enumerated().filter { $0.offset % 3 != 2 || $0.offset < 6 }.map(\.element)
    let weights = set.balancingWeights()
    #expect(weights[2] > weights[0] && abs(weights[0] - weights[1]) < 1e-5)
  }
}

@Suite struct CascadeLossTests {
  @Test func maskedSamplesLeaveTheMeanToTheOthers() {
    var tape = Tape(ParameterStore(), recording: true)
    let output = MTCAEOutput(
      box: tape.input(Tensor([1, 1, 1, 1, 5, 5, 5, 5], shape: [2, 4])), landmark: tape.input(Tensor(zeros: [2, 2])),
      expression: tape.input(Tensor(zeros: [2, 3])), blendshape: nil, landmarkState: Value(Tensor(zeros: [1])))
    let targets = CascadeTargets(
      box: .init(Tensor(zeros: [2, 4]), isKnown: [true, false]),
      expression: .shares(Tensor([1, 0, 0, 0, 0, 0], shape: [2, 3]), weights: [1, 0]))
    let parts = CascadeLoss()(output, targets, &tape)
    #expect(parts.box.tensor.values == [1])
    #expect(abs(parts.expression.tensor.values[0] - 1.0986123) < 1e-6)
    #expect(abs(parts.total.tensor.values[0] - (0.5 + 1.5 * 1.0986123)) < 1e-6)
    let gradients = tape.gradients(of: parts.total, inputs: [output.box, output.landmark, output.expression]).inputs
    #expect(gradients[0]?.values == [0.25, 0.25, 0.25, 0.25, 0, 0, 0, 0])
    #expect(gradients[1] == nil)
    #expect(gradients[2]?.values.suffix(3) == [0, 0, 0])
  }
}
