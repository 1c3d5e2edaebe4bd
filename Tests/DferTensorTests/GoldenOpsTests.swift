import DferTensor
import DferTestSupport
import Testing

/// Every file of golden/ops: forward numbers and, through the tape, all gradients.
@Suite struct GoldenOpsTests {
  /// An operation under test: makes its outputs (by golden name) from inputs (by golden name, gradients wanted).
  struct Case {
    let file: GoldenFile
    var store = ParameterStore()
    var training = false
    /// Golden names of the weights that are parameters.
    var weights: [String: Parameter] = [:]

    init(_ name: String, weights names: [String] = []) throws {
      file = try GoldenFile("ops/\(name).safetensors")
      for name in names where file.has("w/\(name)") {
        let tensor = file("w/\(name)")
        let parameter = store.declare(name, shape: tensor.shape)
        store[parameter] = tensor
        weights[name] = parameter
      }
    }

    /// Runs `body` and compares outputs, losses and gradients. `adapt` turns a golden input into the operation's layout
    /// and `restore` a result back.
    func check(
      inputs names: [String], adapt: (Tensor) -> Tensor = { $0 }, restore: (Tensor) -> Tensor = { $0 },
      statistics: [String] = [], body: (inout Tape, [Value], [String: Parameter]) -> [String: Value]
    ) {
      var tape = Tape(store, recording: true, training: training)
      let inputs = names.map { tape.input(adapt(file("in/\($0)"))) }
      let outputs = body(&tape, inputs, weights)
      var seeds: [(value: Value, factor: Tensor)] = []
      for (name, value) in outputs {
        let loss = file.has("loss/\(name)")
        let back = value.shape.count == 3 ? restore(value.tensor) : value.tensor
        let excess = file.excess(back, loss ? "loss/\(name)" : "out/\(name)")
        #expect(excess <= 1, "\(name): \(excess) times the limit")
        if loss {
          seeds.append((value, Tensor([1], shape: [])))
        } else if file.has("in/cotangent.\(name)") {
          let factor = file("in/cotangent.\(name)")
          seeds.append((value, value.shape.count == 3 ? adapt(factor) : factor))
        }
      }
      for (name, update) in zip(statistics, tape.statistics) {
        #expect(file.excess(update.tensor, "out/\(name)") <= 1, "\(name)")
      }
      let gradients = tape.gradients(from: seeds, inputs: inputs)
      for (name, gradient) in zip(names, gradients.inputs) where file.has("grad/in/\(name)") {
        let excess = file.excess(gradient.map(restore), "grad/in/\(name)")
        #expect(excess <= 1, "gradient of \(name): \(excess) times the limit")
      }
      for (index, name) in store.names.enumerated() where file.has("grad/\(name)") {
        let excess = file.excess(gradients.parameters[index], "grad/\(name)")
        #expect(excess <= 1, "gradient of \(name): \(excess) times the limit")
      }
    }
  }

  @Test(arguments: ["linear_bias", "linear_no_bias"])
  func linear(name: String) throws {
    try Case(name, weights: ["weight", "bias"]).check(inputs: ["x"]) { tape, x, w in
      ["y": tape.linear(x[0], w["weight"]!, w["bias"])]
    }
  }

  @Test(arguments: [
    "attention_cross", "attention_one_key", "attention_one_query", "attention_peaked", "attention_self",
  ])
  func attention(name: String) throws {
    let run = try Case(name)
    let heads = run.file.integer("heads")
    run.check(inputs: ["q", "k", "v"], adapt: joinHeads, restore: { splitHeads($0, heads) }) { tape, x, _ in
      [
        "y": tape.attention(x[0], x[1], x[2], heads: heads),
        "probs": tape.attentionWeights(x[0], x[1], heads: heads),
      ]
    }
  }

