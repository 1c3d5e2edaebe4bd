import DferTensor
import DferTestSupport
import Foundation
import Testing

@testable import DferModels

@Suite struct MAEDFERTests {
  @Test func classifierMatchesTheOriginal() throws {
    let golden = try GoldenFile("mae_dfer_lgi.safetensors")
    let config: MAEDFERConfig = try golden.config()
    #expect(config.faults.isEmpty && config.regionGrid == golden.config("region_grid") as? [Int])
    var store = ParameterStore()
    let model = MAEDFERClassifier(config, in: &store)
    try golden.load(&store, from: VideoMAENames.original)
    let clips = golden("in/pixel_values")

    var tape = Tape(store, recording: true)
    let encoder = model.encoder
    golden.check(encoder.embedding.patches(Value(clips), &tape).tensor, "mid/patch_embed")
    golden.check(encoder.embedding.positions, "mid/position_table")
    var x = encoder.embed(clips, kept: nil, &tape)
    golden.check(x.tensor, "mid/region_tokens_in")
    let inside = encoder.blocks[0].localNorm(x, &tape)
    golden.check(inside.tensor, "mid/blocks.0.first_attn_norm0")
    golden.check(encoder.blocks[0].local(inside, over: inside, &tape).tensor, "mid/blocks.0.first_attn")
    for (i, block) in encoder.blocks.enumerated() {
      x = block(x, regions: config.regions, &tape)
      golden.check(x.tensor, "mid/blocks.\(i)")
    }
    let representatives = encoder(clips, &tape).representatives
    golden.check(representatives.tensor, "mid/representative_tokens")
    golden.check(model.pooled(representatives, &tape).tensor, "mid/fc_norm")

    let logits = model(clips, &tape)
    golden.check(logits.tensor, "out/logits")
    let loss = tape.crossEntropy(logits, labels: golden.integers("in/labels"))
    golden.check(loss.tensor, "loss/cross_entropy")
    let gradients = tape.gradients(of: loss).parameters
    for (name, gradient) in zip(store.names, gradients) {
      let short = name.hasPrefix("encoder.") ? String(name.dropFirst(8)) : name
      // Nothing of the last block's third attention reaches the head.
      golden.check(gradient ?? Tensor(zeros: golden("grad/\(short)").shape), "grad/\(short)")
    }
  }

  @Test(arguments: [false, true]) func preTrainingMatchesTheOriginal(recomputing: Bool) throws {
    let golden = try GoldenFile("mae_dfer_pretrain.safetensors")
    let config: MAEDFERConfig = try golden.config()
    var store = ParameterStore()
    var model = MAEDFERPretraining(config, in: &store)
    model.encoder.gradientCheckpointing = recomputing
    try golden.load(&store)
    let clips = golden("in/pixel_values")
    let isMasked = try golden.rows("in/bool_masked_pos")
    let visible = isMasked.map { row in row.indices.filter { row[$0] == 0 } }
    let hidden = isMasked.map { row in row.indices.filter { row[$0] != 0 } }

    var tape = Tape(store, recording: true)
    var x = model.encoder.embed(clips, kept: visible, &tape)
    golden.check(x.tensor, "mid/region_tokens_in")
    for (i, block) in model.encoder.blocks.enumerated() {
      x = block(x, regions: config.regions, &tape)
      golden.check(x.tensor, "mid/encoder.blocks.\(i)")
    }
    let tokens = model.encoder(clips, kept: visible, &tape).tokens
    golden.check(tokens.tensor, "mid/encoder_norm")
    golden.check(model.decoder.bridge(tokens, &tape).tensor, "mid/encoder_to_decoder")

    let painted = model(clips, visible: visible, &tape)
    golden.check(painted.tensor, "out/prediction")
    let target = PixelTarget(
      clips, config.trunk, mean: golden.numbers("image_mean"), standardDeviation: golden.numbers("image_std"),
      form: .frameDifference)
    let rows = target.rows(of: hidden)
    golden.check(rows, "mid/target")
    let loss = tape.meanSquared(painted, Value(rows))
    golden.check(loss.tensor, "loss/mse")
    let gradients = tape.gradients(of: loss).parameters
    for (name, gradient) in zip(store.names, gradients) {
      golden.check(gradient ?? Tensor(zeros: golden("grad/\(name)").shape), "grad/\(name)")
    }
  }
}

@Suite struct MAEDFERConfigTests {
  private let published = VideoMAEConfig(
    imageSize: 160, patchSize: 16, numFrames: 16, tubeletSize: 2, hiddenSize: 512, numHiddenLayers: 16,
    numAttentionHeads: 8)

  @Test func costsAreThePublishedOnes() {
    // 49.6 G for the LGI-Former, 80.7 G for a ViT-B with joint attention, both at 16 x 160 x 160.
    let config = MAEDFERConfig(trunk: published, regionSize: [2, 5, 10])
    #expect(abs(Double(config.multiplyAdds) / 1e9 - 49.6) < 0.15, "\(config.multiplyAdds)")
    var base = published
    (base.hiddenSize, base.numHiddenLayers, base.numAttentionHeads, base.intermediateSize) = (768, 12, 12, 3072)
    #expect(abs(Double(base.multiplyAdds) / 1e9 - 80.7) < 0.15, "\(base.multiplyAdds)")
    #expect(config.multiplyAdds < published.multiplyAdds)
  }

  @Test func theParametersAreThePublishedOnes() {
    var trunk = published
    trunk.numLabels = 7
    var store = ParameterStore()
    _ = MAEDFERClassifier(MAEDFERConfig(trunk: trunk, regionSize: [2, 5, 10]), in: &store)
    #expect(store.count == 84_878_343)
  }

  @Test func regionsMustFillTheGrid() throws {
    #expect(MAEDFERConfig(trunk: published, regionSize: [2, 5, 10]).faults.isEmpty)
    for size in [[3, 5, 10], [2, 4, 10], [2, 5], [0, 5, 10]] {
      #expect(!MAEDFERConfig(trunk: published, regionSize: size).faults.isEmpty)
    }
    let config = MAEDFERConfig(trunk: published, regionSize: [2, 5, 10])
    #expect(try JSONDecoder().decode(MAEDFERConfig.self, from: JSONEncoder().encode(config)) == config)
    #expect([0, 49, 50, 100, 199, 200].map(config.region) == [0, 0, 1, 0, 1, 2])
  }
}
