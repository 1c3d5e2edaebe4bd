import DferImage
import DferTensor
import DferTestSupport
import Foundation
import Testing

@testable import DferModels
@testable import DferTraining

/// Options that make weights read other faces than those they learned from.
@Suite struct LogitAdjustmentTests {
  @Test func theLossAddsThePriorToTheLogits() {
    var tape = Tape(ParameterStore(), recording: true)
    let logits = tape.input(Tensor([1, 2, 0, 0], shape: [2, 2]))
    let adjusted = tape.adjusted(logits, by: [-1, 0.5])
    #expect(adjusted.tensor.values == [0, 2.5, -1, 0.5])
    #expect(tape.adjusted(logits, by: nil).tensor.values == logits.tensor.values)
    let loss = tape.crossEntropy(adjusted, labels: [0, 1])
    let gradient = tape.gradients(of: loss, inputs: [logits]).inputs[0]
    // p - t of the adjusted logits, over two rows.
    let p = 1 / (1 + exp(Float(2.5)))
    #expect(abs((gradient?.values[0] ?? 0) - (p - 1) / 2) < 1e-6)
  }

  /// Faces without any sign of their class: what a network says of them is the prior alone.
  private func blank(_ toy: Toy) -> LabelledSet {
    var set = toy.faces(60)
    for index in set.clips.indices {
      set.clips[index].images[0] = Image(width: 24, height: 24, pixels: [UInt8](repeating: 120, count: 24 * 24 * 3))
      // Eight in ten are of the first class.
      let label = index % 10 < 8 ? 0 : index % 10 == 8 ? 1 : 2
      set.clips[index].votes = [0, 1, 2].map { $0 == label ? 9 : 0 }
    }
    return set
  }

  private func trained(_ adjustment: Double?) throws -> (ExpressionModel, LabelledSet) {
    let toy = try Toy()
    let set = blank(toy)
    var settings = Toy.settings(60)
    (settings.augmentationStrength, settings.logitAdjustment) = (0, adjustment)
    var run = try TrainingLoop(
      ClipTraining(toy.model, settings, on: set), folder: toy.folder.file("run"), resumes: false)
    try run.run { _ in true }
    return (try ExpressionModel(weights: run.weights), set)
  }

  @Test func adjustedWeightsSayNothingOfFacesWithoutASign() throws {
    let (plain, set) = try trained(nil)
    let (adjusted, _) = try trained(1)
    let face = [set.clips[0]]
    func probabilities(_ model: ExpressionModel, _ prior: ReadingPrior?) throws -> [Float] {
      let reader = try prior.map { try FaceReader.clips(model).reading(with: $0, path: "w") } ?? .clips(model)
      guard case .clips(let shown) = reader else { return [] }
      let logits = Evaluator(shown, inputMode: .tubelet).read(face)[0].logits
      return Temperature.probabilities(logits, temperature: model.card.temperature)
    }
    #expect(plain.card.prior?.adjustment == 0 && adjusted.card.prior?.adjustment == 1)
    #expect(abs((adjusted.card.prior?.fractions["top"] ?? 0) - 0.8) < 1e-6)
    // Trained plainly, a blank face is of the commonest class; adjusted, of none.
    #expect(try probabilities(plain, nil)[0] > 0.7)
    #expect(try probabilities(adjusted, nil).allSatisfy { abs($0 - 1.0 / 3) < 0.1 })
    // And each can be read as the other.
    #expect(try probabilities(plain, .balanced).allSatisfy { abs($0 - 1.0 / 3) < 0.1 })
    #expect(try probabilities(adjusted, .training)[0] > 0.7)
    let other = try probabilities(adjusted, .fractions(["top": 0.1, "bottom": 0.8, "middle": 0.1]))
    #expect(other[1] > 0.7)
    #expect(try probabilities(plain, .training) == probabilities(plain, nil))
    #expect(throws: CheckpointError.self) { try probabilities(plain, .fractions(["top": 1])) }
    #expect(throws: CheckpointError.self) { try probabilities(Toy().model, .balanced) }
  }

  @Test(arguments: ImageSystem.allCases) func theLogitsOfEverySystemAreShifted(_ system: ImageSystem) throws {
    var card = system.start
    card.labels = ["a", "b", "c"]
    let model = try ImageModel(fresh: card, seed: 3)
    let image = Image(
      width: card.imageSize, height: card.imageSize,
      pixels: [UInt8](repeating: 90, count: 3 * card.imageSize * card.imageSize))
    let (before, after) = (model.read([image])[0].logits, model.shifted(by: [1, 0, -2]).read([image])[0].logits)
    for (x, (y, offset)) in zip(before, zip(after, [Float(1), 0, -2])) {
      #expect(abs(y - x - offset) < 1e-4, "\(system)")
    }
  }

