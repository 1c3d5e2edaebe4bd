import DferTensor

/// Weights of several losses that move towards the tasks that are learned worst, without a number to choose: a small layer
/// over the shared features says how much each task counts, and learns beside the network. Ming et al., "Dynamic
/// Multi-Task Learning for Face Recognition with Facial Expression" (arXiv 1911.03281).
///
/// The paper compares losses of one kind. Ours are squared distances and cross-entropies, so each is taken over what it
/// was at first.
package struct TaskWeighting: Sendable, Equatable {
  /// [tasks, width] and [tasks].
  var weights: ParameterStore
  var optimiser: AdamW
  /// Losses of the first step in which each task had labels; 0 before that.
  var first: [Float]

  init(tasks: Int, width: Int, random: inout RandomSource) {
    weights = ParameterStore()
    let weight = weights.declare("fc.weight", shape: [tasks, width])
    _ = weights.declare("fc.bias", shape: [tasks])
    weights[weight] = Tensor((0..<tasks * width).map { _ in 0.1 * random.normal() }, shape: [tasks, width])
    optimiser = AdamW(weights, ParameterPlan(weights, weightDecay: 0))
    first = [Float](repeating: 0, count: tasks)
  }

  /// One factor for each task; their mean is 1.
  ///
  /// - Parameter features: what all tasks share, [batch, width]. Their length does not matter.
  func factors(_ features: Tensor) -> [Float] {
    let shares = shares(features)
    let (rows, tasks) = (features.shape[0], first.count)
    return (0..<tasks).map { task in
      Float(tasks) * (0..<rows).reduce(0) { $0 + shares[$1 * tasks + task] } / Float(rows)
    }
  }

  /// Learns from the losses of a step: minimises the sum of share over loss, which gives most to the largest loss. Tasks
  /// without labels in this step have a loss of 0 and are passed over.
  mutating func learn(_ features: Tensor, losses: [Float], rate: Double) {
    for task in losses.indices where first[task] == 0 { first[task] = losses[task] }
    let (rows, tasks, width) = (features.shape[0], first.count, features.columns)
    let pulls = losses.indices.map { first[$0] > 0 && losses[$0] > 0 ? 1 / (losses[$0] / first[$0] + 0.01) : 0 }
    let (shares, unit) = (shares(features), Self.unit(features))
    var weight = [Float](repeating: 0, count: tasks * width)
    var bias = [Float](repeating: 0, count: tasks)
    for row in 0..<rows {
      let share = shares[row * tasks..<(row + 1) * tasks]
      let known = zip(share, pulls).filter { $0.1 > 0 }
      let mean = known.reduce(0) { $0 + $1.0 * $1.1 } / max(1e-6, known.reduce(0) { $0 + $1.0 })
      for (task, p) in share.enumerated() where pulls[task] > 0 {
        let slope = p * (pulls[task] - mean) / Float(rows)
        bias[task] += slope
        for i in 0..<width { weight[task * width + i] += slope * unit[row * width + i] }
      }
    }
    optimiser.update(
      &weights, [Tensor(weight, shape: [tasks, width]), Tensor(bias, shape: [tasks])], rate: rate)
  }

  /// softmax over the tasks, [batch * tasks].
  private func shares(_ features: Tensor) -> [Float] {
    var tape = Tape(weights)
    let unit = Value(Tensor(Self.unit(features), shape: features.shape))
    let parameters = Array(weights.parameters)
    return tape.softmax(tape.linear(unit, parameters[0], parameters[1])).tensor.values
  }

  /// Rows of length 1.
  private static func unit(_ features: Tensor) -> [Float] {
    let width = features.columns
    return (0..<features.shape[0]).flatMap { row in
      let values = features.values[row * width..<(row + 1) * width]
      let length = max(1e-6, values.reduce(0) { $0 + $1 * $1 }.squareRoot())
      return values.map { $0 / length }
    }
  }

  // MARK: File

  /// All that a later run needs to go on with.
  var tensors: [(name: String, tensor: Tensor)] {
    let parts = [("weight", weights.tensors), ("first", optimiser.first), ("second", optimiser.second)]
    return parts.flatMap { part, list in zip(weights.names, list).map { ("\(part)/\($0)", $1) } }
      + [("losses", Tensor(first, shape: [first.count]))]
  }

  /// The same weighting where a file left it; `step` is that of the network's own optimiser.
  /// - Throws: `CheckpointError` when a part is missing or of another size.
  func resumed(_ step: Int, _ tensor: (String) throws -> Tensor) throws -> TaskWeighting {
    var next = self
    for (index, parameter) in weights.parameters.enumerated() {
      let name = weights.names[index]
      next.weights[parameter] = try tensor("weight/\(name)")
      next.optimiser.first[index] = try tensor("first/\(name)")
      next.optimiser.second[index] = try tensor("second/\(name)")
    }
    next.first = try tensor("losses").values
    next.optimiser.step = step
    return next
  }

  package static func == (a: Self, b: Self) -> Bool {
    a.weights.tensors == b.weights.tensors && a.optimiser == b.optimiser && a.first == b.first
  }
}
