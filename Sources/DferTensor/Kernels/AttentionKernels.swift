import CKernels

extension Kernels {
  /// Sizes of scaled dot-product attention over q [batch, queries, heads * width] and k, v [batch, keys, heads *
  /// width].
  struct AttentionShape: Sendable {
    let batch, queries, keys, heads, width: Int

    init(_ q: Tensor, _ k: Tensor, heads: Int) {
      precondition(
        q.shape.count == 3 && k.shape.count == 3 && q.shape[0] == k.shape[0] && q.shape[2] == k.shape[2],
        "attention: queries \(q.shape) do not fit keys \(k.shape)")
      precondition(heads > 0 && q.shape[2] % heads == 0, "attention: width \(q.shape[2]) is not \(heads) equal heads")
      (batch, queries, keys, self.heads, width) = (q.shape[0], q.shape[1], k.shape[1], heads, q.shape[2] / heads)
    }

    /// The same for queries, keys and values side by side in one tensor of `shape` [batch, tokens, 3 * heads * width].
    init(fused shape: [Int], heads: Int) {
      precondition(shape.count == 3 && heads > 0 && shape[2] % (3 * heads) == 0, "attention: \(shape), \(heads) heads")
      (batch, queries, keys, self.heads, width) = (shape[0], shape[1], shape[1], heads, shape[2] / (3 * heads))
    }

    var columns: Int { heads * width }
    var scale: Float { 1 / Float(width).squareRoot() }

    /// Query rows of one task: OpenBLAS packs the keys anew in every call, so blocks of fewer than about 200 rows lose.
    var block: Int { max(1, min(queries, 256)) }
    var blocks: Int { (queries + block - 1) / block }

    /// Task `index` as batch, head and query rows.
    func task(_ index: Int) -> (batch: Int, head: Int, rows: Range<Int>) {
      let (pair, part) = index.quotientAndRemainder(dividingBy: blocks)
      return (
        pair / heads, pair % heads, queries * part / blocks..<queries * (part + 1) / blocks
      )
    }
    var tasks: Int { batch * heads * blocks }
  }

  /// softmax(q k^T / sqrt(width)) v, head by head. Heads are read and written in place, by strides.
  static func attention(_ q: Tensor, _ k: Tensor, _ v: Tensor, heads: Int) -> Tensor {
    let s = AttentionShape(q, k, heads: heads)
    precondition(v.shape == k.shape, "attention: values \(v.shape) do not fit keys \(k.shape)")
    return read(q, k, v) { q, k, v in attention(s, q, k, v, stride: s.columns) }
  }

  /// The same for queries, keys and values side by side, [batch, tokens, 3 * heads * width], where they lie.
  static func attention(fused qkv: Tensor, heads: Int) -> Tensor {
    let s = AttentionShape(fused: qkv.shape, heads: heads)
    return read(qkv) { qkv in
      let (k, v) = (Source(start: qkv + s.columns), Source(start: qkv + 2 * s.columns))
      return attention(s, qkv, k, v, stride: 3 * s.columns)
    }
  }

  /// `stride` numbers lie between two tokens of q, k and v.
  private static func attention(_ s: AttentionShape, _ q: Source, _ k: Source, _ v: Source, stride: Int) -> Tensor {
    make([s.batch, s.queries, s.columns]) { y in
      parallel(s.tasks, scratch: s.block * s.keys) { index, p in
        let (batch, head, rows) = s.task(index)
        let (firstQuery, column) = (batch * s.queries + rows.lowerBound, head * s.width)
        let keyStart = batch * s.keys * stride + column
        gemm(
          rows.count, s.keys, s.width, q + (firstQuery * stride + column), stride, k + keyStart, stride, turnedB: true,
          p,
          s.keys)
        ck_softmax(p, rows.count, s.keys, s.keys, s.scale)
        gemm(
          rows.count, s.width, s.keys, p, s.keys, v + keyStart, stride, y + (firstQuery * s.columns + column), s.columns
        )
      }
    }
  }

