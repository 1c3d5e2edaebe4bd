import DferTensor
import DferTestSupport
import Foundation
import Testing

@testable import DferModels

@Suite struct MTCAETests {
  @Test func flowChartVariantMatches() throws {
    let golden = try GoldenFile("mtcae.safetensors")
    var store = ParameterStore()
    let model = MTCAE(try golden.config(), in: &store)
    try golden.load(&store)
    let clips = golden("in/pixel_values")
    var tape = Tape(store, recording: true)
    guard case .joint(let encoder) = model.encoder else { preconditionFailure("joint attention by default") }
    golden.check(encoder.embedding.patches(Value(clips), &tape).tensor, "mid/encoder.patch_embed")
    let tokens = model.encoder(clips, &tape)
    golden.check(tokens.tensor, "mid/encoder.norm")
    try checkCascade(model.cascade, tokens, golden, &tape)

    let output = model(clips, &tape)
    golden.check(output.box.tensor, "out/box")
    golden.check(output.landmark.tensor, "out/landmark")
    golden.check(output.expression.tensor, "out/expression")
    #expect(output.blendshape == nil)
    let loss = try loss(output, golden, &tape)
    try checkGradients(tape.gradients(of: loss).parameters, store, golden)
  }

  @Test func memoryNormCanBeLeftOut() throws {
    let golden = try GoldenFile("mtcae.safetensors")
    var config: MTCAEConfig = try golden.config()
    config.cascade.memoryNorm = false
    var store = ParameterStore()
    let model = MTCAE(config, in: &store)
    try golden.load(&store, ignoring: { $0.contains("memory_norm") })
    var tape = Tape(store)
    let output = model(golden("in/pixel_values"), &tape)
    golden.check(output.box.tensor, "out/no_memory_norm.box")
    golden.check(output.landmark.tensor, "out/no_memory_norm.landmark")
    golden.check(output.expression.tensor, "out/no_memory_norm.expression")
  }

  @Test func notebookVariantMatches() throws {
    let golden = try GoldenFile("mtcae_notebook_decoders.safetensors")
    var store = ParameterStore()
    let cascade = Cascade(try golden.config(), in: &store)
    try golden.load(&store)
    var tape = Tape(store, recording: true)
    let tokens = Value(golden("in/tokens"))
    golden.check(cascade.projections[0](tokens, &tape).tensor, "mid/projection")
    try checkCascade(cascade, tokens, golden, &tape)

    let output = cascade(
      tokens, tokensPerTemporalIndex: golden.integer("tokens") / (golden.integer("num_frames") / 2), &tape)
    golden.check(output.box.tensor, "out/box")
    golden.check(output.landmark.tensor, "out/landmark")
    golden.check(output.expression.tensor, "out/expression")
    let loss = try loss(output, golden, &tape)
    try checkGradients(tape.gradients(of: loss).parameters, store, golden)
  }

  @Test func configsSurviveARoundTrip() throws {
    let golden = try GoldenFile("mtcae.safetensors")
    let config: MTCAEConfig = try golden.config()
    #expect(config.faults.isEmpty)
    #expect(config.trunk.intermediateSize == golden.integer("hidden_size") * golden.integer("mlp_ratio"))
    let again = try JSONDecoder().decode(MTCAEConfig.self, from: JSONEncoder().encode(config))
    #expect(again == config)
  }

  @Test func faultyConfigsAreNamed() throws {
    var config: MTCAEConfig = try GoldenFile("mtcae.safetensors").config()
    let (heads, frames) = (config.trunk.numAttentionHeads, config.trunk.numFrames)
    config.trunk.numAttentionHeads = config.trunk.hiddenSize + 1
    config.cascade.boxOutputs = 4 * frames + 4
    #expect(config.faults.count == 1)
    config.trunk.numAttentionHeads = heads
    #expect(config.faults == ["config: box_outputs \(4 * frames + 4) are not 4 for each of \(frames) frames"])
    config.trunk.hiddenSize = .max
    #expect(config.faults.first?.contains("hidden_size") == true)
  }

  /// Every block of the three decoders.
  private func checkCascade(_ cascade: Cascade, _ tokens: Value, _ golden: GoldenFile, _ tape: inout Tape) throws {
    let memories = cascade.memories(tokens, &tape)
    var state = memories[0]
    for (i, task) in Cascade.tasks.enumerated() {
      if golden.has("mid/memory.\(task)") { golden.check(memories[i].tensor, "mid/memory.\(task)") }
      let norm = try #require(cascade.decoders[i].memoryNorm)
      let memory = norm(memories[i], &tape)
      golden.check(memory.tensor, "mid/memory_norm.\(task)")
      for (n, block) in cascade.decoders[i].blocks.enumerated() {
        let name = "mid/decoders.\(task).blocks.\(n)"
        golden.check(block.attention(block.norm1(state, &tape), over: memory, &tape).tensor, "\(name).attn")
        state = block(state, over: memory, &tape)
        golden.check(state.tensor, name)
      }
    }
  }

  /// 0.5 box + 0.5 landmark + 1.5 expression.
  private func loss(_ output: MTCAEOutput, _ golden: GoldenFile, _ tape: inout Tape) throws -> Value {
    let box = tape.meanSquared(output.box, Value(golden("in/box")))
    let landmark = tape.meanSquared(output.landmark, Value(golden("in/landmark")))
    let expression = tape.crossEntropy(output.expression, labels: golden.integers("in/labels"))
    golden.check(box.tensor, "loss/box_mse")
    golden.check(landmark.tensor, "loss/landmark_mse")
    golden.check(expression.tensor, "loss/expression_ce")
    let weights =
      golden.config("loss_weights") as? [String: Double] ?? ["box": 0.5, "landmark": 0.5, "expression": 1.5]
    let total = tape.weightedSum(
      try [("box", box), ("landmark", landmark), ("expression", expression)].map {
        (Float(try #require(weights[$0.0])), $0.1)
      })
    golden.check(total.tensor, "loss/total")
    return total
  }

  private func checkGradients(_ gradients: [Tensor?], _ store: ParameterStore, _ golden: GoldenFile) throws {
    for (name, gradient) in zip(store.names, gradients) {
      golden.check(try #require(gradient, "\(name)"), "grad/\(name)")
    }
  }
}
