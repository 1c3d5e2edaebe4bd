import DferTensor

/// Two products with the exact (erf) GELU between them; variant N of MTCAE has a second GELU behind them.
package struct MLP: Sendable {
  let first, second: Linear
  let activatesOutput: Bool

  package init(
    _ width: Int, hidden: Int, activatesOutput: Bool = false, at path: String, in store: inout ParameterStore
  ) {
    first = Linear(width, hidden, at: "\(path).fc1", in: &store)
    second = Linear(hidden, width, at: "\(path).fc2", in: &store)
    self.activatesOutput = activatesOutput
  }

  package func callAsFunction(_ x: Value, _ tape: inout Tape) -> Value {
    let y = second(first.withGELU(x, &tape), &tape)
    return activatesOutput ? tape.gelu(y) : y
  }
}

/// Pre-norm transformer block: [batch, tokens, width] -> the same shape.
package struct EncoderBlock: Sendable {
  let norm1, norm2: LayerNorm
  let attention: SelfAttention
  let mlp: MLP

  package init(
    _ width: Int, heads: Int, hidden: Int, epsilon: Double, at path: String, in store: inout ParameterStore
  ) {
    norm1 = LayerNorm(width, epsilon: epsilon, at: "\(path).norm1", in: &store)
    attention = SelfAttention(width, heads: heads, at: "\(path).attn", in: &store)
    norm2 = LayerNorm(width, epsilon: epsilon, at: "\(path).norm2", in: &store)
    mlp = MLP(width, hidden: hidden, at: "\(path).mlp", in: &store)
  }

  /// `count` blocks of one size, named `path.0`, `path.1` and so on.
  static func stack(
    _ count: Int, _ width: Int, heads: Int, hidden: Int, epsilon: Double, at path: String,
    in store: inout ParameterStore
  ) -> [EncoderBlock] {
    (0..<count).map {
      EncoderBlock(width, heads: heads, hidden: hidden, epsilon: epsilon, at: "\(path).\($0)", in: &store)
    }
  }

  package func callAsFunction(_ x: Value, _ tape: inout Tape) -> Value {
    let h = tape.add(x, attention(norm1(x, &tape), &tape))
    return tape.add(h, mlp(norm2(h, &tape), &tape))
  }
}

/// Cuts clips into tubelets (a few frames deep, a square patch wide) and maps each to a token.
package struct PatchEmbedding: Sendable {
  /// [width, channels, tubelet, patch, patch] and [width], as a three-dimensional convolution stores them.
  let weight, bias: Parameter
  let tubelet, patch: Int

  package init(_ config: VideoMAEConfig, at path: String, in store: inout ParameterStore) {
    // Behind a stem one cell of its maps is one patch.
    let channels = config.stemWidths?.last ?? config.numChannels
    patch = config.stemWidths == nil ? config.patchSize : 1
    tubelet = config.tubeletSize
    weight = store.declare("\(path).proj.weight", shape: [config.hiddenSize, channels, tubelet, patch, patch])
    bias = store.declare("\(path).proj.bias", shape: [config.hiddenSize])
  }

  /// Clips [batch, channels, frames, height, width] -> tokens [batch, temporalSize * rows * columns, width], in the order time,
  /// then row, then column.
  ///
  /// - Parameter kept: for each clip the tokens to make, as in `VideoMAEEncoder`; nil for all.
  package func callAsFunction(_ clips: Value, kept: [[Int]]? = nil, _ tape: inout Tape) -> Value {
    let patches = tape.tubelets(clips, tubelet: tubelet, patch: patch)
    return tape.linear(kept.map { tape.gatherTokens(patches, $0) } ?? patches, weight, bias)
  }
}