  /// The weights softmax(q k^T / sqrt(width)) themselves, [batch, heads, queries, keys].
  static func attentionWeights(_ q: Tensor, _ k: Tensor, heads: Int) -> Tensor {
    let s = AttentionShape(q, k, heads: heads)
    return read(q, k) { q, k in
      make([s.batch, heads, s.queries, s.keys]) { p in
        parallel(s.tasks) { index in
          let (batch, head, rows) = s.task(index)
          let out = p + ((batch * heads + head) * s.queries + rows.lowerBound) * s.keys
          gemm(
            rows.count, s.keys, s.width, q + ((batch * s.queries + rows.lowerBound) * s.columns + head * s.width),
            s.columns, k + (batch * s.keys * s.columns + head * s.width), s.columns, turnedB: true, out, s.keys)
          ck_softmax(out, rows.count, s.keys, s.keys, s.scale)
        }
      }
    }
  }

  /// Gradients of `attention`. The weights are computed again: keeping them would take far more memory than time.
  static func attentionBackward(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, heads: Int, _ dy: Tensor
  ) -> (q: Tensor, k: Tensor, v: Tensor) {
    let s = AttentionShape(q, k, heads: heads)
    var (dk, dv) = (empty, empty)
    let room = s.queries * s.keys
    let dq = read(q, k, v) { q0, k0, v0 in
      read(dy) { dy in
        make(q.shape) { dq in
          dk = make(k.shape) { dk in
            dv = make(v.shape) { dv in
              parallel(s.batch * heads, scratch: 2 * room) { index, p in
                let d = p + room
                let (batch, head) = (index / heads, index % heads)
                let at = batch * s.queries * s.columns + head * s.width
                let key = batch * s.keys * s.columns + head * s.width
                let columns = s.columns
                gemm(s.queries, s.keys, s.width, q0 + at, columns, k0 + key, columns, turnedB: true, p, s.keys)
                ck_softmax(p, s.queries, s.keys, s.keys, s.scale)
                gemm(s.keys, s.width, s.queries, p, s.keys, turnedA: true, dy + at, columns, dv + key, columns)
                gemm(s.queries, s.keys, s.width, dy + at, columns, v0 + key, columns, turnedB: true, d, s.keys)
                ck_softmax_backward(p, d, s.queries, s.keys, s.keys, s.scale)
                gemm(s.queries, s.width, s.keys, d, s.keys, k0 + key, columns, dq + at, columns)
                gemm(s.keys, s.width, s.queries, d, s.keys, turnedA: true, q0 + at, columns, dk + key, columns)
              }
            }
          }
        }
      }
    }
    return (dq, dk, dv)
  }

  /// Gradients of `attentionWeights` p, given its own gradient `dp`.
  static func attentionWeightsBackward(
    _ q: Tensor, _ k: Tensor, _ p: Tensor, heads: Int, _ dp: Tensor
  ) -> (q: Tensor, k: Tensor) {
    let s = AttentionShape(q, k, heads: heads)
    var d = dp
    var dk = empty
    let dq = read(q, k, p) { q0, k0, p in
      write(&d) { d in
        make(q.shape) { dq in
          dk = make(k.shape) { dk in
            parallel(s.batch * heads) { index in
              let (batch, head) = (index / heads, index % heads)
              let (weights, slopes) = (p + index * s.queries * s.keys, d + index * s.queries * s.keys)
              let at = batch * s.queries * s.columns + head * s.width
              let key = batch * s.keys * s.columns + head * s.width
              ck_softmax_backward(weights, slopes, s.queries, s.keys, s.keys, s.scale)
              gemm(s.queries, s.width, s.keys, slopes, s.keys, k0 + key, s.columns, dq + at, s.columns)
              gemm(
                s.keys, s.width, s.queries, slopes, s.keys, turnedA: true, q0 + at, s.columns, dk + key, s.columns)
            }
          }
        }
      }
    }
    return (dq, dk)
  }
}
