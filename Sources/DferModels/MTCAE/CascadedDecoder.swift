import DferTensor

/// One decoder of MTCAE: the previous task's tokens ask, the encoder's projected tokens answer.
package struct CascadedDecoder: Sendable {
  /// Shared by all blocks; each block has its own norm for the asking side.
  let memoryNorm: LayerNorm?
  let blocks: [Block]

  /// Pre-norm block with cross-attention: [batch, tokens, width] -> the same shape.
  struct Block: Sendable {
    let norm1, norm2: LayerNorm
    let attention: CrossAttention
    let mlp: MLP

    func callAsFunction(_ state: Value, over memory: Value, _ tape: inout Tape) -> Value {
      let h = tape.add(state, attention(norm1(state, &tape), over: memory, &tape))
      return tape.add(h, mlp(norm2(h, &tape), &tape))
    }
  }

  package init(_ config: CascadeConfig, at path: String, in store: inout ParameterStore) {
    let (width, epsilon) = (config.decoderHiddenSize, config.layerNormEps)
    memoryNorm = config.memoryNorm ? LayerNorm(width, epsilon: epsilon, at: "\(path).memory_norm", in: &store) : nil
    var blocks: [Block] = []
    for i in 0..<config.decoderNumHiddenLayers {
      let path = "\(path).blocks.\(i)"
      blocks.append(
        Block(
          norm1: LayerNorm(width, epsilon: epsilon, at: "\(path).norm1", in: &store),
          norm2: LayerNorm(width, epsilon: epsilon, at: "\(path).norm2", in: &store),
          attention: CrossAttention(
            width, heads: config.decoderNumAttentionHeads, headWidth: config.decoderHeadDim, at: "\(path).attn",
            in: &store),
          mlp: MLP(
            width, hidden: config.decoderIntermediateSize, activatesOutput: config.variant == .notebook,
            at: "\(path).mlp", in: &store)))
    }
    self.blocks = blocks
  }

  /// State and memory [batch, tokens, width] -> the next state, of the same shape.
  package func callAsFunction(_ state: Value, over memory: Value, _ tape: inout Tape) -> Value {
    let memory = memoryNorm.map { $0(memory, &tape) } ?? memory
    var state = state
    for block in blocks { state = block(state, over: memory, &tape) }
    return state
  }
}

/// Turns a decoder's tokens into one vector per clip or per temporal index, and that into answers.
package struct Head: Sendable {
  let norm: LayerNorm
  let output: Linear
  let pooling: CascadeConfig.Pooling
  let variant: CascadeConfig.Variant

  package init(
    _ config: CascadeConfig, outputs: Int, pooling: CascadeConfig.Pooling, at path: String,
    in store: inout ParameterStore
  ) {
    norm = LayerNorm(config.decoderHiddenSize, epsilon: config.layerNormEps, at: "\(path).norm", in: &store)
    output = Linear(config.decoderHiddenSize, outputs, at: "\(path).fc", in: &store)
    self.pooling = pooling
    variant = config.variant
  }

  /// [batch, tokens, width] -> the normed means [batch, width], or [batch, temporalSize, width] when pooling over temporal indices.
  func pooled(_ tokens: Value, tokensPerTemporalIndex: Int, _ tape: inout Tape) -> Value {
    let group = pooling == .temporalIndex ? tokensPerTemporalIndex : tokens.shape[1]
    func mean(_ x: Value, _ tape: inout Tape) -> Value {
      pooling == .clip ? tape.meanOfTokens(x) : tape.meanTokens(x, groupsOf: group)
    }
    switch variant {
    case .flowChart: return mean(norm(tokens, &tape), &tape)
    case .notebook: return norm(mean(tokens, &tape), &tape)
    }
  }
}
