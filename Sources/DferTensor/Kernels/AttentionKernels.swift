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
    /// Whether our own products are used, which pack keys and values once for all queries of a task.
    var isPacked: Bool { ck_has_product() != 0 && batch > 0 && queries >= 32 && keys >= 16 && width >= 16 }
    var isWorthReducing: Bool { batch > 0 && queries >= 32 && keys >= 32 && width >= 16 }
    /// Whether the weights are kept for the gradients: where they are at most 2 2/3 times as large as queries, keys and
    /// values together. Of long clips they would take far more memory than their product takes time.
    var keepsWeights: Bool { isPacked && keys <= 8 * width }
    /// Numbers of keys in panels, one behind the other, and of `tokens` of a head's columns.
    var keyPanels: Int { (keys + Int(CK_PANEL) - 1) / Int(CK_PANEL) * Int(CK_PANEL) * width }
    func columnPanels(_ tokens: Int) -> Int { (width + Int(CK_PANEL) - 1) / Int(CK_PANEL) * Int(CK_PANEL) * tokens }
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
  static func attention(_ q: Tensor, _ k: Tensor, _ v: Tensor, heads: Int, _ precision: Precision = .fp32) -> Tensor {
    let s = AttentionShape(q, k, heads: heads)
    precondition(v.shape == k.shape, "attention: values \(v.shape) do not fit keys \(k.shape)")
    return read(q, k, v) { q, k, v in attention(s, q, k, v, stride: s.columns, precision) }
  }

  /// The same for queries, keys and values side by side, [batch, tokens, 3 * heads * width], where they lie.
  static func attention(fused qkv: Tensor, heads: Int, _ precision: Precision = .fp32) -> Tensor {
    attention(AttentionShape(fused: qkv.shape, heads: heads), fused: qkv, keeping: nil, precision)
  }

  /// The same with what its gradients want to know of the weights, [batch, heads, queries, keys]; nil: nothing.
  static func attentionForGradients(fused qkv: Tensor, heads: Int) -> (y: Tensor, weights: Tensor?) {
    let s = AttentionShape(fused: qkv.shape, heads: heads)
    guard s.keepsWeights else { return (attention(s, fused: qkv, keeping: nil), nil) }
    var y = empty
    let weights = make([s.batch, heads, s.queries, s.keys]) { y = attention(s, fused: qkv, keeping: $0) }
    return (y, weights)
  }

  private static func attention(
    _ s: AttentionShape, fused qkv: Tensor, keeping weights: Target?, _ precision: Precision = .fp32
  ) -> Tensor {
    read(qkv) { qkv in
      let (k, v) = (Source(start: qkv + s.columns), Source(start: qkv + 2 * s.columns))
      return attention(s, qkv, k, v, stride: 3 * s.columns, keeping: weights, precision)
    }
  }

  /// `stride` numbers lie between two tokens of q, k and v.
  private static func attention(
    _ s: AttentionShape, _ q: Source, _ k: Source, _ v: Source, stride: Int, keeping weights: Target? = nil,
    _ precision: Precision = .fp32
  ) -> Tensor {
    if let format = precision.sensitiveFormat, s.isWorthReducing {
      return reducedAttention(s, q, k, v, stride: stride, format)
    }
    if s.isPacked { return packedAttention(s, q, k, v, stride: stride, keeping: weights) }
    return make([s.batch, s.queries, s.columns]) { y in
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

  private static func packedAttention(
    _ s: AttentionShape, _ q: Source, _ k: Source, _ v: Source, stride: Int, keeping weights: Target?
  ) -> Tensor {
    // A block's weights stay in the second cache until the values are weighed with them.
    let most = max(14, 98_304 / s.keys / 14 * 14)
    let parts = min((s.queries + most - 1) / most, (2 * Compute.threads + s.batch * s.heads - 1) / (s.batch * s.heads))
    return make([s.batch, s.queries, s.columns]) { y in
      let panels = s.keyPanels + s.columnPanels(s.keys)
      parallel(s.batch * s.heads * parts, scratch: panels + (weights == nil ? most * s.keys : 0)) { index, keys in
        let (pair, part) = index.quotientAndRemainder(dividingBy: parts)
        let (batch, column) = (pair / s.heads, pair % s.heads * s.width)
        let keyStart = batch * s.keys * stride + column
        let values = keys + s.keyPanels
        let room = values + s.columnPanels(s.keys)
        packRows(k + keyStart, stride: stride, s.keys, s.width, keys)
        packColumns(v + keyStart, stride: stride, s.keys, s.width, values)
        let rows = s.queries * part / parts..<s.queries * (part + 1) / parts
        let blocks = (rows.count + most - 1) / most
        for block in 0..<blocks {
          let (first, end) = (rows.count * block / blocks, rows.count * (block + 1) / blocks)
          let query = batch * s.queries + rows.lowerBound + first
          let p = weights.map { $0 + (pair * s.queries + rows.lowerBound + first) * s.keys } ?? room
          product(q + (query * stride + column), end - first, stride, s.width, keys, s.keys, p, s.keys)
          ck_softmax(p, end - first, s.keys, s.keys, s.scale)
          product(p, end - first, s.keys, s.keys, values, s.width, y + (query * s.columns + column), s.columns)
        }
      }
    }
  }

  // MARK: Products with panels

  /// `count` rows of `width` numbers, turned.
  private static func packRows(
    _ x: UnsafePointer<Float>, stride: Int, _ count: Int, _ width: Int, _ panels: UnsafeMutablePointer<Float>
  ) {
    for first in Swift.stride(from: 0, to: count, by: Int(CK_PANEL)) {
      ck_pack_panel(x + first * stride, stride, width, min(Int(CK_PANEL), count - first), panels + first * width)
    }
  }

  /// `count` rows of `width` numbers, as they are.
  private static func packColumns(
    _ x: UnsafePointer<Float>, stride: Int, _ count: Int, _ width: Int, _ panels: UnsafeMutablePointer<Float>
  ) {
    ck_pack_columns(x, stride, count, width, Int(CK_PANEL), count * Int(CK_PANEL), panels)
  }

  /// y [rows, columns] = x [rows, inputs] times panels.
  private static func product(
    _ x: UnsafePointer<Float>, _ rows: Int, _ stride: Int, _ inputs: Int, _ panels: UnsafePointer<Float>,
    _ columns: Int,
    _ y: UnsafeMutablePointer<Float>, _ out: Int
  ) {
    for first in Swift.stride(from: 0, to: columns, by: Int(CK_PANEL)) {
      ck_product(
        x, rows, stride, inputs, panels + first * inputs, nil, min(Int(CK_PANEL), columns - first), y + first, out)
    }
  }

  /// y [rows, columns] = x^T times panels, x being [inputs, rows].
  private static func turnedProduct(
    _ x: UnsafePointer<Float>, _ rows: Int, _ inputs: Int, _ panels: UnsafePointer<Float>, _ columns: Int,
    _ y: UnsafeMutablePointer<Float>, _ out: Int
  ) {
    for first in Swift.stride(from: 0, to: columns, by: Int(CK_PANEL)) {
      ck_product_turned(
        x, rows, rows, inputs, panels + first * inputs, 0, min(Int(CK_PANEL), columns - first), y + first, out)
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
    let dq = read(q, k, v) { q0, k0, v0 in
      read(dy) { dy in
        make(q.shape) { dq in
          dk = make(k.shape) { dk in
            dv = make(v.shape) { dv in
              attentionBackward(s, (q0, k0, v0), dy, into: (dq, dk, dv), stride: s.columns)
            }
          }
        }
      }
    }
    return (dq, dk, dv)
  }

  /// The same for queries, keys and values side by side; their gradients lie like them.
  ///
  /// - Parameter weights: if `attentionForGradients` kept them.
  static func attentionBackward(fused qkv: Tensor, weights: Tensor?, heads: Int, _ dy: Tensor) -> Tensor {
    let s = AttentionShape(fused: qkv.shape, heads: heads)
    return read(qkv, dy, weights ?? empty) { x, dy, p in
      make(qkv.shape) { dx in
        attentionBackward(
          s, (x, Source(start: x + s.columns), Source(start: x + 2 * s.columns)), dy, weights: weights == nil ? nil : p,
          into: (dx, Target(start: dx + s.columns), Target(start: dx + 2 * s.columns)), stride: 3 * s.columns)
      }
    }
  }

  /// `stride` numbers lie between two tokens of q, k and v, and of their gradients.
  private static func attentionBackward(
    _ s: AttentionShape, _ x: (q: Source, k: Source, v: Source), _ dy: Source, weights: Source? = nil,
    into d: (q: Target, k: Target, v: Target), stride: Int
  ) {
    let room = s.queries * s.keys
    let isPacked = s.isPacked
    let panel = isPacked ? max(s.keyPanels, s.columnPanels(max(s.queries, s.keys))) : 0
    parallel(s.batch * s.heads, scratch: panel + (weights == nil ? 2 : 1) * room) { index, packed in
      let slopes = packed + panel
      let p = slopes + room  // only where no weights are kept
      let (batch, column) = (index / s.heads, index % s.heads * s.width)
      let (query, key) = (batch * s.queries * stride + column, batch * s.keys * stride + column)
      let (q, k, v) = (x.q + query, x.k + key, x.v + key)
      let (dq, dk, dv) = (d.q + query, d.k + key, d.v + key)
      let dy = dy + (batch * s.queries * s.columns + column)
      let (queries, keys, width) = (s.queries, s.keys, s.width)
      if isPacked {
        let kept = weights.map { $0 + index * room }
        if kept == nil {
          packRows(k, stride: stride, keys, width, packed)
          product(q, queries, stride, width, packed, keys, p, keys)
          ck_softmax(p, queries, keys, keys, s.scale)
        }
        let p = kept ?? UnsafePointer(p)
        packColumns(dy, stride: s.columns, queries, width, packed)
        turnedProduct(p, keys, queries, packed, width, dv, stride)
        packRows(v, stride: stride, keys, width, packed)
        product(dy, queries, s.columns, width, packed, keys, slopes, keys)
        ck_softmax_backward(p, slopes, queries, keys, keys, s.scale)
        packColumns(k, stride: stride, keys, width, packed)
        product(slopes, queries, keys, keys, packed, width, dq, stride)
        packColumns(q, stride: stride, queries, width, packed)
        turnedProduct(slopes, keys, queries, packed, width, dk, stride)
      } else {
        gemm(queries, keys, width, q, stride, k, stride, turnedB: true, p, keys)
        ck_softmax(p, queries, keys, keys, s.scale)
        gemm(keys, width, queries, p, keys, turnedA: true, dy, s.columns, dv, stride)
        gemm(queries, keys, width, dy, s.columns, v, stride, turnedB: true, slopes, keys)
        ck_softmax_backward(p, slopes, queries, keys, keys, s.scale)
        gemm(queries, width, keys, slopes, keys, k, stride, dq, stride)
        gemm(keys, width, queries, slopes, keys, turnedA: true, q, stride, dk, stride)
      }
    }
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