  @Test func thePriorOfACardIsReadBack() throws {
    let toy = try Toy()
    var card = toy.model.card
    card.prior = ClassPrior(fractions: ["top": 0.5, "bottom": 0.3, "middle": 0.2], adjustment: 0.5)
    let path = toy.folder.file("w.safetensors").path
    func write() throws {
      try SafetensorsFile.write(
        tensors: zip(toy.model.weights.names, toy.model.weights.tensors).map { (name: $0, tensor: $1) },
        metadata: card.metadata, to: path)
    }
    try write()
    #expect(try ExpressionModel(weights: path).card.prior == card.prior)
    card.prior?.fractions["top"] = nil
    try write()
    #expect(throws: CheckpointError.self) { try ExpressionModel(weights: path) }
  }
}

@Suite struct DrawTests {
  @Test func weightsSayHowOftenClipsAreDrawn() throws {
    var set = try Toy().faces(4)
    #expect(set.draws([0, 1, 2, 3]) == [0, 1, 2, 3])
    (set.clips[0].weight, set.clips[1].weight) = (2.5, 2.5)
    let draws = set.draws([0, 1, 2, 3])
    #expect([0, 1, 2, 3].map { index in draws.count { $0 == index } } == [5, 5, 2, 2])
    // The prior is that of what is drawn.
    let prior = try #require(set.classPrior())
    let own = set.clips.map { $0.votes[0] / $0.votes.reduce(0, +) }
    let expected = (2.5 * Double(own[0] + own[1]) + Double(own[2] + own[3])) / 7
    #expect(abs((prior.fractions["top"] ?? 0) - expected) < 1e-6)
  }

  @Test func aHeavySetIsSeenMoreOften() throws {
    let toy = try Toy()
    var set = toy.faces(40)
    for index in 0..<10 { set.clips[index].weight = 9 }
    var settings = Toy.settings(10)
    settings.batch = 12
    var task = try ClipTraining(toy.model, settings, on: set)
    // An epoch of 120 draws: 90 of them of the heavy quarter.
    let seen = (0..<10).flatMap { task.sampleIndices($0, false) }
    #expect(seen.count == 120 && seen.count { $0 < 10 } == 90)
  }
}

@Suite struct SoftLabelTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private func labels(_ text: String, weight: Float) throws -> SoftLabels {
    let path = folder.file("\(UUID().uuidString).csv")
    try text.write(to: path, atomically: true, encoding: .utf8)
    return try SoftLabels(path.path, weight: weight, labels: ["happiness", "sadness"])
  }

  @Test func everySourceGetsItsWeight() throws {
    func clip(_ frame: Int?, _ votes: [Float], others: Float = 0) -> LabelledClip {
      var clip = LabelledClip(name: "", images: [], boxes: [], boxesAreLabels: false, points: [], votes: votes)
      (clip.frame, clip.otherVotes) = (frame, others)
      return clip
    }
    var set = LabelledSet(
      labels: ["happiness", "sadness"],
      clips: [clip(0, [8, 2]), clip(1, [], others: 3), clip(2, [10, 0]), clip(nil, [1, 0])])
    let network = try labels("frame,sadness,happiness,other\n0,0.9,0.1,0\n1,0.25,0.75,0\n", weight: 0.5)
    let tag = try labels("frame,label\n0,sad\n9,happy\n", weight: 0.3)
    #expect(set.mix([network, tag]) == 2)
    // 0.2 (0.8, 0.2) + 0.5 (0.1, 0.9) + 0.3 (0, 1), ten votes in all.
    #expect(zip(set.clips[0].votes, [2.1, 7.9]).allSatisfy { abs($0 - $1) < 1e-4 })
    #expect(set.clips[0].shares(least: 10) != nil, "as many votes as before")
    // Nobody voted: the sources alone, and an opinion that this is no face does not silence them.
    #expect(zip(set.clips[1].votes, [0.75, 0.25]).allSatisfy { abs($0 - $1) < 1e-6 } && set.clips[1].otherVotes == 0)
    #expect(set.clips[2].votes == [10, 0] && set.clips[3].votes == [1, 0])
  }

  @Test func whatIsNoSourceIsNamed() {
    #expect(throws: DataError.self) { try labels("frame,anger\n0,1\n", weight: 0.5) }
    #expect(throws: DataError.self) { try labels("frame,label\n-1,happy\n", weight: 0.5) }
    #expect(throws: DataError.self) { try labels("label\nhappy\n", weight: 0.5) }
  }
}

@Suite struct DomainRandomizationTests {
  private func augmentations(_ domain: DomainRandomization?, count: Int = 400) -> [Augmentation] {
    var random = RandomSource(seed: 3)
    return (0..<count).map { _ in Augmentation(around: 1.3, strength: 0, domain: domain, random: &random) }
  }

