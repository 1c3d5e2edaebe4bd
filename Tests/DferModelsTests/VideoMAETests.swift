import DferTensor
import DferTestSupport
import Foundation
import Testing

@testable import DferModels

@Suite struct VideoMAENamesTests {
  @Test func bothSpellingsOfTheBiasesAreKnown() {
    let path = "videomae.encoder.layer.3.attention.attention"
    #expect(
      VideoMAENames.huggingFace("encoder.blocks.3.attn.v_bias")
        == .firstOf([.tensor("\(path).v_bias"), .tensor("\(path).value.bias")]))
    #expect(
      VideoMAENames.huggingFace("encoder.blocks.3.attn.qkv.weight")
        == .stacked(["\(path).query.weight", "\(path).key.weight", "\(path).value.weight"]))
  }

  @Test func fineTunedFilesOfTheOriginalLeaveOutTheEncoder() {
    #expect(
      VideoMAENames.original("encoder.norm.bias") == .firstOf([.tensor("encoder.norm.bias"), .tensor("norm.bias")]))
    #expect(VideoMAENames.original("head.bias") == .tensor("head.bias"))
  }
}

@Suite struct VideoMAETests {
  @Test func classifierMatchesHuggingFace() throws {
    let golden = try GoldenFile("videomae_classify.safetensors")
    var store = ParameterStore()
    let model = VideoMAEClassifier(try golden.config(), in: &store)
    try golden.load(&store, from: VideoMAENames.huggingFace)
    let clips = golden.clipsWithChannelsFirst("in/pixel_values")
    let labels = golden.integers("in/labels")

    var tape = Tape(store, recording: true)
    let encoder = model.encoder
    golden.check(encoder.embedding.patches(Value(clips), &tape).tensor, "mid/patch_embed")
    golden.check(encoder.embedding.positions, "mid/position_table")
    var x = encoder.embedding(clips, kept: nil, &tape)
    golden.check(x.tensor, "mid/tokens")
    let normed = encoder.blocks[0].norm1(x, &tape)
    golden.check(normed.tensor, "mid/layer.0.norm_before")
    golden.check(encoder.blocks[0].attention.context(normed, &tape).tensor, "mid/layer.0.attention_context")
    for (i, block) in encoder.blocks.enumerated() {
      x = block(x, &tape)
      golden.check(x.tensor, "mid/layer.\(i)")
    }
    golden.check(tape.meanOfTokens(x).tensor, "mid/mean_pool")
    golden.check(model.pooled(x, &tape).tensor, "mid/fc_norm")

    let logits = model(clips, &tape)
    golden.check(logits.tensor, "out/logits")
    golden.check(tape.softmax(logits).tensor, "out/probs")
    let loss = tape.crossEntropy(logits, labels: labels)
    golden.check(loss.tensor, "loss/cross_entropy")
    let gradients = tape.gradients(of: loss).parameters
    try checkHuggingFace(gradients, store, golden)
  }

