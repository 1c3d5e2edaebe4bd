import DferTensor
import DferTestSupport
import Foundation
import Testing

@testable import DferModels

/// CrossViT against timm, and the cross-task network against a reference that shares timm's parts.
@Suite struct CrossTaskViTTests {
  @Test func trunkReadsAndLearnsAsTimm() throws {
    let golden = try GoldenFile("crossvit.safetensors")
    let config: CrossViTConfig = try golden.config()
    #expect(config.faults.isEmpty)
    var store = ParameterStore()
    let trunk = CrossViT(config, in: &store)
    let norms = [0, 1].map { LayerNorm(config.widths[$0], epsilon: config.layerNormEps, at: "norm.\($0)", in: &store) }
    let heads = [0, 1].map { Linear(config.widths[$0], golden.integer("num_labels"), at: "head.\($0)", in: &store) }
    try golden.load(&store, from: CrossViT.timmName)

    var tape = Tape(store, recording: true)
    let branches = trunk(Value(golden("in/image")), &tape)
    var logits: [Value] = []
    for i in 0..<2 {
      golden.check(branches[i].tensor, "mid/blocks.\(config.depth.count - 1).out.\(i)")
      let token = tape.reshape(tape.slice(branches[i], 0..<1), [branches[i].shape[0], config.widths[i]])
      logits.append(heads[i](norms[i](token, &tape), &tape))
      golden.check(logits[i].tensor, "out/logits.\(i)")
    }
    let mean = tape.weightedSum(logits.map { (0.5, $0) })
    golden.check(mean.tensor, "out/logits")
    let loss = tape.crossEntropy(mean, labels: golden.integers("in/labels"))
    golden.check(loss.tensor, "loss/cross_entropy")
    try golden.checkGradients(tape.gradients(of: loss).parameters, store, names: CrossViT.timmName)
  }

  private func network(_ golden: GoldenFile) throws -> (CrossTaskViT, ParameterStore) {
    let classes = try #require(golden.config("classes") as? [String: Int])
    var store = ParameterStore()
    let network = CrossTaskViT(
      try golden.config(), classes: CrossTaskViT.tasks.map { classes[$0] ?? 0 }, in: &store)
    try golden.load(&store, from: CrossViT.timmName)
    return (network, store)
  }

  @Test func tasksReadAsTheReference() throws {
    let golden = try GoldenFile("cross_task_vit.safetensors")
    let (network, store) = try network(golden)
    var tape = Tape(store)
    let images = Value(golden("in/image"))
    let shared = network.trunk(images, &tape)
    let states = network.taskStates(shared, &tape)
    for (task, name) in CrossTaskViT.tasks.enumerated() {
      for branch in 0..<2 {
        golden.check(shared[branch].tensor, "mid/shared.\(branch)")
        golden.check(states[task][branch].tensor, "mid/task.\(name).\(branch)")
        golden.check(
          network.exchanged(states, task, branch, &tape).tensor, "mid/exchanged.\(name).\(branch)")
      }
    }
    for (exchange, place) in [
      (CrossTaskConfig.Exchange.both, ""), (.none, "no_exchange."), (.expression, "only_expression_reads."),
    ] {
      let predictions = network(images, exchange: exchange, &tape)
      for (prediction, name) in zip(predictions, CrossTaskViT.tasks) {
        golden.check(prediction.tensor, "out/\(place)\(name)")
      }
    }
  }

  @Test func tasksLearnAsTheReference() throws {
    let golden = try GoldenFile("cross_task_vit.safetensors")
    let (network, store) = try network(golden)
    var tape = Tape(store, recording: true)
    let predictions = network(Value(golden("in/image")), exchange: .both, &tape)
    let losses = zip(predictions, CrossTaskViT.tasks).map { prediction, name in
      let loss = tape.crossEntropy(prediction, labels: golden.integers("in/\(name)_labels"))
      golden.check(loss.tensor, "loss/\(name)_ce")
      return (Float(1), loss)
    }
    let total = tape.weightedSum(losses)
    golden.check(total.tensor, "loss/total")
    let partial = tape.weightedSum(
      zip(predictions, CrossTaskViT.tasks).map { prediction, name in
        (1, tape.crossEntropy(prediction, labels: golden.integers("in/\(name)_labels_partial")))
      })
    golden.check(partial.tensor, "loss/partial_labels_total")
    try golden.checkGradients(tape.gradients(of: total).parameters, store, names: CrossViT.timmName)
  }

  @Test func sizesThatDoNotFitAreNamed() throws {
    let golden = try GoldenFile("crossvit.safetensors")
    var config: CrossViTConfig = try golden.config()
    let (patch, heads) = (config.imageSize - 1, config.widths[1] - 1)
    (config.patchSizes[0], config.heads[1]) = (patch, heads)
    #expect(
      config.faults == [
        "config: patch_sizes: \(patch) does not divide \(config.imageSize)",
        "config: widths: \(config.widths[1]) is not \(heads) equal heads",
      ])
  }
}
