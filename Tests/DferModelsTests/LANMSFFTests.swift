import DferTensor
import DferTestSupport
import Foundation
import Testing

@testable import DferModels

/// LANMSFF against the reference, which agrees with the authors' notebook.
@Suite struct LANMSFFTests {
  private func network(_ golden: GoldenFile, dropout: Float = 0) throws -> (LANMSFF, ParameterStore) {
    var store = ParameterStore()
    let network = LANMSFF(numLabels: golden.integer("num_labels"), dropout: dropout, in: &store)
    try store.load(golden.file, from: { .tensor("w/\($0)") }, ignoring: { !$0.hasPrefix("w/") })
    return (network, store)
  }

  @Test func hasAsManyNumbersAsPublished() throws {
    let golden = try GoldenFile("lanmsff.safetensors")
    let (_, store) = try network(golden)
    #expect(store.count == golden.integer("parameters_total"))
    // The paper's figure is for eight classes.
    var published = ParameterStore()
    _ = LANMSFF(numLabels: 8, in: &published)
    #expect(published.count == 358_563)
  }

  @Test func readsAsTheReference() throws {
    let golden = try GoldenFile("lanmsff.safetensors")
    let (network, store) = try network(golden)
    let images = Value(golden("in/image"))
    var tape = Tape(store)
    let one = network.block1(images, &tape)
    golden.check(tape.slice(one, 0..<4).tensor, "mid/eval.block1_first4")
    let two = network.block2(one, &tape)
    golden.check(two.tensor, "mid/eval.block2")
    let three = network.block3(two, &tape)
    golden.check(three.tensor, "mid/eval.block3")
    golden.check(network.block4(three, &tape).tensor, "mid/eval.block4")
    golden.check(network.features(images, &tape).tensor, "mid/eval.features")
    let logits: Value = network(images, &tape)
    golden.check(logits.tensor, "out/logits_eval")
    golden.check(tape.softmax(logits).tensor, "out/probs_eval")
    golden.check(
      tape.crossEntropy(logits, labels: golden.integers("in/labels")).tensor, "loss/cross_entropy_eval")
  }

  @Test func learnsAsTheReference() throws {
    let golden = try GoldenFile("lanmsff.safetensors")
    let gradients = try GoldenFile("lanmsff_grads.safetensors")
    let (network, store) = try network(golden)
    var tape = Tape(store, recording: true, training: true)
    let logits: Value = network(Value(golden("in/image")), &tape)
    golden.check(logits.tensor, "out/logits_train")
    let loss = tape.crossEntropy(logits, labels: golden.integers("in/labels"))
    golden.check(loss.tensor, "loss/cross_entropy_train")
    for (parameter, tensor) in tape.statistics { golden.check(tensor, "out/bn.\(store.name(of: parameter))") }
    let found = tape.gradients(of: loss).parameters
    for (name, gradient) in zip(store.names, found) where !name.contains("running_") {
      gradients.check(try #require(gradient, "\(name)"), "grad/\(name)")
    }
  }

  /// A folded network has no norms left and says the same.
  @Test func foldsItsNorms() throws {
    let golden = try GoldenFile("lanmsff.safetensors")
    let (network, store) = try network(golden)
    let (folded, weights) = LANMSFF.folded(network, store)
    #expect(!weights.names.contains { $0.contains("running_") || $0.contains("bn") })
    var tape = Tape(weights)
    golden.check((folded(Value(golden("in/image")), &tape) as Value).tensor, "out/logits_eval")
  }

  @Test func dropoutActsOnlyWhileTraining() throws {
    let golden = try GoldenFile("lanmsff.safetensors")
    let (network, store) = try network(golden, dropout: 0.4)
    var first = Tape(store)
    var second = Tape(store, training: true, random: RandomSource(seed: 1))
    let images = Value(golden("in/image"))
    golden.check((network(images, &first) as Value).tensor, "out/logits_eval")
    #expect(golden.excess((network(images, &second) as Value).tensor, "out/logits_train") > 1)
  }
}