  @Test(arguments: ["layer_norm_a", "layer_norm_b", "layer_norm_large_mean", "layer_norm_tiny_values"])
  func layerNorm(name: String) throws {
    let run = try Case(name, weights: ["weight", "bias"])
    let epsilon = Float(run.file.number("eps"))
    run.check(inputs: ["x"]) { tape, x, w in
      ["y": tape.layerNorm(x[0], w["weight"]!, w["bias"]!, epsilon: epsilon)]
    }
  }

  @Test(arguments: ["batch_norm_eval", "batch_norm_train", "batch_norm_train_2d"])
  func batchNorm(name: String) throws {
    var run = try Case(name, weights: ["weight", "bias", "running_mean", "running_var"])
    run.training = name != "batch_norm_eval"
    let (epsilon, momentum) = (Float(run.file.number("eps")), Float(run.file.number("torch_momentum")))
    run.check(inputs: ["x"], statistics: ["running_mean", "running_var"]) { tape, x, w in
      [
        "y": tape.batchNorm(
          x[0], w["weight"]!, w["bias"]!, mean: w["running_mean"]!, variance: w["running_var"]!, epsilon: epsilon,
          momentum: momentum)
      ]
    }
  }

  @Test(arguments: ["gelu", "gelu_extremes"])
  func gelu(name: String) throws {
    try Case(name).check(inputs: ["x"]) { tape, x, _ in ["y": tape.gelu(x[0])] }
  }

  @Test(arguments: ["softmax_a", "softmax_large", "softmax_one"])
  func softmax(name: String) throws {
    try Case(name).check(inputs: ["x"]) { tape, x, _ in
      ["softmax": tape.softmax(x[0]), "log_softmax": tape.logSoftmax(x[0])]
    }
  }

  @Test(arguments: [
    "conv2d_5x5_stride3", "conv2d_depthwise_dilated", "conv2d_depthwise_same", "conv2d_dilated_same", "conv2d_groups",
    "conv2d_keras_same_stride2_even", "conv2d_keras_same_stride2_odd", "conv2d_pointwise", "conv2d_stride2",
  ])
  func conv2d(name: String) throws {
    let run = try Case(name, weights: ["weight", "bias"])
    let padding: Padding = run.file.config("padding") is String ? .same : .all(run.file.integer("padding"))
    let file = run.file
    run.check(inputs: ["x"]) { tape, x, w in
      [
        "y": tape.conv2d(
          x[0], w["weight"]!, w["bias"], stride: file.integer("stride"), padding: padding,
          dilation: file.integer("dilation"), groups: file.integer("groups"))
      ]
    }
  }

  @Test(arguments: ["conv_transpose_same_a", "conv_transpose_same_b", "conv_transpose_torch_pad1"])
  func convTranspose(name: String) throws {
    let run = try Case(name, weights: ["weight", "bias"])
    let stride = run.file.integer("stride")
    let crop: Padding = run.file.config("padding") is String ? .same : .all(run.file.integer("padding"))
    run.check(inputs: ["x"]) { tape, x, w in
      ["y": tape.convTranspose2d(x[0], w["weight"]!, w["bias"], stride: stride, crop: crop)]
    }
  }

  @Test(arguments: ["max_pool_2x2", "max_pool_2x2_odd", "max_pool_3x3_pad"])
  func maxPool(name: String) throws {
    let run = try Case(name)
    let file = run.file
    run.check(inputs: ["x"]) { tape, x, _ in
      [
        "y": tape.maxPool2d(
          x[0], kernel: file.integer("kernel"), stride: file.integer("stride"), padding: file.integer("padding"))
      ]
    }
  }

  @Test(arguments: ["channel_shuffle_a", "channel_shuffle_b"])
  func channelShuffle(name: String) throws {
    let run = try Case(name)
    let groups = run.file.integer("groups")
    run.check(inputs: ["x"]) { tape, x, _ in ["y": tape.channelShuffle(x[0], groups: groups)] }
  }

