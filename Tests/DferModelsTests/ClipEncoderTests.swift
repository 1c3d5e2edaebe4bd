import DferTensor
import Foundation
import Testing

@testable import DferModels

/// MTCAE behind an LGI-Former.
@Suite struct ClipEncoderTests {
  /// A grid of 4 x 4 in 4 temporal indices; regions of two temporal indices and two rows.
  static let trunk = VideoMAEConfig(
    imageSize: 16, patchSize: 4, numFrames: 8, tubeletSize: 2, hiddenSize: 8, numHiddenLayers: 1, numAttentionHeads: 2,
    stemWidths: [3, 4, 5])
  static let config = MTCAEConfig(
    trunk: trunk, regionSize: [2, 2, 4],
    cascade: CascadeConfig(
      hiddenSize: 8, decoderHiddenSize: 8, decoderNumAttentionHeads: 2, decoderIntermediateSize: 8, numLabels: 3,
      framesPerTemporalIndex: 2, numLandmarks: 5, numBlendshapes: 0))

  private static func filled<Network>(_ make: (inout ParameterStore) -> Network) -> (Network, ParameterStore) {
    var store = ParameterStore()
    let network = make(&store)
    var random = RandomSource(seed: 3)
    for parameter in store.parameters {
      let shape = store[parameter].shape
      store[parameter] = Tensor((0..<store[parameter].count).map { _ in 0.3 * random.normal() }, shape: shape)
    }
    return (network, store)
  }

  private static func clips() -> Tensor {
    var random = RandomSource(seed: 9)
    return Tensor((0..<2 * 3 * 8 * 256).map { _ in random.normal() }, shape: [2, 3, 8, 16, 16])
  }

  /// Region by region: temporal indices 0 and 1 of the upper half, of the lower half, then temporal indices 2 and 3.
  private static let regionOrder: [Int] = [0, 2].flatMap { temporalIndex in
    [0, 8].flatMap { half in
      [temporalIndex, temporalIndex + 1].flatMap { temporalIndex in (0..<8).map { 16 * temporalIndex + half + $0 } }
    }
  }

  @Test func tokensLeaveInRasterOrder() throws {
    let (network, store) = Self.filled { MTCAE(Self.config, in: &$0) }
    guard case .regions(let former) = network.encoder else { preconditionFailure("region_size makes an LGI-Former") }
    var tape = Tape(store)
    let clips = Self.clips()
    let (cut, raster) = (former(clips, &tape).tokens.tensor, network.encoder(clips, &tape).tensor)
    #expect(raster.shape == [2, 64, 8] && raster != cut)
    for sample in 0..<2 {
      for (place, token) in Self.regionOrder.enumerated() {
        let (a, b) = ((sample * 64 + place) * 8, (sample * 64 + token) * 8)
        #expect(cut.values[a..<a + 8] == raster.values[b..<b + 8], "token \(token)")
      }
    }
    // One column of each half at every temporal index.
    let kept = (0..<4).flatMap { temporalIndex in [1, 5, 9, 13].map { 16 * temporalIndex + $0 } }
    let chosen = [kept, kept.map { $0 + 1 }]
    let (few, ordered) = (
      former(clips, kept: chosen, &tape).tokens.tensor, network.encoder(clips, kept: chosen, &tape).tensor
    )
    for (sample, list) in chosen.enumerated() {
      for (place, token) in Self.regionOrder.filter({ list.contains($0) }).enumerated() {
        let (a, b) = ((sample * 16 + place) * 8, (sample * 16 + list.firstIndex(of: token)!) * 8)
        #expect(few.values[a..<a + 8] == ordered.values[b..<b + 8], "token \(token)")
      }
    }
  }

  @Test func theHeadsOfATemporalIndexReadItsOwnTokens() {
    let (network, store) = Self.filled { MTCAE(Self.config, in: &$0) }
    var tape = Tape(store)
    let output = network(Self.clips(), &tape)
    #expect(
      output.box.shape == [2, 4, 8] && output.landmark.shape == [2, 4, 20] && output.expression.shape == [2, 3])
    let tokens = network.encoder(Self.clips(), &tape)
    #expect(network.cascade(tokens, tokensPerTemporalIndex: 16, &tape).box.tensor == output.box.tensor)
  }

  /// Both encoders make their tokens with the same code.
  @Test func aStemStandsBeforeTheRegions() {
    let (joint, store) = Self.filled { VideoMAEEncoder(Self.trunk, norm: true, in: &$0) }
    var regional = ParameterStore()
    let former = LGIFormer(MAEDFERConfig(trunk: Self.trunk, regionSize: [2, 2, 4]), norm: true, in: &regional)
    for (name, tensor) in zip(store.names, store.tensors) {
      if let parameter = regional.parameter(named: name) { regional[parameter] = tensor }
    }
    let clips = Self.clips()
    var a = Tape(store)
    var b = Tape(regional)
    let tokens = joint.embedding(clips, kept: nil, &a).tensor
    let cut = former.embed(clips, kept: nil, &b).tensor
    #expect(cut.shape == [8, 17, 8])
    for (place, token) in Self.regionOrder.enumerated() {
      let at = (place / 16 * 17 + 1 + place % 16) * 8
      let pairs = zip(cut.values[at..<at + 8], tokens.values[token * 8..<token * 8 + 8])
      #expect(pairs.allSatisfy { abs($0 - $1) < 1e-5 }, "token \(token)")
    }
  }

  @Test func theConfigurationSurvivesItsFile() throws {
    var config = Self.config
    config.trunk.numLabels = 3  // One key serves both parts.
    let data = try JSONEncoder().encode(config)
    let read = try JSONDecoder().decode(MTCAEConfig.self, from: data)
    #expect(read == config && read.regionSize == [2, 2, 4] && read.encoder == .maeDFER && !read.readsShortClips)
    #expect(String(decoding: data, as: UTF8.self).contains("\"region_size\":[2,2,4]"))
    var plain = config
    plain.regionSize = nil
    let words = String(decoding: try JSONEncoder().encode(plain), as: UTF8.self)
    #expect(!words.contains("region_size") && plain.readsShortClips)
    var wrong = config
    wrong.regionSize = [3, 2, 4]
    #expect(wrong.faults.count == 1 && wrong.faults[0].contains("do not fill"))
    #expect(config.faults.isEmpty)
  }

  @Test func everyWindowKeepsEquallyManyTubes() {
    let kept = ExpressionModel.tubes(share: 0.5, of: Self.config)
    #expect(kept.count == 32 && kept == kept.sorted())
    #expect(kept.prefix(8).count { $0 < 8 } == 4)
    #expect(Self.trunk.windows(of: [2, 2, 4]) == [Array(0..<8), Array(8..<16)])
    #expect(Self.trunk.windows(of: nil) == [Array(0..<16)])
  }

  @Test func regionsAreChosenAsPublished() {
    var trunk = Self.trunk
    #expect(MAEDFERConfig(trunk: trunk).regionSize == [2, 2, 4])
    (trunk.imageSize, trunk.numFrames) = (28, 6)
    #expect(MAEDFERConfig(trunk: trunk).regionSize == [1, 7, 7])
    (trunk.imageSize, trunk.numFrames, trunk.patchSize, trunk.stemWidths) = (160, 16, 16, nil)
    #expect(MAEDFERConfig(trunk: trunk).regionSize == [2, 5, 10])
  }
}
