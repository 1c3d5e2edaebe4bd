import DferModels
import DferTensor

/// What a batch should have been read as. A part without labels, or a sample without one, counts for nothing.
package struct CascadeTargets: Sendable {
  /// Numbers for a head, one row for each sample.
  package struct Numbers: Sendable {
    /// As many numbers for each sample as the head gives, in its order.
    package var tensor: Tensor
    /// Which samples have a label; nil: all.
    package var isKnown: [Bool]?

    package init(_ tensor: Tensor, isKnown: [Bool]? = nil) {
      (self.tensor, self.isKnown) = (tensor, isKnown)
    }
  }

  package enum Expression: Sendable {
    /// One class for each sample, -1 for none.
    case labels([Int])
    /// [batch, labels], as shares of votes, with a factor for each sample; 0 takes a sample out.
    case shares(Tensor, weights: [Float])
  }

  package var box, landmark: Numbers?
  package var expression: Expression?
  /// 0...1.
  package var blendshape: Numbers?

  package init(
    box: Numbers? = nil, landmark: Numbers? = nil, expression: Expression? = nil, blendshape: Numbers? = nil
  ) {
    (self.box, self.landmark, self.expression, self.blendshape) = (box, landmark, expression, blendshape)
  }
}

/// The cascade's loss: 0.5 box + 0.5 landmarks + 1.5 expression, as published (arXiv 2412.18988). Box and points by mean
/// squared error, expressions by cross-entropy, each averaged over the samples that have such a label.
package struct CascadeLoss: Sendable, Hashable, Codable {
  package var boxWeight: Float = 0.5
  package var landmarkWeight: Float = 0.5
  package var expressionWeight: Float = 1.5
  /// Binary cross-entropy of the blendshapes, where there are any. Not in the paper.
  package var blendshapeWeight: Float = 0.5
  /// How far a box or a point is off.
  package var localization = LocalizationLoss.squared
  /// This share of an expression's target is spread evenly over all classes.
  package var smoothing: Float = 0
  /// One factor per class; nil: all count alike.
  package var classWeights: [Float]?
  /// See `SoftLabelLoss.temperature`; nil: 1.
  package var distillationTemperature: Float?

  /// Measures of wrong places; all in 0...1 of the crop.
  package enum LocalizationLoss: String, Sendable, Hashable, Codable, CaseIterable {
    /// Mean squared error, as published. Its gradient fades where a place is nearly right.
    case squared
    /// Smooth L1 with a bend at a fiftieth of the crop: goes on pulling until a place is right.
    case smooth
  }

  /// Names in checkpoints, which stay when properties are renamed.
  private enum CodingKeys: String, CodingKey {
    case boxWeight, landmarkWeight, expressionWeight, blendshapeWeight, smoothing, classWeights
    case distillationTemperature
    case localization = "places"
  }

  package init() {}

  /// Each part before its weight, and their weighted sum; all are scalars.
  package struct Parts: Sendable {
    package let total, box, landmark, expression, blendshape: Value
  }

  /// - Parameters:
  ///   - factors: on the four weights, in the order box, landmarks, expression, blendshapes; nil: 1 each.
  ///   - adjustment: added to the expression's logits; see `ClassPrior`.
  package func callAsFunction(
    _ output: MTCAEOutput, _ targets: CascadeTargets, factors: [Float]? = nil, adjustment: [Float]? = nil,
    _ tape: inout Tape
  ) -> Parts {
    let box = localizationError(output.box, targets.box, &tape)
    let landmark = localizationError(output.landmark, targets.landmark, &tape)
    let logits = tape.adjusted(output.expression, by: adjustment)
    let expression = targets.expression.map { crossEntropy(logits, $0, &tape) } ?? Self.zero
    let blendshape = output.blendshape.map { binary($0, targets.blendshape, &tape) } ?? Self.zero
    let weights = [boxWeight, landmarkWeight, expressionWeight, blendshapeWeight]
    let factors = factors ?? [Float](repeating: 1, count: weights.count)
    let total = tape.weightedSum(
      zip(zip(weights, factors).map { $0 * $1 }, [box, landmark, expression, blendshape]).map { ($0, $1) })
    return Parts(total: total, box: box, landmark: landmark, expression: expression, blendshape: blendshape)
  }

  private static let zero = Value(Tensor([0], shape: []))

  private func localizationError(_ output: Value, _ target: CascadeTargets.Numbers?, _ tape: inout Tape) -> Value {
    guard let target else { return Self.zero }
    var wanted = target.tensor.reshaped(output.shape)
    guard let known = target.isKnown else { return error(output, wanted, &tape) }
    let count = known.count { $0 }
    guard count > 0 else { return Self.zero }
    // Where nothing is known the answer itself is the target: no error, no gradient.
    let size = wanted.count / known.count
    for (sample, isKnown) in known.enumerated() where !isKnown {
      let range = sample * size..<(sample + 1) * size
      wanted.values.replaceSubrange(range, with: output.tensor.values[range])
    }
    return tape.scale(error(output, wanted, &tape), by: Float(known.count) / Float(count))
  }

  private func error(_ output: Value, _ wanted: Tensor, _ tape: inout Tape) -> Value {
    switch localization {
    case .squared: tape.meanSquared(output, Value(wanted))
    case .smooth: tape.smoothL1(output, Value(wanted), beta: 0.02)
    }
  }

  private func crossEntropy(_ logits: Value, _ target: CascadeTargets.Expression, _ tape: inout Tape) -> Value {
    switch target {
    case .labels(let labels):
      return tape.crossEntropy(logits, labels: labels, smoothing: smoothing, classWeights: classWeights)
    case .shares(let shares, let weights):
      let loss = SoftLabelLoss(
        smoothing: smoothing, classWeights: classWeights, temperature: distillationTemperature ?? 1)
      return loss(logits, shares, weights: weights, &tape)
    }
  }

  private func binary(_ logits: Value, _ target: CascadeTargets.Numbers?, _ tape: inout Tape) -> Value {
    guard let target else { return Self.zero }
    let weights = target.isKnown.map { known in
      let size = target.tensor.count / known.count
      return Tensor(known.flatMap { [Float](repeating: $0 ? 1 : 0, count: size) }, shape: target.tensor.shape)
    }
    return tape.binaryCrossEntropy(logits, targets: target.tensor.reshaped(logits.shape), weights: weights)
  }
}

extension Tape {
  /// Logits [batch, labels] with one number for each label added in every row; as they are without numbers.
  mutating func adjusted(_ logits: Value, by offsets: [Float]?) -> Value {
    guard let offsets else { return logits }
    let rows = [[Float]](repeating: offsets, count: logits.tensor.rows).flatMap { $0 }
    return add(logits, Value(Tensor(rows, shape: logits.shape)))
  }
}
