import DferModels
import DferTensor
import DferTestSupport
import Foundation
import Testing

@testable import DferTraining

@Suite struct OptimiserGoldenTests {
  @Test(arguments: ["adam_keras", "adamw_keras"]) func kerasFormsMatch(_ name: String) throws {
    let golden = try GoldenFile("optim/\(name).safetensors")
    var store = try weights(golden, ["w", "b"])
    let plan = ParameterPlan(store, weightDecay: golden.number("weight_decay"))
    var optimiser = AdamW(store, plan, .keras)
    let scales = [1, Float(golden.number("gradient_scale_of_b"))]
    var rows = store.tensors.map(\.values)
    for _ in 0..<golden.integer("steps") {
      optimiser.update(&store, gradients(golden, store, scales), rate: golden.number("lr"))
      for index in rows.indices { rows[index] += store.tensors[index].values }
    }
    check(rows, golden, store)
  }

  @Test func groupsAndScheduleMatch() throws {
    let golden = try GoldenFile("optim/adamw_groups.safetensors")
    let names = try #require(golden.config("parameters") as? [String])
    var store = try weights(golden, names)
    var options = ParameterPlan.Options()
    options.weightDecay = golden.number("weight_decay")
    options.layerDecay = golden.number("layer_decay")
    options.withoutDecay = Set(try #require(golden.config("no_decay") as? [String]))
    let plan = ParameterPlan(store, options)
    #expect(golden.excess(row(plan.entries.map(\.rate)), "out/lr_scale") <= 1)
    #expect(golden.excess(row(plan.entries.map(\.weightDecay)), "out/weight_decay") <= 1)

    let schedule = WarmupCosine(
      base: golden.number("base_lr"), start: golden.number("warmup_start"), minimum: golden.number("min_lr"),
      warmupSteps: golden.integer("warmup_steps"), steps: golden.integer("steps"))
    #expect(golden.excess(row((0..<schedule.steps).map(schedule.rate)), "out/learning_rate") <= 1)

    var optimiser = AdamW(store, plan)
    var rows = store.tensors.map(\.values)
    for step in 0..<schedule.steps {
      optimiser.update(&store, gradients(golden, store), rate: schedule.rate(step))
      for index in rows.indices { rows[index] += store.tensors[index].values }
    }
    check(rows, golden, store)
  }

  @Test(arguments: ["clipped", "untouched"]) func clippingMatches(_ name: String) throws {
    let golden = try GoldenFile("optim/clip_global_norm.safetensors")
    let limits = try #require(golden.config("max_norm") as? [String: Any])
    var gradients: [Tensor?] = ["a", "b", "c"].map { golden("in/grad.\($0)") } + [nil]
    let norm = Gradients.clip(&gradients, to: try #require((limits[name] as? NSNumber)?.doubleValue))
    #expect(golden.excess(Tensor([Float(norm)], shape: []), "out/\(name).norm") <= 1)
    for (gradient, part) in zip(gradients, ["a", "b", "c"]) {
      #expect(golden.excess(gradient, "out/\(name).\(part)") <= 1)
    }
  }

  @Test func averageMatches() throws {
    let golden = try GoldenFile("optim/ema.safetensors")
    let all = golden("in/weights")
    let shape = Array(all.shape.dropFirst())
    let size = shape.reduce(1, *)
    func weights(_ step: Int) -> Tensor { Tensor(Array(all.values[step * size..<(step + 1) * size]), shape: shape) }
    var store = ParameterStore()
    let parameter = store.declare("w", shape: shape)
    store[parameter] = weights(0)
    var average = MovingAverage(store, decay: golden.number("decay"))
    var rows = average.tensors[0].values
    for step in 1...golden.integer("steps") {
      store[parameter] = weights(step)
      average.update(store)
      rows += average.tensors[0].values
    }
    #expect(golden.excess(Tensor(rows, shape: all.shape), "out/ema") <= 1)
    #expect(average.applied(to: store)[parameter] == average.tensors[0])
  }

  @Test func tenStepsOfTheCascadeMatch() throws {
    let golden = try GoldenFile("mtcae_training.safetensors")
    let start = try GoldenFile("mtcae.safetensors")
    let config = try JSONDecoder().decode(MTCAEConfig.self, from: Data(try #require(start.metadata["config"]).utf8))
    var store = ParameterStore()
    let model = MTCAE(config, in: &store)
    try store.load(start.file, from: { .tensor("w/" + $0) }, ignoring: { !$0.hasPrefix("w/") })
    let before = store
    var optimiser = AdamW(store, ParameterPlan(store, weightDecay: golden.number("weight_decay")))
    let truth = CascadeTargets(
      box: .init(start("in/box")), landmark: .init(start("in/landmark")),
      expression: .labels(start.integers("in/labels")))
    var rows: [Float] = []
    for step in 0...golden.integer("steps") {
      var tape = Tape(store, recording: true, training: true)
      let loss = CascadeLoss()(model(start("in/pixel_values"), &tape), truth, &tape)
      rows += [loss.total, loss.box, loss.landmark, loss.expression].map { $0.tensor.values[0] }
      guard step < golden.integer("steps") else { break }
      optimiser.update(&store, tape.gradients(of: loss.total).parameters, rate: golden.number("lr"))
    }
    #expect(golden.excess(Tensor(rows, shape: [golden.integer("steps") + 1, 4]), "loss/steps") <= 1)
    for name in golden.file.names where name.hasPrefix("out/change.") {
      let parameter = try #require(store.parameter(named: String(name.dropFirst("out/change.".count))))
      let change = zip(store[parameter].values, before[parameter].values).map { $0 - $1 }
      #expect(golden.excess(Tensor(change, shape: store[parameter].shape), name) <= 1, "\(name)")
    }
  }

  private func weights(_ golden: GoldenFile, _ names: [String]) throws -> ParameterStore {
    var store = ParameterStore()
    for name in names {
      let tensor = golden("w/\(name)")
      store[store.declare(name, shape: tensor.shape)] = tensor
    }
    return store
  }

  /// Of 0.5 * curvature * (p - target)^2, summed.
  private func gradients(_ golden: GoldenFile, _ store: ParameterStore, _ scales: [Float]? = nil) -> [Tensor?] {
    store.names.indices.map { index in
      let name = store.names[index]
      let (weight, curvature, target) = (
        store.tensors[index], golden("in/curvature.\(name)"), golden("in/target.\(name)")
      )
      let scale = scales?[index] ?? 1
      let values = weight.values.indices.map {
        scale * curvature.values[$0] * (weight.values[$0] - target.values[$0])
      }
      return Tensor(values, shape: weight.shape)
    }
  }

  private func check(_ rows: [[Float]], _ golden: GoldenFile, _ store: ParameterStore) {
    for (name, values) in zip(store.names, rows) {
      let shape = golden.file.shape(of: "out/steps.\(name)") ?? []
      #expect(golden.excess(Tensor(values, shape: shape), "out/steps.\(name)") <= 1, "\(name)")
    }
  }

  private func row(_ values: [Double]) -> Tensor { Tensor(values.map(Float.init), shape: [values.count]) }
}

@Suite struct OptimiserTests {
  @Test func frozenAndUnreachedParametersStay() {
    var store = ParameterStore()
    for name in ["encoder.norm.weight", "heads.box.fc.weight", "unused"] {
      store[store.declare(name, shape: [2])] = Tensor([1, 2], shape: [2])
    }
    var options = ParameterPlan.Options()
    options.frozen = ["encoder."]
    options.rates = ["heads.": 4]
    let plan = ParameterPlan(store, options)
    #expect(plan.entries.map(\.isFrozen) == [true, false, false])
    #expect(plan.entries.map(\.rate) == [1, 4, 1])
    var optimiser = AdamW(store, plan)
    let ones = Tensor([1, 1], shape: [2])
    optimiser.update(&store, [ones, ones, nil], rate: 0.1)
    #expect(store.tensors[0].values == [1, 2])
    #expect(store.tensors[1].values.map { ($0 * 1000).rounded() } == [600, 1600])
    #expect(store.tensors[2].values == [1, 2])
  }

  @Test func decodersDoNotCountAsEncoderBlocks() {
    #expect(ParameterPlan.layer(of: "encoder.blocks.3.mlp.fc1.weight", depth: 10) == 4)
    #expect(ParameterPlan.layer(of: "encoder.patch_embed.proj.bias", depth: 10) == 0)
    #expect(ParameterPlan.layer(of: "encoder.norm.weight", depth: 10) == 11)
    #expect(ParameterPlan.layer(of: "decoders.box.blocks.0.norm1.weight", depth: 10) == 11)
  }

  @Test func plateauLowersTheRateOnlyAfterPatience() {
    var plateau = Plateau(rate: 1, factor: 0.5, patience: 2, minimum: 0.3)
    #expect([3, 2, 2, 2, 1, 1, 1, 1, 1].map { plateau.next(loss: $0) } == [1, 1, 1, 0.5, 0.5, 0.5, 0.3, 0.3, 0.3])
  }

  @Test func warmupMayBeLeftOut() {
    let schedule = WarmupCosine(base: 1, warmupSteps: 0, steps: 4)
    #expect(schedule.rate(0) == 1)
    #expect(abs(schedule.rate(2) - 0.5) < 1e-12)
    #expect(abs(schedule.rate(9)) < 1e-12)
  }
}
