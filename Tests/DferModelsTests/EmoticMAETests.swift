import DferTensor
import DferTestSupport
import Foundation
import Testing

@testable import DferModels

/// Emotic MAE: its pre-training against the original MAE code, its fusion against a reference on the same encoder.
@Suite struct EmoticMAETests {
  @Test func fusesAsTheReference() throws {
    let golden = try GoldenFile("emotic_mae_fusion.safetensors")
    let config: EmoticMAEConfig = try golden.config()
    #expect(config.faults.isEmpty)
    var store = ParameterStore()
    let network = EmoticMAE(config, numLabels: golden.integer("num_labels"), allHeads: true, in: &store)
    try golden.load(&store, from: EmoticMAE.fileName) { $0 == "w/pos_embed" }
    golden.check(network.encoder.positions, "w/pos_embed", as: "out")

    var tape = Tape(store, recording: true)
    let views = network.views(Value(golden("in/main")), Value(golden("in/aux")), &tape)
    golden.check(views.main.tensor, "mid/main_tokens")
    golden.check(views.auxiliary.tensor, "mid/aux_tokens")
    golden.check(views.fused.tensor, "mid/fused_tokens")
    golden.check(views.pooledMain.tensor, "mid/pooled_main")
    golden.check(views.pooledFused.tensor, "mid/pooled_fused")
    let (concat, mean) = (network.logits(views, .concat, &tape), network.logits(views, .mean, &tape))
    golden.check(concat.tensor, "out/logits_concat")
    golden.check(mean.tensor, "out/logits_mean")
    golden.check(network.logits(views, .none, &tape).tensor, "out/logits_main_only")

    let (labels, weights) = (golden.integers("in/labels"), golden("in/class_weights").values)
    let smoothing = Float(golden.number("label_smoothing"))
    let losses = [concat, mean].map {
      (Float(1), tape.crossEntropy($0, labels: labels, smoothing: smoothing, classWeights: weights))
    }
    golden.check(losses[0].1.tensor, "loss/concat")
    golden.check(losses[1].1.tensor, "loss/mean")
    let total = tape.weightedSum(losses)
    golden.check(total.tensor, "loss/total")
    try golden.checkGradients(tape.gradients(of: total).parameters, store, names: EmoticMAE.fileName)
  }

  /// The two views may come as six channels, as the card makes them.
  @Test func readsBothViewsFromOneTensor() throws {
    let golden = try GoldenFile("emotic_mae_fusion.safetensors")
    var store = ParameterStore()
    let network = EmoticMAE(
      try golden.config(), numLabels: golden.integer("num_labels"), allHeads: true, in: &store)
    try golden.load(&store, from: EmoticMAE.fileName) { $0 == "w/pos_embed" }
    var tape = Tape(store)
    let both = tape.concatChannels([Value(golden("in/main")), Value(golden("in/aux"))])
    let logits: Value = network(both, &tape)
    golden.check(logits.tensor, "out/logits_concat")
  }

  @Test func fillsInAsTheOriginal() throws {
    let golden = try GoldenFile("emotic_mae_pretrain.safetensors")
    let config: EmoticMAEConfig = try golden.config()
    var store = ParameterStore()
    let network = MAEPretraining(
      config,
      decoder: .init(
        width: golden.integer("decoder_hidden_size"), blocks: golden.integer("decoder_num_hidden_layers"),
        heads: golden.integer("decoder_num_attention_heads")), in: &store)
    try golden.load(&store, from: EmoticMAE.fileName) { $0.contains("pos_embed") }
    golden.check(network.positions, "w/decoder_pos_embed", as: "out")

    // The patches in the order of their noise; the first ones stay visible.
    let order = try golden.rows("mid/ids_restore").map { ranks in ranks.indices.sorted { ranks[$0] < ranks[$1] } }
    let visible = golden.integer("visible")
    let images = golden("in/image")
    var tape = Tape(store, recording: true)
    let prediction = network(Value(images), order: order, visible: visible, &tape)
    golden.check(prediction.tensor, "out/prediction")
    let clips = images.reshaped([images.shape[0], 3, 1, config.imageSize, config.imageSize])
    let target = PixelTarget(clips, config.trunk, mean: [0, 0, 0], standardDeviation: [1, 1, 1], form: .colours)
    golden.check(target.rows, "mid/target")
    let seen = order.map { $0.prefix(visible).sorted() }
    let hidden = order.map { $0.dropFirst(visible).sorted() }
    let loss = tape.meanSquared(tape.gatherTokens(prediction, hidden), Value(target.rows(of: hidden)))
    golden.check(loss.tensor, "loss/mse")
    try golden.checkGradients(tape.gradients(of: loss).parameters, store, names: EmoticMAE.fileName)
    // The encoder does not care in which order it sees patches.
    var other = Tape(store)
    let painted = network(Value(images), visible: seen, &other)
    let same = other.meanSquared(painted, Value(target.rows(of: hidden)))
    golden.check(same.tensor, "loss/mse")
  }
}
