extension Tape {
  /// Scaled dot-product attention, softmax(q k^T / sqrt(d)) v in every head.
  ///
  /// - Parameters:
  ///   - q: [batch, queries, heads * d].
  ///   - k: [batch, keys, heads * d]; `v` the same.
  /// - Returns: [batch, queries, heads * d].
  public mutating func attention(_ q: Value, _ k: Value, _ v: Value, heads: Int) -> Value {
    let y = Kernels.attention(q.tensor, k.tensor, v.tensor, heads: heads)
    return record(y, from: q, k, v) { dy, adjoints in
      let d = Kernels.attentionBackward(q.tensor, k.tensor, v.tensor, heads: heads, dy)
      adjoints.add(d.q, to: q)
      adjoints.add(d.k, to: k)
      adjoints.add(d.v, to: v)
    }
  }

  /// What `attention` weighs its values with, softmax(q k^T / sqrt(d)), for maps of what a network looks at.
  ///
  /// - Returns: [batch, heads, queries, keys].
  public mutating func attentionWeights(_ q: Value, _ k: Value, heads: Int) -> Value {
    let p = Kernels.attentionWeights(q.tensor, k.tensor, heads: heads)
    return record(p, from: q, k) { dp, adjoints in
      let d = Kernels.attentionWeightsBackward(q.tensor, k.tensor, p, heads: heads, dp)
      adjoints.add(d.q, to: q)
      adjoints.add(d.k, to: k)
    }
  }
}
