import DferTensor

/// Cuts images, or what a stem makes of them, into square patches and maps each to a token.
struct ImageEmbedding: Sendable {
  /// [width, channels, patch, patch] and [width], as a convolution stores them.
  let weight, bias: Parameter
  let patch: Int

  init(_ width: Int, channels: Int, patch: Int, at path: String, in store: inout ParameterStore) {
    weight = store.declare("\(path).proj.weight", shape: [width, channels, patch, patch])
    bias = store.declare("\(path).proj.bias", shape: [width])
    self.patch = patch
  }

  /// Images [batch, channels, side, side] -> tokens [batch, rows * columns, width], row by row.
  func callAsFunction(_ images: Value, _ tape: inout Tape) -> Value {
    let s = images.shape
    let frames = tape.reshape(images, [s[0], s[1], 1, s[2], s[3]])
    return tape.linear(tape.tubelets(frames, tubelet: 1, patch: patch), weight, bias)
  }
}

/// A token asks a row of tokens that begins with itself: x[0] + attention(norm(x)), without a layer behind.
struct TokenAttention: Sendable {
  let norm: LayerNorm
  let attention: CrossAttention

  init(_ width: Int, heads: Int, epsilon: Double, at path: String, in store: inout ParameterStore) {
    norm = LayerNorm(width, epsilon: epsilon, at: "\(path).norm1", in: &store)
    attention = CrossAttention(width, heads: heads, headWidth: width / heads, at: "\(path).attn", in: &store)
  }

  /// `token` [batch, 1, width] and `others` [batch, tokens, width] -> [batch, 1, width].
  func callAsFunction(_ token: Value, over others: Value, _ tape: inout Tape) -> Value {
    let all = norm(tape.concatTokens(token, others), &tape)
    return tape.add(token, attention(tape.slice(all, 0..<1), over: all, &tape))
  }
}