  @Test(arguments: ["pwfs_a", "pwfs_b"])
  func topTwoOfThree(name: String) throws {
    try Case(name).check(inputs: ["x"]) { tape, x, _ in ["y": tape.topTwoOfThreeMean(x[0])] }
  }

  @Test func tubeletEmbedding() throws {
    let run = try Case("tubelet_embed", weights: ["weight", "bias"])
    let stride = try #require(run.file.config("stride") as? [Int])
    run.check(inputs: ["x"]) { tape, x, w in
      ["tokens": tape.linear(tape.tubelets(x[0], tubelet: stride[0], patch: stride[1]), w["weight"]!, w["bias"])]
    }
  }

  @Test(arguments: ["a", "b", "c"])
  func sineTables(name: String) throws {
    let file = try GoldenFile("ops/sine_table_1d_\(name).safetensors")
    let table = sineTable(positions: file.integer("positions"), width: file.integer("width"))
    #expect(file.excess(table, "out/table") <= 1)
  }

  @Test(arguments: ["a", "b"])
  func sineTables2D(name: String) throws {
    let file = try GoldenFile("ops/sine_table_2d_\(name).safetensors")
    let table = sineTable2D(
      grid: file.integer("grid"), width: file.integer("width"),
      classToken: try #require(file.config("class_token") as? Bool))
    #expect(file.excess(table, "out/table") <= 1)
  }

  @Test(arguments: [
    "cross_entropy", "cross_entropy_ignore", "cross_entropy_large_logits", "cross_entropy_smooth",
    "cross_entropy_weighted_smooth",
  ])
  func crossEntropy(name: String) throws {
    let run = try Case(name)
    let file = run.file
    let smoothing = Float((file.config("label_smoothing") as? Double) ?? 0)
    run.check(inputs: ["logits"]) { tape, x, _ in
      [
        "value": tape.crossEntropy(
          x[0], labels: file.integers("in/labels"), smoothing: smoothing,
          classWeights: file.has("w/class_weights") ? file("w/class_weights").values : nil)
      ]
    }
  }

  @Test func crossEntropySoftTargets() throws {
    let run = try Case("cross_entropy_soft_targets")
    run.check(inputs: ["logits"]) { tape, x, _ in
      ["value": tape.crossEntropy(x[0], targets: run.file("w/targets"))]
    }
  }

  @Test func meanSquared() throws {
    try Case("mse").check(inputs: ["x", "target"]) { tape, x, _ in ["value": tape.meanSquared(x[0], x[1])] }
  }

  @Test(arguments: ["smooth_l1_a", "smooth_l1_b"])
  func smoothL1(name: String) throws {
    let run = try Case(name)
    let beta = Float(run.file.number("beta"))
    run.check(inputs: ["x", "target"]) { tape, x, _ in ["value": tape.smoothL1(x[0], x[1], beta: beta)] }
  }

  @Test func giou() throws {
    try Case("giou_loss").check(inputs: ["a", "b"]) { tape, x, _ in ["value": tape.giou(x[0], x[1])] }
  }
}

/// [batch, heads, rows, d] -> [batch, rows, heads * d].
private func joinHeads(_ x: Tensor) -> Tensor {
  guard x.shape.count == 4 else { return x }
  let (b, h, n, d) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
  var y = Tensor(zeros: [b, n, h * d])
  for i in x.values.indices {
    let (s, head, row, c) = (i / (h * n * d), i / (n * d) % h, i / d % n, i % d)
    y.values[((s * n + row) * h + head) * d + c] = x.values[i]
  }
  return y
}

private func splitHeads(_ x: Tensor, _ h: Int) -> Tensor {
  let (b, n, d) = (x.shape[0], x.shape[1], x.shape[2] / h)
  var y = Tensor(zeros: [b, h, n, d])
  for i in x.values.indices {
    let (s, row, head, c) = (i / (h * n * d), i / (h * d) % n, i / d % h, i % d)
    y.values[((s * h + head) * n + row) * d + c] = x.values[i]
  }
  return y
}
