extension Tape {
  /// Scaled dot-product attention, softmax(q k^T / sqrt(d)) v in every head.
  ///
  /// - Parameters:
  ///   - q: [batch, queries, heads * d].
  ///   - k: [batch, keys, heads * d]; `v` the same.
  /// - Returns: [batch, queries, heads * d].
  package mutating func attention(_ q: Value, _ k: Value, _ v: Value, heads: Int) -> Value {
    multiplications += 2 * q.tensor.count * k.shape[1]
    let y = Kernels.attention(q.tensor, k.tensor, v.tensor, heads: heads, readingPrecision)
    return record(y, .attention(heads: heads), from: q, k, v) { dy, adjoints in
      let d = Kernels.attentionBackward(q.tensor, k.tensor, v.tensor, heads: heads, dy)
      adjoints.add(d.q, to: q)
      adjoints.add(d.k, to: k)
      adjoints.add(d.v, to: v)
    }
  }

  /// What `attention` weighs its values with, softmax(q k^T / sqrt(d)), for maps of what a network looks at.
  ///
  /// - Returns: [batch, heads, queries, keys].
  package mutating func attentionWeights(_ q: Value, _ k: Value, heads: Int) -> Value {
    precondition(graph == nil, "attentionWeights: networks that are traced do not give them")
    multiplications += q.tensor.count * k.shape[1]
    let p = Kernels.attentionWeights(q.tensor, k.tensor, heads: heads)
    guard wantsGradients(from: [q, k], learning: []) else { return Value(p) }
    return record(p) { dp, adjoints in
      let d = Kernels.attentionWeightsBackward(q.tensor, k.tensor, p, heads: heads, dp)
      adjoints.add(d.q, to: q)
      adjoints.add(d.k, to: k)
    }
  }
  /// Self-attention from one product that makes queries, keys and values; keys have no bias.
  ///
  /// - Parameters:
  ///   - x: [batch, tokens, width].
  ///   - weight: [3 * width, width], rows of the queries, then keys, then values; the biases are [width].
  /// - Returns: [batch, tokens, width], the heads side by side.
  package mutating func selfAttention(
    _ x: Value, _ weight: Parameter, queryBias: Parameter, valueBias: Parameter, heads: Int
  ) -> Value {
    let width = x.tensor.columns
    let (q, v, size) = (parameters[queryBias], parameters[valueBias], parameters.shape(of: weight))
    precondition(size == [3 * width, width], "selfAttention: \(size) does not fit \(x.shape)")
    let bias = Tensor(q.values + [Float](repeating: 0, count: width) + v.values, shape: [3 * width])
    multiplications += x.tensor.count * (3 * width + 2 * x.shape[1])
    // The heads are read where the product leaves them, and the biases are part of the product.
    let all = Kernels.linear(x.tensor, self.weight(weight), bias, shape: x.shape.dropLast() + [3 * width])
    guard wantsGradients(from: [x], learning: [weight, queryBias, valueBias]) else {
      return unrecorded(
        Kernels.attention(fused: all, heads: heads, readingPrecision),
        .selfAttention(weight: weight, queryBias: queryBias, valueBias: valueBias, heads: heads), from: x)
    }
    let (y, kept) = Kernels.attentionForGradients(fused: all, heads: heads)
    let (precision, store) = (precision, parameters)
    return record(y) { dy, adjoints in
      let slopes = Kernels.attentionBackward(fused: all, weights: kept, heads: heads, dy)
      adjoints.add(Kernels.linearInputGradient(slopes, store[weight], shape: x.shape, precision), to: x)
      adjoints.add(Kernels.linearWeightGradient(slopes, x.tensor, shape: size, precision), to: weight)
      let sums = Kernels.sumRows(slopes, shape: [3 * width]).values
      adjoints.add(Tensor(Array(sums[..<width]), shape: [width]), to: queryBias)
      adjoints.add(Tensor(Array(sums[(2 * width)...]), shape: [width]), to: valueBias)
    }
  }
}
