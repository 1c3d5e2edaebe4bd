import DferTensor

/// Self-attention in VideoMAE's form: one product makes queries, keys and values, and keys have no bias (a bias there
/// adds the same number to every score of a query, which softmax takes away again).
package struct SelfAttention: Sendable {
  /// [3 width, width]: rows of the queries, then keys, then values; inside each by head.
  let weight: Parameter
  let queryBias, valueBias: Parameter
  let output: Linear
  let heads: Int

  package init(_ width: Int, heads: Int, at path: String, in store: inout ParameterStore) {
    precondition(width.isMultiple(of: heads), "\(path): width \(width) is not a multiple of \(heads) heads")
    weight = store.declare("\(path).qkv.weight", shape: [3 * width, width])
    queryBias = store.declare("\(path).q_bias", shape: [width])
    valueBias = store.declare("\(path).v_bias", shape: [width])
    output = Linear(width, width, at: "\(path).proj", in: &store)
    self.heads = heads
  }

  /// [batch, tokens, width] -> the same shape.
  package func callAsFunction(_ x: Value, _ tape: inout Tape) -> Value {
    output(context(x, &tape), &tape)
  }

  /// The heads' answers side by side, before the output product.
  func context(_ x: Value, _ tape: inout Tape) -> Value {
    tape.selfAttention(x, weight, queryBias: queryBias, valueBias: valueBias, heads: heads)
  }
}

/// Attention of MTCAE's decoders: the running state asks, the encoder's tokens answer. All four maps have a bias.
package struct CrossAttention: Sendable {
  let query, key, value, output: Linear
  let heads: Int

  /// - Parameter headWidth: columns of one head; `width / heads` in variant F, the full width in variant N.
  package init(_ width: Int, heads: Int, headWidth: Int, at path: String, in store: inout ParameterStore) {
    query = Linear(width, heads * headWidth, at: "\(path).q", in: &store)
    key = Linear(width, heads * headWidth, at: "\(path).k", in: &store)
    value = Linear(width, heads * headWidth, at: "\(path).v", in: &store)
    output = Linear(heads * headWidth, width, at: "\(path).proj", in: &store)
    self.heads = heads
  }

  /// [batch, tokens, width] asks [batch, memory tokens, width] -> [batch, tokens, width].
  package func callAsFunction(_ state: Value, over memory: Value, _ tape: inout Tape) -> Value {
    let (q, k, v) = (query(state, &tape), key(memory, &tape), value(memory, &tape))
    return output(tape.attention(q, k, v, heads: heads), &tape)
  }
}