  @Test func cropsVaryInPlaceAndWidth() {
    let crops = augmentations(DomainRandomization(crop: 1))
    let sides = crops.map { $0.side / 1.3 }
    #expect(sides.min()! < 0.8 && sides.max()! > 1.25 && sides.allSatisfy { (0.7...1.42).contains($0) })
    #expect(crops.contains { $0.dx > 0.1 } && crops.contains { $0.dy < -0.1 })
    #expect(augmentations(nil).allSatisfy { $0.side == 1.3 && $0.dx == 0 && $0.photometric.colour == nil })
  }

  @Test func resolutionsAreSpreadByTheirLogarithm() throws {
    let sides = augmentations(DomainRandomization(minimumResolution: 24)).compactMap(\.photometric.resolution)
    #expect(sides.count == 400 && sides.min()! >= 24 && sides.max()! <= 112)
    #expect((150...250).contains(sides.count { $0 < 52 }), "half lie below the geometric mean")
    // One pixel in two is white: at half the resolution all are grey.
    var stripes = Image(width: 48, height: 48)
    for index in stripes.pixels.indices where index / 3 % 2 == 0 { stripes.pixels[index] = 255 }
    var changes = PhotometricChanges()
    changes.resolution = 24
    let blurred = changes.applied(to: stripes)
    #expect(blurred.pixels.allSatisfy { abs(Int($0) - 128) < 8 })
    changes.resolution = 48
    #expect(changes.applied(to: stripes).pixels == stripes.pixels, "nothing is reduced to its own side")
  }

  @Test func coloursChangeAroundTheLuma() {
    func changed(_ change: ColourChange, _ r: UInt8, _ g: UInt8, _ b: UInt8) -> [Int] {
      var image = Image(width: 1, height: 1, pixels: [r, g, b])
      change.apply(to: &image)
      return image.pixels.map(Int.init)
    }
    let same = ColourChange(hue: 0, saturation: 1, gains: [1, 1, 1])
    #expect(zip(changed(same, 200, 120, 90), [200, 120, 90]).allSatisfy { abs($0 - $1) <= 1 })
    let grey = changed(ColourChange(hue: 0, saturation: 0, gains: [1, 1, 1]), 200, 120, 90)
    #expect(grey.max()! - grey.min()! <= 1 && abs(grey[0] - 140) <= 2, "0.299 r + 0.587 g + 0.114 b")
    let turned = changed(ColourChange(hue: 0.5, saturation: 1, gains: [1, 1, 1]), 200, 120, 90)
    #expect(turned != [200, 120, 90])
    #expect(
      changed(ColourChange(hue: 1, saturation: 2, gains: [1, 1, 1]), 128, 128, 128).allSatisfy { abs($0 - 128) <= 1 })
    let warm = changed(ColourChange(hue: 0, saturation: 1, gains: [1.2, 1, 0.8]), 100, 100, 100)
    #expect(warm == [120, 100, 80])
    let changes = augmentations(DomainRandomization(colour: 1)).compactMap(\.photometric.colour)
    #expect(changes.count == 400 && Set(changes).count == 400)
    // About a quarter becomes grey: all rows of the matrix are alike but for the gains.
    func isGrey(_ m: [Float]) -> Bool {
      let (first, second) = (m[0] * m[4] - m[1] * m[3], m[3] * m[8] - m[5] * m[6])
      return abs(first) < 1e-3 && abs(second) < 1e-3
    }
    let greys = changes.count { isGrey($0.matrix) }
    #expect((60...140).contains(greys))
  }

  /// A checkpoint of a training without these options has the same settings text as before there were any.
  @Test func withoutThemSettingsReadAsTheyDid() {
    #expect(!TrainingSettings().json.contains("andomization") && !TrainingSettings().json.contains("logitAdjustment"))
    #expect(!ImageSettings().json.contains("andomization") && !ImageSettings().json.contains("logitAdjustment"))
    var settings = TrainingSettings()
    settings.randomization = DomainRandomization(minimumResolution: 24, colour: 0.5, crop: 0.5)
    settings.logitAdjustment = 1
    #expect(settings.json.contains("\"minimumResolution\":24") && settings.json.contains("\"logitAdjustment\":1"))
  }

  @Test func aTrainingWithAllOfThemIsResumedBitForBit() throws {
    var settings = Toy.settings(8)
    settings.randomization = DomainRandomization(minimumResolution: 8, colour: 1, crop: 1)
    (settings.logitAdjustment, settings.clipShare) = (1, 0.5)
    _ = try Toy().resumes(settings)
  }
}
