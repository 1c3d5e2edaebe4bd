import DferTensor

/// What MTCAE says about each clip. Boxes and points are 0...1 of the crop.
package struct MTCAEOutput: Sendable {
  /// [batch, 4 * frames], or [batch, temporalSize, 4 * tubelet] when pooled per temporal index: centre x, centre y, width, height.
  package let box: Value
  /// [batch, 2 * points * frames], or [batch, temporalSize, 2 * points * tubelet] when pooled per temporal index: x, y.
  package let landmark: Value
  /// [batch, labels]: logits.
  package let expression: Value
  /// [batch, blendshapes] before the sigmoid; nil when the network has no such head.
  package let blendshape: Value?
  /// What the landmark decoder leaves, [batch, tokens, decoder width]: a further decoder asks with it.
  package let landmarkState: Value
}

/// MTCAE's three decoders and their heads: face box, then landmarks, then expression. arXiv 2412.18988.
package struct Cascade: Sendable {
  /// One per task in variant F, one for all in variant N.
  let projections: [Linear]
  let decoders: [CascadedDecoder]
  let box, landmark, expression: Head
  /// Reads the expression head's normed vector.
  let blendshape: Linear?

  static let tasks = ["box", "landmark", "expression"]

  package init(_ config: CascadeConfig, in store: inout ParameterStore) {
    let (inputs, width) = (config.hiddenSize, config.decoderHiddenSize)
    switch config.variant {
    case .flowChart: projections = Self.tasks.map { Linear(inputs, width, at: "projections.\($0)", in: &store) }
    case .notebook: projections = [Linear(inputs, width, bias: false, at: "projection", in: &store)]
    }
    decoders = Self.tasks.map { CascadedDecoder(config, at: "decoders.\($0)", in: &store) }
    let pooling = config.headPooling
    box = Head(config, outputs: config.boxOutputs, pooling: pooling.box, at: "heads.box", in: &store)
    landmark = Head(
      config, outputs: config.landmarkOutputs, pooling: pooling.landmark, at: "heads.landmark", in: &store)
    expression = Head(
      config, outputs: config.numLabels, pooling: pooling.expression, at: "heads.expression", in: &store)
    blendshape =
      config.numBlendshapes > 0
      ? Linear(width, config.numBlendshapes, at: "heads.blendshape.fc", in: &store) : nil
  }

  /// Encoder tokens [batch, tokens, width] -> answers.
  /// - Parameter tokensPerTemporalIndex: tokens of one temporal index; all have equally many.
  package func callAsFunction(_ tokens: Value, tokensPerTemporalIndex: Int, _ tape: inout Tape) -> MTCAEOutput {
    let memories = self.memories(tokens, &tape)
    // The first decoder has no task before it and starts from its own memory.
    let boxState = decoders[0](memories[0], over: memories[0], &tape)
    let landmarkState = decoders[1](boxState, over: memories[1], &tape)
    let expressionState = decoders[2](landmarkState, over: memories[2], &tape)
    let face = expression.pooled(expressionState, tokensPerTemporalIndex: tokensPerTemporalIndex, &tape)
    return MTCAEOutput(
      box: box.output(box.pooled(boxState, tokensPerTemporalIndex: tokensPerTemporalIndex, &tape), &tape),
      landmark: landmark.output(
        landmark.pooled(landmarkState, tokensPerTemporalIndex: tokensPerTemporalIndex, &tape), &tape),
      expression: expression.output(face, &tape),
      blendshape: blendshape.map { $0(face, &tape) }, landmarkState: landmarkState)
  }

  /// The encoder's tokens as each task sees them.
  func memories(_ tokens: Value, _ tape: inout Tape) -> [Value] {
    if projections.count == 1 {
      return [Value](repeating: projections[0](tokens, &tape), count: Self.tasks.count)
    }
    return projections.map { $0(tokens, &tape) }
  }
}
