import DferTensor

/// Attention with separate queries: one side asks, another one answers. Keys have no bias.
struct LGIAttention: Sendable {
  /// [width, width], and [2 width, width] with the keys' rows first.
  let query, keyValue: Parameter
  let queryBias, valueBias: Parameter
  let output: Linear
  let heads: Int

  init(_ width: Int, heads: Int, at path: String, in store: inout ParameterStore) {
    precondition(width.isMultiple(of: heads), "\(path): width \(width) is not a multiple of \(heads) heads")
    query = store.declare("\(path).q.weight", shape: [width, width])
    keyValue = store.declare("\(path).kv.weight", shape: [2 * width, width])
    queryBias = store.declare("\(path).q_bias", shape: [width])
    valueBias = store.declare("\(path).v_bias", shape: [width])
    output = Linear(width, width, at: "\(path).proj", in: &store)
    self.heads = heads
  }

  /// [batch, tokens, width] asks [batch, memory tokens, width] -> [batch, tokens, width].
  func callAsFunction(_ x: Value, over memory: Value, _ tape: inout Tape) -> Value {
    let width = x.tensor.columns
    let q = tape.linear(x, query, queryBias)
    let kv = tape.linear(memory, keyValue, nil)
    let (k, v) = (tape.columns(kv, 0..<width), tape.addParameter(tape.columns(kv, width..<2 * width), valueBias))
    return output(tape.attention(q, k, v, heads: heads), &tape)
  }
}

/// A block of the LGI-Former: tokens talk inside their region, the regions' representatives among each other, and every
/// token listens to all representatives. Attention over all tokens, at a part of its cost. arXiv 2307.02227.
struct LGIBlock: Sendable {
  let localNorm, globalNorm, tokenNorm, representativeNorm, norm2: LayerNorm
  let local, global, localGlobal: LGIAttention
  let mlp: MLP

  init(_ width: Int, heads: Int, hidden: Int, epsilon: Double, at path: String, in store: inout ParameterStore) {
    localNorm = LayerNorm(width, epsilon: epsilon, at: "\(path).first_attn_norm0", in: &store)
    local = LGIAttention(width, heads: heads, at: "\(path).first_attn", in: &store)
    globalNorm = LayerNorm(width, epsilon: epsilon, at: "\(path).second_attn_norm0", in: &store)
    global = LGIAttention(width, heads: heads, at: "\(path).second_attn", in: &store)
    tokenNorm = LayerNorm(width, epsilon: epsilon, at: "\(path).third_attn_norm0", in: &store)
    representativeNorm = LayerNorm(width, epsilon: epsilon, at: "\(path).third_attn_norm1", in: &store)
    localGlobal = LGIAttention(width, heads: heads, at: "\(path).third_attn", in: &store)
    norm2 = LayerNorm(width, epsilon: epsilon, at: "\(path).norm2", in: &store)
    mlp = MLP(width, hidden: hidden, at: "\(path).mlp", in: &store)
  }

  /// [batch * regions, 1 + tokens of a region, width] -> the same shape; the first of each region represents it.
  func callAsFunction(_ x: Value, regions: Int, _ tape: inout Tape) -> Value {
    let (rows, size, width) = (x.shape[0], x.shape[1], x.shape[2])
    let batch = rows / regions
    let inside = localNorm(x, &tape)
    let x = tape.add(x, local(inside, over: inside, &tape))

    var representatives = tape.reshape(tape.slice(x, 0..<1), [batch, regions, width])
    let among = globalNorm(representatives, &tape)
    representatives = tape.add(representatives, global(among, over: among, &tape))

    var tokens = tape.reshape(tape.slice(x, 1..<size), [batch, regions * (size - 1), width])
    let heard = localGlobal(tokenNorm(tokens, &tape), over: representativeNorm(representatives, &tape), &tape)
    tokens = tape.add(tokens, heard)

    let y = tape.concatTokens(
      tape.reshape(representatives, [rows, 1, width]), tape.reshape(tokens, [rows, size - 1, width]))
    return tape.add(y, mlp(norm2(y, &tape), &tape))
  }
}