  @Test(arguments: ["layer_norm_eps", "1e-6"]) func classifierMatchesTheOriginalNames(_ epsilon: String) throws {
    let golden = try GoldenFile("videomae_mcg_names.safetensors")
    var config: VideoMAEConfig = try golden.config()
    if epsilon == "1e-6" { (config.layerNormEps, config.fcNormEps) = (1e-6, 1e-6) }
    var store = ParameterStore()
    let model = VideoMAEClassifier(config, in: &store)
    try golden.load(&store, from: VideoMAENames.original)
    var tape = Tape(store, recording: true)
    let logits = model(golden("in/pixel_values"), &tape)
    let loss = tape.crossEntropy(logits, labels: golden.integers("in/labels"))
    if epsilon == "1e-6" {
      golden.check(logits.tensor, "alt_native/logits", as: "out")
      golden.check(loss.tensor, "alt_native/loss", as: "loss")
      return
    }
    golden.check(logits.tensor, "out/logits")
    golden.check(loss.tensor, "loss/cross_entropy")
    let gradients = tape.gradients(of: loss).parameters
    for parameter in store.parameters {
      let name = store.name(of: parameter)
      let short = name.hasPrefix("encoder.") ? String(name.dropFirst(8)) : name
      golden.check(try #require(gradients[store.names.firstIndex(of: name)!]), "grad/\(short)")
    }
  }

  @Test func preTrainingMatchesHuggingFace() throws {
    let golden = try GoldenFile("videomae_pretrain.safetensors")
    var store = ParameterStore()
    let model = VideoMAEPretraining(try golden.config(), in: &store)
    try golden.load(&store, from: VideoMAENames.huggingFace)
    let clips = golden.clipsWithChannelsFirst("in/pixel_values")
    let visible = try golden.rows("mid/visible_index")
    #expect(
      visible.map { MaskedDecoder.masked(visible: $0, of: model.encoder.config.tokens) }
        == (try golden.rows("mid/masked_index")))

    var tape = Tape(store, recording: true)
    let encoder = model.encoder
    var x = encoder.embedding(clips, kept: visible, &tape)
    golden.check(x.tensor, "mid/tokens_visible")
    for (i, block) in encoder.blocks.enumerated() {
      x = block(x, &tape)
      golden.check(x.tensor, "mid/layer.\(i)")
    }
    let norm = try #require(encoder.norm)
    x = norm(x, &tape)
    golden.check(x.tensor, "mid/encoder_norm")
    let (decoder, tokens) = (model.decoder, model.encoder.config.tokens)
    let seen = decoder.bridge(x, &tape)
    golden.check(seen.tensor, "mid/encoder_to_decoder")
    golden.check(decoder.positions, "mid/decoder_position_table")
    var y = decoder.input(seen, visible: visible, of: tokens, &tape)
    golden.check(y.tensor, "mid/decoder_input")
    for (i, block) in decoder.blocks.enumerated() {
      y = block(y, &tape)
      golden.check(y.tensor, "mid/decoder_layer.\(i)")
    }

    let logits = model(clips, visible: visible, &tape)
    golden.check(logits.tensor, "out/logits")
    let target = PixelTarget(
      clips, encoder.config, mean: golden.numbers("image_mean"), standardDeviation: golden.numbers("image_std"),
      form: .pixels)
    golden.check(target.rows(of: try golden.rows("mid/masked_index")), "mid/target")
    let loss = tape.meanSquared(logits, Value(golden("mid/target")))
    golden.check(loss.tensor, "loss/mse")
    let gradients = tape.gradients(of: loss).parameters
    try checkHuggingFace(gradients, store, golden)
  }

  @Test func configsSurviveARoundTrip() throws {
    let config: VideoMAEConfig = try GoldenFile("videomae_pretrain.safetensors").config()
    #expect(config.decoder != nil)
    #expect(try JSONDecoder().decode(VideoMAEConfig.self, from: JSONEncoder().encode(config)) == config)
  }

  /// Gradients against a file that keeps query, key and value apart.
  private func checkHuggingFace(_ gradients: [Tensor?], _ store: ParameterStore, _ golden: GoldenFile) throws {
    for (name, gradient) in zip(store.names, gradients) {
      let gradient = try #require(gradient, "\(name)")
      switch VideoMAENames.huggingFace(name) {
      case .tensor(let other): golden.check(gradient, "grad/\(other)")
      case .firstOf(let sources):
        if case .tensor(let other)? = sources.first { golden.check(gradient, "grad/\(other)") }
      case .stacked(let others):
        let size = gradient.count / others.count
        for (i, other) in others.enumerated() {
          let part = Array(gradient.values[i * size..<(i + 1) * size])
          golden.check(Tensor(part, shape: [size]), "grad/\(other)")
        }
      default: Issue.record("\(name) has no gradient in the file")
      }
    }
  }
}
