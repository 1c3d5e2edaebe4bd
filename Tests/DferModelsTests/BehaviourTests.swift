import DferImage
import DferTensor
import DferTestSupport
import Foundation
import Testing

@testable import DferModels

struct BehaviourTests {
  /// A small network with stem and joint attention, filled with noise.
  private static func network() throws -> ExpressionModel {
    let trunk = VideoMAEConfig(
      imageSize: 16, patchSize: 4, numFrames: 4, tubeletSize: 2, hiddenSize: 12, numHiddenLayers: 1,
      numAttentionHeads: 2, stemWidths: [4, 6, 8])
    let config = MTCAEConfig(
      trunk: trunk,
      cascade: CascadeConfig(
        hiddenSize: 12, decoderHiddenSize: 8, decoderNumAttentionHeads: 2,
        decoderIntermediateSize: 16, numLabels: 3,
        framesPerTemporalIndex: 2, numLandmarks: 5, numBlendshapes: 2))
    let card = ModelCard(
      model: "mtcae-dfer", version: "1", date: "", config: config, labels: ["a", "b", "c"],
      temperature: 1,
      imageMean: [0.5, 0.5, 0.5], imageStd: [0.25, 0.25, 0.25], crop: .init(sideFactor: 1.3),
      clip: .init(frames: 4, spanSeconds: [1, 2], hopSeconds: 0.5, framesPerSecond: [8, 10]),
      blendshapes: ["x", "y"],
      licence: "", metrics: "{}", training: "{}")
    var random = RandomSource(seed: 3)
    return ExpressionModel(card: card) { store in
      for parameter in store.parameters { fill(&store, parameter, &random) }
    }
  }

  private static func fill(
    _ store: inout ParameterStore, _ parameter: Parameter, _ random: inout RandomSource, scale: Float = 0.3
  ) {
    var tensor = store[parameter]
    for i in tensor.values.indices { tensor.values[i] = scale * random.normal() }
    store[parameter] = tensor
  }

  private static func decoder(for model: ExpressionModel) throws -> BehaviourModel {
    let config = try #require(BehaviourConfig(model.card.config))
    var decoder = BehaviourModel(
      BehaviourModel.Card(
        version: "1", date: "", licence: "", config: config, base: model.featureFingerprint,
        metrics: "{}",
        training: "[]"))
    var weights = decoder.weights
    var random = RandomSource(seed: 4)
    decoder.network.initialize(&weights, &random)
    decoder.take(weights)
    return decoder
  }

  private static func clips(_ count: Int) -> Tensor {
    var random = RandomSource(seed: 9)
    let shape = [count, 3, 4, 16, 16]
    return Tensor((0..<shape.reduce(1, *)).map { _ in random.normal() }, shape: shape)
  }

  @Test func expressionsAreTheSameToTheLastBit() throws {
    let plain = try Self.network()
    var model = plain
    model.behaviour = try Self.decoder(for: plain)
    let (a, b) = (plain.read(Self.clips(2)), model.read(Self.clips(2)))
    for (a, b) in zip(a, b) {
      #expect(a.logits == b.logits && a.probabilities == b.probabilities && a.boxes == b.boxes)
      #expect(a.landmarks == b.landmarks && a.blendshapes == b.blendshapes)
      #expect(a.behaviours.isEmpty && b.behaviours.count == 4)
    }
  }

