import DferImage
import DferTensor
import DferTestSupport
import Foundation
import Testing

@testable import DferModels

/// Networks with a convolutional stem, and the small network for single images that such a stem can start from.
@Suite struct StemTests {
  static let config = VideoMAEConfig(
    imageSize: 16, patchSize: 4, numFrames: 4, tubeletSize: 2, hiddenSize: 8, numHiddenLayers: 1, numAttentionHeads: 2,
    stemWidths: [3, 4, 5])

  private static func encoder() -> (VideoMAEEncoder, ParameterStore) {
    var store = ParameterStore()
    let encoder = VideoMAEEncoder(config, norm: true, in: &store)
    var random = RandomSource(seed: 3)
    for parameter in store.parameters {
      let shape = store[parameter].shape
      store[parameter] = Tensor((0..<store[parameter].count).map { _ in 0.3 * random.normal() }, shape: shape)
    }
    return (encoder, store)
  }

  private static func clips(_ frames: Int) -> Tensor {
    var random = RandomSource(seed: 9)
    return Tensor((0..<2 * 3 * frames * 256).map { _ in random.normal() }, shape: [2, 3, frames, 16, 16])
  }

  @Test func aStillIsItselfShownTwice() {
    let (encoder, store) = Self.encoder()
    let still = Self.clips(1)
    var tape = Tape(store)
    let twice = tape.repeatFrame(Value(still), 2).tensor
    let (a, b) = (encoder(still, &tape).tensor, encoder(twice, &tape).tensor)
    #expect(a.shape == [2, 16, 8])
    #expect(zip(a.values, b.values).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  @Test func keptTokensAreThoseOfTheWholeClipBeforeTheFirstBlock() {
    let (encoder, store) = Self.encoder()
    var tape = Tape(store)
    let clips = Self.clips(4)
    let kept = [[1, 5, 17, 21], [0, 3, 16, 19]]
    let all = tape.gatherTokens(encoder.embedding(clips, kept: nil, &tape), kept).tensor
    let some = encoder.embedding(clips, kept: kept, &tape).tensor
    #expect(zip(all.values, some.values).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  @Test func tokensSeeTheirOwnTubeletOnly() {
    let (encoder, store) = Self.encoder()
    var clips = Self.clips(4)
    var tape = Tape(store)
    let before = encoder.embedding(clips, kept: nil, &tape).tensor
    // The last frame of the first clip's first colour belongs to temporal index 1.
    clips.values[3 * 256 + 77] += 1
    let after = encoder.embedding(clips, kept: nil, &tape).tensor
    let changed = zip(before.values, after.values).enumerated().filter { $0.element.0 != $0.element.1 }.map(\.offset)
    #expect(!changed.isEmpty && changed.allSatisfy { 16 * 8..<32 * 8 ~= $0 })
  }

  @Test func aStemOfAnotherStrideIsRefused() {
    var config = Self.config
    config.patchSize = 8
    #expect(config.faults == ["config: patch_size 8 is not the stride of a stem of 3 widths"])
    config.stemWidths = []
    #expect(config.faults.first?.contains("stem_widths") == true)
  }

  @Test func aBranchWhosePatchIsNoStrideIsRefused() {
    var config = CrossViTConfig(
      imageSize: 16, numChannels: 3, patchSizes: [2, 4], widths: [8, 8], heads: [2, 2], depth: [[1, 1]],
      mlpRatio: [2, 2], layerNormEps: 1e-6, stemWidths: [3, 4, 5])
    #expect(config.faults == [] && config.stage(ofStride: 4) == 2)
    config.patchSizes = [2, 8]
    #expect(config.faults == ["config: patch_sizes [2, 8] are not strides of a stem of 3 widths"])
  }

  @Test func theConfigurationSurvivesItsFile() throws {
    let data = try JSONEncoder().encode(Self.config)
    #expect(try JSONDecoder().decode(VideoMAEConfig.self, from: data) == Self.config)
  }
}

@Suite(.enabled(if: Shared.hasWeights, "no weights at $DFER_SHARED/weights or ../shared/weights"))
struct ImageClassifierTests {
  static let path = Shared.folder.appendingPathComponent("weights/teacher-cnn.safetensors").path

  private static func faces(_ file: SafetensorsFile) throws -> [Image] {
    let bytes = try file.bytes("golden/in")
    return (0..<4).map { index in
      let grey = bytes[bytes.startIndex + index * 2304..<bytes.startIndex + (index + 1) * 2304]
      return Image(width: 48, height: 48, pixels: grey.flatMap { [$0, $0, $0] })
    }
  }

  @Test func itsAnswersMatchTheReference() throws {
    let file = try SafetensorsFile(path: Self.path)
    let network = try ImageClassifier(weights: Self.path)
    let logits = network.logits(try Self.faces(file))
    let wanted = try file.tensor("golden/logits")
    #expect(logits.shape == wanted.shape)
    #expect(zip(logits.values, wanted.values).allSatisfy { abs($0 - $1) < 2e-3 })
  }

  @Test func aStemThatStartsFromItSeesColoursAsTheirGrey() throws {
    let network = try ImageClassifier(weights: Self.path)
    let weights = try #require(network.stemWeights(widths: [16, 32, 64, 128]))
    #expect(weights.count == 2 + 3 * 6 && network.stemWeights(widths: [16, 32]) == nil)
    let first = try #require(weights.first { $0.name == "stem.conv.weight" }).tensor
    let grey = try SafetensorsFile(path: Self.path).tensor("conv1.weight")
    for output in 0..<16 {
      for tap in 0..<9 {
        let sum = (0..<3).reduce(Float(0)) { $0 + first.values[(output * 3 + $1) * 9 + tap] }
        #expect(abs(sum - grey.values[output * 9 + tap]) < 1e-6)
      }
    }
  }

  @Test func anotherKindOfFileIsRefused() throws {
    let path = Shared.folder.appendingPathComponent("weights/face-finder.safetensors").path
    #expect(throws: CheckpointError.self) { try ImageClassifier(weights: path) }
  }
}
