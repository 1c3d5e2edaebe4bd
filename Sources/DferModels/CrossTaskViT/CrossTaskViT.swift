import DferTensor

/// Sizes of a `CrossTaskViT`.
package struct CrossTaskConfig: Sendable, Hashable, Codable {
  /// Who looks at the other task's patches.
  package enum Exchange: String, Sendable, Hashable, Codable, CaseIterable {
    case none
    case expression
    case both
  }

  package var trunk: CrossViTConfig
  package var exchange: Exchange

  package init(_ trunk: CrossViTConfig, exchange: Exchange = .both) { (self.trunk, self.exchange) = (trunk, exchange) }

  enum CodingKeys: String, CodingKey { case exchange }

  package init(from decoder: any Decoder) throws {
    trunk = try CrossViTConfig(from: decoder)
    exchange =
      try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(Exchange.self, forKey: .exchange) ?? .both
  }

  package func encode(to encoder: any Encoder) throws {
    try trunk.encode(to: encoder)
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(exchange, forKey: .exchange)
  }
}

/// Cross-task multi-branch vision transformer: expression and mask wearing from one image. After arXiv 2404.14606,
/// whose text says no sizes; the trunk is CrossViT's, and the second phase is our reading of the abstract.
///
/// Both tasks share the trunk. Then each task has a block of its own over [its token, patches] in each branch, and its
/// token looks at the other task's patches, in the form of CrossViT's own exchange between branches.
package struct CrossTaskViT: Sendable {
  static let tasks = ["expression", "mask"]

  let config: CrossTaskConfig
  let trunk: CrossViT
  /// By task, then branch.
  let blocks: [[EncoderBlock]]
  let exchanges: [[TokenAttention]]
  let norms: [[LayerNorm]]
  let heads: [[Linear]]

  /// - Parameter classes: of expression and mask.
  package init(_ config: CrossTaskConfig, classes: [Int], in store: inout ParameterStore) {
    self.config = config
    let (sizes, epsilon) = (config.trunk, config.trunk.layerNormEps)
    trunk = CrossViT(sizes, at: "shared.", in: &store)
    func each<T>(_ part: String, _ make: (String, Int, Int) -> T) -> [[T]] {
      Self.tasks.indices.map { task in
        [0, 1].map { branch in make("\(part).\(Self.tasks[task]).\(branch)", task, branch) }
      }
    }
    blocks = each("task_blocks") { path, _, branch in
      EncoderBlock(
        sizes.widths[branch], heads: sizes.heads[branch], hidden: sizes.hidden(of: branch), epsilon: epsilon, at: path,
        in: &store)
    }
    exchanges = each("exchange") { path, _, branch in
      TokenAttention(sizes.widths[branch], heads: sizes.heads[branch], epsilon: epsilon, at: path, in: &store)
    }
    norms = each("norm") { path, _, branch in
      LayerNorm(sizes.widths[branch], epsilon: epsilon, at: path, in: &store)
    }
    heads = each("head") { path, task, branch in
      Linear(sizes.widths[branch], classes[task], at: path, in: &store)
    }
  }

  /// Images [batch, channels, side, side] -> logits of each task, [batch, classes].
  package func callAsFunction(_ images: Value, exchange: CrossTaskConfig.Exchange, _ tape: inout Tape) -> [Value] {
    let shared = trunk(images, &tape)
    let states = taskStates(shared, &tape)
    var predictions: [Value] = []
    for task in Self.tasks.indices {
      let asks = exchange == .both || (exchange == .expression && task == 0)
      var logits: [Value] = []
      for branch in 0..<2 {
        var token = tape.slice(states[task][branch], 0..<1)
        // Both directions read the state from before the exchange.
        if asks { token = exchanged(states, task, branch, &tape) }
        let row = tape.reshape(norms[task][branch](token, &tape), [token.shape[0], token.shape[2]])
        logits.append(heads[task][branch](row, &tape))
      }
      predictions.append(tape.weightedSum(logits.map { (0.5, $0) }))
    }
    return predictions
  }

  /// [task][branch]: [batch, 1 + patches, width] after the task's own block. The task's token begins as a copy of the
  /// branch's class token: the tasks differ by their weights only.
  func taskStates(_ shared: [Value], _ tape: inout Tape) -> [[Value]] {
    var states: [[Value]] = []
    for task in blocks {
      var branches: [Value] = []
      for (block, x) in zip(task, shared) { branches.append(block(x, &tape)) }
      states.append(branches)
    }
    return states
  }

  func exchanged(_ states: [[Value]], _ task: Int, _ branch: Int, _ tape: inout Tape) -> Value {
    let (own, other) = (states[task][branch], states[1 - task][branch])
    return exchanges[task][branch](
      tape.slice(own, 0..<1), over: tape.slice(other, 1..<other.shape[1]), &tape)
  }
}

extension CrossTaskViT: ImageNetwork {
  init(_ config: CrossTaskConfig, numLabels: Int, in store: inout ParameterStore) {
    self.init(config, classes: [numLabels, 2], in: &store)
  }

  package func callAsFunction(_ images: Value, _ tape: inout Tape) -> ImageOutput {
    let predictions = self(images, exchange: config.exchange, &tape)
    return ImageOutput(expression: predictions[0], mask: predictions[1])
  }

  package var stem: (path: String, widths: [Int])? { config.trunk.stemWidths.map { ("shared.stem", $0) } }

  package var expressionBiases: [String] { ["head.expression.0.bias", "head.expression.1.bias"] }

  package func forInference(_ weights: ParameterStore) -> (network: any ImageNetwork, weights: ParameterStore) {
    (self, weights)
  }

  package func initialize(_ weights: inout ParameterStore, random: inout RandomSource) {
    TransformerInitialization.fill(&weights, random: &random)
  }
}