  @Test func everyFrameIsReadOnItsOwn() throws {
    let model = try Self.network()
    let decoder = try Self.decoder(for: model)
    var tape = Tape(model.weights)
    let (_, features) = try #require(model.network.detailed(Self.clips(3), &tape))
    let found = decoder.read(features)
    #expect(found.map(\.count) == [4, 4, 4])
    let face = found[0][0]
    #expect(
      face.points.count == 68 && face.eyes.count == 2
        && face.strengths.count == ActionUnit.all.count)
    #expect(face.rotation != nil && face.strengths.allSatisfy { (0...1).contains($0) })
    // A clip alone, and some of its cells alone, give the same kind of answer.
    var alone = Tape(model.weights)
    let kept = [[0, 5, 16 + 0, 16 + 5]]
    let (_, part) = try #require(model.network.detailed(Self.clips(1), kept: kept, &alone))
    #expect(part.detail.shape == [1, 4, 6 * 2 * 4])
    #expect(decoder.read(part, cells: [0, 5]).map(\.count) == [4])
  }

  /// What a row needs is one frame: the others must not be paid for, and must not change it.
  @Test func oneFrameAloneIsReadAsAmongTheOthers() throws {
    let plain = try Self.network()
    var model = plain
    model.behaviour = try Self.decoder(for: plain)
    let clips = Self.clips(3)
    let all = model.read(clips).map(\.behaviours)
    for frame in 0..<4 {
      let frames = [frame, 3 - frame, 2]
      let found = model.read(clips, behaviourOf: frames).map(\.behaviours)
      #expect(found.map(\.count) == [1, 1, 1])
      for (clip, frame) in frames.enumerated() {
        let (a, b) = (found[clip][0], all[clip][frame])
        #expect(zip(a.points, b.points).allSatisfy { abs($0.x - $1.x) < 1e-5 && abs($0.y - $1.y) < 1e-5 })
        #expect(zip(a.strengths, b.strengths).allSatisfy { abs($0 - $1) < 1e-5 })
        let (turn, other) = (try #require(a.rotation), try #require(b.rotation))
        #expect(turn.angle(to: other) < 1e-3)
        let pairs = zip(a.eyes, b.eyes)
        #expect(pairs.allSatisfy { abs($0.yaw - $1.yaw) < 1e-5 && abs($0.open - $1.open) < 1e-5 })
      }
    }
  }

  @Test func framesInARowAreReadAsClipsAndAShorterOne() throws {
    var model = try Self.network()
    model.behaviour = try Self.decoder(for: model)
    var random = RandomSource(seed: 8)
    let frames = (0..<7).map { _ in
      Image(width: 16, height: 16, pixels: (0..<768).map { _ in UInt8(random.next() % 256) })
    }
    let found = model.behaviours(of: frames)
    #expect(found.count == 7)
    #expect(Array(found.prefix(4)) == model.read(model.card.input.tensor([Array(frames.prefix(4))]))[0].behaviours)
    #expect(Array(found.prefix(4)) != model.behaviours(of: Array(frames.dropFirst(3))))
    #expect(model.behaviours(of: []).isEmpty)
    model.behaviour = nil
    #expect(model.behaviours(of: frames).isEmpty)
  }

  /// What is read off close-ups is the same in a mirror, whatever was learned.
  @Test func mirroredFramesGiveAMirroredFace() throws {
    let config = try #require(BehaviourConfig(try Self.network().card.config))
    var store = ParameterStore()
    let reader = PartReader(config, in: &store)
    var random = RandomSource(seed: 21)
    for parameter in store.parameters { Self.fill(&store, parameter, &random, scale: 0.05) }
    let side = 16
    let image = Tensor((0..<2 * 3 * side * side).map { _ in random.normal() }, shape: [2, 3, side, side])
    var other = image
    for row in 0..<2 * 3 * side {
      for x in 0..<side { other.values[row * side + x] = image.values[row * side + side - 1 - x] }
    }
    // A tilted face in each frame.
    let faces = (0..<2).map { frame in
      (0..<68).map { Point(x: 0.3 + 0.4 * Double($0 % 7) / 6, y: 0.2 + 0.06 * Double($0 / 7) + 0.05 * Double(frame)) }
    }
    func points(_ faces: [[Point]]) -> Tensor {
      Tensor(faces.joined().flatMap { [Float($0.x), Float($0.y)] }, shape: [2, 136])
    }
    let mirrored = faces.map { face in
      FaceBehaviour.mirroredPoints.map { Point(x: 1 - face[$0].x, y: face[$0].y) }
    }
    let known = Value(Tensor((0..<8).map { _ in random.normal() }, shape: [1, 8]))
    func read(_ image: Tensor, _ faces: [[Point]]) -> PartReader.Reading {
      var tape = Tape(store)
      let context = tape.reshape(reader.contexts(known, &tape), [2, 64])
      return reader(image, numbers: [0, 1], points: points(faces), context: context, &tape)
    }
    func near(_ a: [Double], _ b: [Double]) -> Bool { zip(a, b).allSatisfy { abs($0 - $1) < 1e-5 * max(1, abs($1)) } }
    let (found, there) = (read(image, faces), read(other, mirrored))
    for row in 0..<2 {
      let (eyes, back) = (found.eyes.tensor.part(row, 0, of: 1), there.eyes.tensor.part(row, 0, of: 1))
      #expect(near(back, [-eyes[3], eyes[4], eyes[5], -eyes[0], eyes[1], eyes[2]]))
      let (turn, turned) = (found.rotation.tensor.part(row, 0, of: 1), there.rotation.tensor.part(row, 0, of: 1))
      #expect(near(turned, zip(turn, [1, -1, -1, -1, 1, 1]).map { $0 * $1 }))
      #expect(abs(turn[1]) > 1e-3, "a tilted head is no upright one")
      let (shift, shifted) = (found.shifts.tensor.part(row, 0, of: 1), there.shifts.tensor.part(row, 0, of: 1))
      let expected = FaceBehaviour.mirroredPoints.flatMap { [-shift[2 * $0], shift[2 * $0 + 1]] }
      #expect(near(shifted, expected) && shift.contains { abs($0) > 1e-4 })
      #expect(near(there.strengths.tensor.part(row, 0, of: 1), found.strengths.tensor.part(row, 0, of: 1)))
    }
  }

  @Test func strengthsThatAreNotGoodEnoughAreLeftOut() throws {
    var model = try Self.network()
    var decoder = try Self.decoder(for: model)
    var card = decoder.card
    card.givenStrengths = ["au12_strength", "au26_strength"]
    let weights = decoder.weights
    model.behaviour = decoder
    let all = model.read(Self.clips(1))[0].behaviours[0].strengths
    decoder = BehaviourModel(card)
    decoder.take(weights)
    model.behaviour = decoder
    let some = model.read(Self.clips(1))[0].behaviours[0].strengths
    #expect(all.count == 20)
    #expect(try some == [12, 26].map { all[try #require(ActionUnit.index(of: $0))] })
  }

  @Test func networksWithoutAStemAreRefused() throws {
    var config = try Self.network().card.config
    config.trunk.stemWidths = nil
    #expect(BehaviourConfig(config) == nil)
  }

  @Test func aFileComesBackAndOthersAreRefused() throws {
    let scratch = try ScratchFolder()
    let model = try Self.network()
    let decoder = try Self.decoder(for: model)
    let path = scratch.file("b.safetensors").path
    let tensors = zip(decoder.weights.names, decoder.weights.tensors).map {
      (name: $0.0, tensor: $0.1)
    }
    try SafetensorsFile.write(tensors: tensors, metadata: decoder.card.metadata, to: path)
    let read = try BehaviourModel(weights: path)
    #expect(read.card == decoder.card && read.weights.tensors == decoder.weights.tensors)
    for (key, value) in [
      ("model", "mtcae-dfer"), ("dfer_format", "9"), ("strengths", "[]"), ("config", "{}"), ("gives", "[\"mind\"]"),
      ("gives_strengths", "[\"au12_strength\",\"au01_strength\"]"),
    ] {
      var metadata = decoder.card.metadata
      metadata[key] = value
      try SafetensorsFile.write(tensors: tensors, metadata: metadata, to: path)
      #expect(throws: CheckpointError.self, "\(key)") { try BehaviourModel(weights: path) }
    }
  }

  @Test func theMirrorOfPointsIsItsOwnInverse() {
    let order = FaceBehaviour.mirroredPoints
    #expect(order.sorted() == Array(0..<68) && order.indices.allSatisfy { order[order[$0]] == $0 })
    #expect(
      order[36] == 45 && order[48] == 54 && order[8] == 8 && order[30] == 30 && order[60] == 64)
    #expect(order[37] == 44 && order[40] == 47 && order[31] == 35 && order[17] == 26)
  }
}
