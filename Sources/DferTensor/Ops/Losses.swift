import Foundation

/// Losses are scalars: their tensors have shape [].
extension Tape {
  /// Cross-entropy of softmax(logits) with labels, averaged over the labelled rows.
  ///
  /// - Parameters:
  ///   - logits: [rows, classes].
  ///   - labels: one class per row, or `ignored` for a row that counts for nothing.
  ///   - smoothing: this share of the target is spread evenly over all classes.
  ///   - classWeights: one factor per class. As in torch, the sum is then divided by the factors of the labels.
  package mutating func crossEntropy(
    _ logits: Value, labels: [Int], smoothing: Float = 0, classWeights: [Float]? = nil, ignoring ignored: Int = -1
  ) -> Value {
    let classes = logits.tensor.columns
    precondition(
      labels.count == logits.tensor.rows && labels.allSatisfy { $0 == ignored || 0..<classes ~= $0 },
      "crossEntropy: the labels do not fit logits of shape \(logits.shape)")
    var targets = Tensor(zeros: logits.shape)
    var total: Float = 0
    for (row, label) in labels.enumerated() where label != ignored {
      for c in 0..<classes {
        let share = (c == label ? 1 - smoothing : 0) + smoothing / Float(classes)
        targets.values[row * classes + c] = share * (classWeights?[c] ?? 1)
      }
      total += classWeights?[label] ?? 1
    }
    return crossEntropy(logits, targets, divisor: total)
  }

  /// Cross-entropy with soft targets [rows, classes], averaged over all rows.
  package mutating func crossEntropy(_ logits: Value, targets: Tensor) -> Value {
    precondition(targets.shape == logits.shape, "crossEntropy: targets \(targets.shape), logits \(logits.shape)")
    return crossEntropy(logits, targets, divisor: Float(logits.tensor.rows))
  }

  /// sum(-t log p) / divisor; 0 when the divisor is 0, because no row has a label.
  private mutating func crossEntropy(_ logits: Value, _ targets: Tensor, divisor: Float) -> Value {
    let classes = logits.tensor.columns
    let p = Kernels.softmax(logits.tensor)
    let inverse = divisor > 0 ? 1 / divisor : 0
    var sum = 0.0
    var gradient = p
    for row in 0..<logits.tensor.rows {
      let range = row * classes..<(row + 1) * classes
      let x = logits.tensor.values[range]
      let t = targets.values[range]
      let top = x.max() ?? 0
      let logSum = Double(top) + log(x.reduce(0.0) { $0 + exp(Double($1 - top)) })
      let mass = t.reduce(0, +)
      for i in range {
        sum += Double(t[i]) * (logSum - Double(x[i]))
        gradient.values[i] = (p.values[i] * mass - t[i]) * inverse
      }
    }
    return scalar(Float(sum) * inverse, [(logits, gradient)])
  }

  /// Binary cross-entropy of sigmoid(logits) with targets in 0...1: the mean, or with `weights` the weighted mean. A
  /// weight of 0 takes a number without a label out.
  package mutating func binaryCrossEntropy(_ logits: Value, targets: Tensor, weights: Tensor? = nil) -> Value {
    precondition(targets.count == logits.tensor.count, "binaryCrossEntropy: \(targets.shape), logits \(logits.shape)")
    let total = weights?.values.reduce(0, +) ?? Float(targets.count)
    let inverse = total > 0 ? 1 / total : 0
    return pointwise(logits, inverse: inverse) { i, x in
      let weight = weights?.values[i] ?? 1
      let t = targets.values[i]
      let small = exp(-abs(x))
      let p = x >= 0 ? 1 / (1 + small) : small / (1 + small)
      return (weight * (max(x, 0) - x * t + log1p(small)), weight * (p - t))
    }
  }

  /// The mean of (x - target)^2.
  package mutating func meanSquared(_ x: Value, _ target: Value) -> Value {
    difference(x, target) { ($0 * $0, 2 * $0) }
  }

  /// The mean of 0.5 d^2 / beta for |d| < beta, else |d| - 0.5 beta, with d = x - target.
  package mutating func smoothL1(_ x: Value, _ target: Value, beta: Float = 1) -> Value {
    difference(x, target) { d in
      abs(d) < beta ? (0.5 * d * d / beta, d / beta) : (abs(d) - 0.5 * beta, d < 0 ? -1 : 1)
    }
  }

  // MARK: Parts

  /// The mean of a function of x - target; the function also gives its slope.
  private mutating func difference(_ x: Value, _ target: Value, _ body: (Float) -> (Float, Float)) -> Value {
    precondition(x.shape == target.shape, "shapes \(x.shape) and \(target.shape) differ")
    let inverse = 1 / Float(max(1, x.tensor.count))
    var sum = 0.0
    var gradient = x.tensor
    for i in x.tensor.values.indices {
      let (value, slope) = body(x.tensor.values[i] - target.tensor.values[i])
      sum += Double(value)
      gradient.values[i] = slope * inverse
    }
    return scalar(Float(sum) * inverse, [(x, gradient), (target, Kernels.scale(gradient, by: -1))])
  }

  private mutating func pointwise(_ x: Value, inverse: Float, _ body: (Int, Float) -> (Float, Float)) -> Value {
    var sum = 0.0
    var gradient = x.tensor
    for i in x.tensor.values.indices {
      let (value, slope) = body(i, x.tensor.values[i])
      sum += Double(value)
      gradient.values[i] = slope * inverse
    }
    return scalar(Float(sum) * inverse, [(x, gradient)])
  }

  /// A scalar whose gradients for its inputs are known already.
  mutating func scalar(_ value: Float, _ gradients: [(input: Value, gradient: Tensor)]) -> Value {
    let y = Tensor([value], shape: [])
    guard gradients.contains(where: { $0.input.node != nil }) else { return Value(y) }
    return record(y) { dy, adjoints in
      for (input, gradient) in gradients {
        adjoints.add(Kernels.scale(gradient, by: dy.values[0]), to: input)
      }
    }
  }
}
