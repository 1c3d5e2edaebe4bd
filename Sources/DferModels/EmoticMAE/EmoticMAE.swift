import DferTensor

/// Emotic masked autoencoder: an MAE encoder reads the face and, in its early blocks, a second view that shows only the
/// eyes and the mouth; attention fuses the two. arXiv 2403.13039, whose text does not give the fusion's layers: query,
/// keys and values are normed, and so is the sum.
package struct EmoticMAE: Sendable {
  package let config: EmoticMAEConfig
  let encoder: ImageEncoder
  let pooledNorm: LayerNorm
  let queryNorm, memoryNorm, sumNorm: LayerNorm
  let attention: CrossAttention
  /// nil for networks that do not need it.
  let concatHead, meanHead: Linear?

  /// - Parameter allHeads: for tests: a head for each way of joining.
  package init(
    _ config: EmoticMAEConfig, numLabels: Int, allHeads: Bool = false, in store: inout ParameterStore
  ) {
    self.config = config
    let (width, epsilon) = (config.hiddenSize, config.layerNormEps)
    encoder = ImageEncoder(config, in: &store)
    pooledNorm = LayerNorm(width, epsilon: epsilon, at: "fc_norm", in: &store)
    queryNorm = LayerNorm(width, epsilon: epsilon, at: "fusion.norm_q", in: &store)
    memoryNorm = LayerNorm(width, epsilon: epsilon, at: "fusion.norm_kv", in: &store)
    attention = CrossAttention(
      width, heads: config.fusionHeads, headWidth: width / config.fusionHeads, at: "fusion.attn", in: &store)
    sumNorm = LayerNorm(width, epsilon: epsilon, at: "fusion.norm", in: &store)
    concatHead =
      allHeads || config.fusion == .concat ? Linear(2 * width, numLabels, at: "head_concat", in: &store) : nil
    meanHead = allHeads || config.fusion != .concat ? Linear(width, numLabels, at: "head_mean", in: &store) : nil
  }

  /// What the two views say together.
  struct Views: Sendable {
    let main, auxiliary, fused: Value
    /// [batch, width], the class tokens left out.
    let pooledMain, pooledFused: Value
  }

  /// Both views [batch, 3, side, side].
  func views(_ main: Value, _ auxiliary: Value, _ tape: inout Tape) -> Views {
    let tokens = encoder.run(encoder.embed(main, &tape), blocks: config.numHiddenLayers, &tape)
    let low = encoder.run(encoder.embed(auxiliary, &tape), blocks: config.auxBlock, &tape)
    let memory = memoryNorm(tape.concatTokens(tokens, low), &tape)
    let fused = sumNorm(tape.add(tokens, attention(queryNorm(tokens, &tape), over: memory, &tape)), &tape)
    return Views(
      main: tokens, auxiliary: low, fused: fused, pooledMain: pooledNorm(pooled(tokens, &tape), &tape),
      pooledFused: pooled(fused, &tape))
  }

  /// The mean of the patch tokens.
  private func pooled(_ tokens: Value, _ tape: inout Tape) -> Value {
    tape.meanOfTokens(tape.slice(tokens, 1..<tokens.shape[1]))
  }

  /// Logits [batch, labels].
  func logits(_ views: Views, _ fusion: EmoticMAEConfig.Fusion, _ tape: inout Tape) -> Value {
    switch fusion {
    case .concat:
      guard let concatHead else { preconditionFailure("EmoticMAE: made without a head for concat") }
      return concatHead(tape.concatColumns([views.pooledFused, views.pooledMain]), &tape)
    case .mean: return mean(tape.weightedSum([(0.5, views.pooledFused), (0.5, views.pooledMain)]), &tape)
    case .attention: return mean(views.pooledFused, &tape)
    case .none: return mean(views.pooledMain, &tape)
    }
  }

  private func mean(_ pooled: Value, _ tape: inout Tape) -> Value {
    guard let meanHead else { preconditionFailure("EmoticMAE: made without a head for one vector") }
    return meanHead(pooled, &tape)
  }

  /// Images [batch, 3 or 6, side, side] -> logits [batch, labels]; the auxiliary view's colours follow the main one's.
  package func callAsFunction(_ images: Value, _ tape: inout Tape) -> Value {
    guard config.fusion != .none else {
      let tokens = encoder.run(encoder.embed(images, &tape), blocks: config.numHiddenLayers, &tape)
      return mean(pooledNorm(pooled(tokens, &tape), &tape), &tape)
    }
    let (main, auxiliary) = (tape.slice(images, 0..<3), tape.slice(images, 3..<6))
    return logits(views(main, auxiliary, &tape), config.fusion, &tape)
  }

  /// Where parameters lie in files whose fusion has one map for keys and values, and a bias for the blocks' keys too.
  static func fileName(_ name: String) -> TensorSource {
    for (ours, part) in [("attn.q_bias", 0), ("attn.v_bias", 2)] where name.hasSuffix(ours) {
      return .rows(name.dropLast(ours.count) + "attn.qkv.bias", part: part, of: 3)
    }
    for (letter, part) in [("k", 0), ("v", 1)] where name.contains(".attn.\(letter).") {
      return .rows(name.replacing(".attn.\(letter).", with: ".attn.kv."), part: part, of: 2)
    }
    return .tensor(name)
  }
}
