import DferTensor
import DferTestSupport
import Foundation
import Testing

@testable import DferModels

@Suite(.enabled(if: Shared.hasGolden)) struct MTCAETests {
  @Test func flowChartVariantMatches() throws {
    let golden = try Golden("mtcae")
    var store = ParameterStore()
    let model = MTCAE(try golden.config(), in: &store)
    try golden.load(&store)
    let clips = try golden.tensor("in/pixel_values")
    var tape = Tape(store, recording: true)
    try golden.check(model.encoder.patches(clips, &tape).tensor, "mid/encoder.patch_embed")
    let tokens = model.encoder(clips, &tape)
    try golden.check(tokens.tensor, "mid/encoder.norm")
    try checkCascade(model.cascade, tokens, golden, &tape)

    let output = model(clips, &tape)
    try golden.check(output.box.tensor, "out/box")
    try golden.check(output.landmark.tensor, "out/landmark")
    try golden.check(output.expression.tensor, "out/expression")
    #expect(output.blendshape == nil)
    let loss = try loss(output, golden, &tape)
    try checkGradients(tape.gradients(of: loss).parameters, store, golden)
  }

  @Test func memoryNormCanBeLeftOut() throws {
    let golden = try Golden("mtcae")
    var config: MTCAEConfig = try golden.config()
    config.cascade.memoryNorm = false
    var store = ParameterStore()
    let model = MTCAE(config, in: &store)
    try golden.load(&store, ignoring: { $0.contains("memory_norm") })
    var tape = Tape(store)
    let output = model(try golden.tensor("in/pixel_values"), &tape)
    try golden.check(output.box.tensor, "out/no_memory_norm.box")
    try golden.check(output.landmark.tensor, "out/no_memory_norm.landmark")
    try golden.check(output.expression.tensor, "out/no_memory_norm.expression")
  }

  @Test func notebookVariantMatches() throws {
    let golden = try Golden("mtcae_notebook_decoders")
    var store = ParameterStore()
    let cascade = Cascade(try golden.config(), in: &store)
    try golden.load(&store)
    var tape = Tape(store, recording: true)
    let tokens = Value(try golden.tensor("in/tokens"))
    try golden.check(cascade.projections[0](tokens, &tape).tensor, "mid/projection")
    try checkCascade(cascade, tokens, golden, &tape)

    let output = cascade(tokens, tokensPerSlot: 9, &tape)
    try golden.check(output.box.tensor, "out/box")
    try golden.check(output.landmark.tensor, "out/landmark")
    try golden.check(output.expression.tensor, "out/expression")
    let loss = try loss(output, golden, &tape)
    try checkGradients(tape.gradients(of: loss).parameters, store, golden)
  }

  @Test func configsSurviveARoundTrip() throws {
    let config: MTCAEConfig = try Golden("mtcae").config()
    #expect(config.faults.isEmpty)
    #expect(config.trunk.intermediateSize == 64)
    let again = try JSONDecoder().decode(MTCAEConfig.self, from: JSONEncoder().encode(config))
    #expect(again == config)
  }

  @Test func faultyConfigsAreNamed() throws {
    var config: MTCAEConfig = try Golden("mtcae").config()
    config.trunk.numAttentionHeads = 5
    config.cascade.boxOutputs = 8
    #expect(config.faults.count == 1)
    config.trunk.numAttentionHeads = 4
    #expect(config.faults == ["config: box_outputs 8 are not 4 for each of 4 frames"])
    config.trunk.hiddenSize = .max
    #expect(config.faults.first?.contains("hidden_size") == true)
  }

  /// Every block of the three decoders.
  private func checkCascade(_ cascade: Cascade, _ tokens: Value, _ golden: Golden, _ tape: inout Tape) throws {
    let memories = cascade.memories(tokens, &tape)
    var state = memories[0]
    for (i, task) in Cascade.tasks.enumerated() {
      if golden.file.contains("mid/memory.\(task)") { try golden.check(memories[i].tensor, "mid/memory.\(task)") }
      let norm = try #require(cascade.decoders[i].memoryNorm)
      let memory = norm(memories[i], &tape)
      try golden.check(memory.tensor, "mid/memory_norm.\(task)")
      for (n, block) in cascade.decoders[i].blocks.enumerated() {
        let name = "mid/decoders.\(task).blocks.\(n)"
        try golden.check(block.attention(block.norm1(state, &tape), over: memory, &tape).tensor, "\(name).attn")
        state = block(state, over: memory, &tape)
        try golden.check(state.tensor, name)
      }
    }
  }

  /// 0.5 box + 0.5 landmark + 1.5 expression.
  private func loss(_ output: MTCAEOutput, _ golden: Golden, _ tape: inout Tape) throws -> Value {
    let box = tape.meanSquared(output.box, Value(try golden.tensor("in/box")))
    let landmark = tape.meanSquared(output.landmark, Value(try golden.tensor("in/landmark")))
    let expression = tape.crossEntropy(output.expression, labels: try golden.file.integers("in/labels"))
    try golden.check(box.tensor, "loss/box_mse")
    try golden.check(landmark.tensor, "loss/landmark_mse")
    try golden.check(expression.tensor, "loss/expression_ce")
    let total = tape.weightedSum([(0.5, box), (0.5, landmark), (1.5, expression)])
    try golden.check(total.tensor, "loss/total")
    return total
  }

  private func checkGradients(_ gradients: [Tensor?], _ store: ParameterStore, _ golden: Golden) throws {
    for (name, gradient) in zip(store.names, gradients) {
      try golden.check(try #require(gradient, "\(name)"), "grad/\(name)")
    }
  }
}
