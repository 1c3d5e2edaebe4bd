import DferTensor

/// VideoMAE with a linear classifier on the mean of all tokens.
package struct VideoMAEClassifier: Sendable {
  package var encoder: VideoMAEEncoder
  let norm: LayerNorm
  let head: Linear

  package init(_ config: VideoMAEConfig, in store: inout ParameterStore) {
    encoder = VideoMAEEncoder(config, norm: false, in: &store)
    norm = LayerNorm(config.hiddenSize, epsilon: config.fcNormEps, at: "fc_norm", in: &store)
    head = Linear(config.hiddenSize, config.numLabels, at: "head", in: &store)
  }

  /// Clips [batch, channels, frames, height, width] -> logits [batch, labels].
  package func callAsFunction(_ clips: Tensor, kept: [[Int]]? = nil, _ tape: inout Tape) -> Value {
    head(pooled(encoder(clips, kept: kept, &tape), &tape), &tape)
  }

  /// Tokens [batch, tokens, width] -> the normed mean [batch, width].
  func pooled(_ tokens: Value, _ tape: inout Tape) -> Value {
    norm(tape.meanOfTokens(tokens), &tape)
  }
}

extension Tape {
  /// The mean of all tokens of each clip: [batch, tokens, width] -> [batch, width].
  package mutating func meanOfTokens(_ x: Value) -> Value {
    reshape(meanTokens(x, groupsOf: x.shape[1]), [x.shape[0], x.shape[2]])
  }
}
