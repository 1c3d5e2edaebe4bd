import CKernels
import Foundation

extension Kernels {
  // MARK: One number at a time

  static func gelu(_ x: Tensor) -> Tensor { map(x) { ck_gelu($0, $1, $2) } }
  static func sigmoid(_ x: Tensor) -> Tensor { map(x) { ck_sigmoid($0, $1, $2) } }
  static func relu(_ x: Tensor) -> Tensor { map(x) { ck_relu($0, $1, $2) } }
  static func scale(_ x: Tensor, by factor: Float) -> Tensor { map(x) { ck_scale($0, factor, $1, $2) } }

  static func add(_ a: Tensor, _ b: Tensor) -> Tensor { combine(a, b) { ck_add($0, $1, $2, $3) } }
  static func multiply(_ a: Tensor, _ b: Tensor) -> Tensor { combine(a, b) { ck_multiply($0, $1, $2, $3) } }
  static func geluBackward(_ x: Tensor, _ dy: Tensor) -> Tensor { combine(x, dy) { ck_gelu_backward($0, $1, $2, $3) } }
  static func reluBackward(_ y: Tensor, _ dy: Tensor) -> Tensor { combine(y, dy) { ck_relu_backward($0, $1, $2, $3) } }

  /// sum += gradient, element by element.
  static func accumulate(_ gradient: Tensor, into sum: inout Tensor) {
    precondition(gradient.count == sum.count, "accumulate: \(gradient.shape) does not fit \(sum.shape)")
    read(gradient) { gradient in
      let count = sum.count
      write(&sum) { sum in
        share(count, least: smallest) { ck_accumulate(sum + $0.lowerBound, gradient + $0.lowerBound, $0.count) }
      }
    }
  }

  /// x with `table` added to each of its consecutive pieces of the table's size.
  static func addRepeated(_ x: Tensor, _ table: Tensor) -> Tensor {
    let period = table.count
    precondition(period > 0 && x.count % period == 0, "addRepeated: \(table.shape) does not repeat over \(x.shape)")
    return read(x, table) { source, table in
      make(x.shape) { y in
        for start in stride(from: 0, to: x.count, by: period) {
          share(period, least: smallest) {
            ck_add(source + (start + $0.lowerBound), table + $0.lowerBound, y + (start + $0.lowerBound), $0.count)
          }
        }
      }
    }
  }

  private static func map(
    _ x: Tensor, _ body: @Sendable (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void
  ) -> Tensor {
    read(x) { source in
      make(x.shape) { y in
        share(x.count, least: smallest) { body(source + $0.lowerBound, y + $0.lowerBound, $0.count) }
      }
    }
  }

  private static func combine(
    _ a: Tensor, _ b: Tensor,
    _ body: @Sendable (UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void
  ) -> Tensor {
    precondition(a.count == b.count, "shapes \(a.shape) and \(b.shape) differ")
    return read(a, b) { first, second in
      make(a.shape) { y in
        share(a.count, least: smallest) {
          body(first + $0.lowerBound, second + $0.lowerBound, y + $0.lowerBound, $0.count)
        }
      }
    }
  }

  // MARK: Rows

  /// Softmax over the last dimension.
  static func softmax(_ x: Tensor) -> Tensor {
    var y = x
    let (rows, columns) = (x.rows, x.columns)
    write(&y) { y in
      share(rows, least: max(1, smallest / max(columns, 1))) {
        ck_softmax(y + $0.lowerBound * columns, $0.count, columns, columns, 1)
      }
    }
    return y
  }

  static func logSoftmax(_ x: Tensor) -> Tensor {
    var y = x
    for start in stride(from: 0, to: x.count, by: max(1, x.columns)) {
      let row = x.values[start..<start + x.columns]
      let top = row.max() ?? 0
      let shift = top + Float(log(row.reduce(0.0) { $0 + exp(Double($1 - top)) }))
      for i in row.indices { y.values[i] -= shift }
    }
    return y
  }

  /// The gradient through softmax, from its output `p`.
  static func softmaxBackward(_ p: Tensor, _ dy: Tensor) -> Tensor {
    var dx = dy
    let (rows, columns) = (p.rows, p.columns)
    read(p) { p in write(&dx) { dx in ck_softmax_backward(p.start, dx.start, rows, columns, columns, 1) } }
    return dx
  }

  static func layerNorm(_ x: Tensor, _ weight: Tensor, _ bias: Tensor, epsilon: Float) -> Tensor {
    let (rows, columns) = (x.rows, x.columns)
    precondition(weight.count == columns && bias.count == columns, "layerNorm: \(weight.shape) does not fit \(x.shape)")
    return read(x, weight, bias) { source, weight, bias in
      make(x.shape) { y in
        share(rows, least: max(1, smallest / max(columns, 1))) {
          let start = $0.lowerBound * columns
          ck_layer_norm(source + start, weight.start, bias.start, y + start, $0.count, columns, epsilon)
        }
      }
    }
  }

  static func layerNormBackward(
    _ x: Tensor, _ weight: Tensor, _ dy: Tensor, epsilon: Float
  ) -> (dx: Tensor, weight: Tensor, bias: Tensor) {
    let (rows, columns) = (x.rows, x.columns)
    // Every part of the rows has sums of its own.
    let parts = parts(rows: rows, columns: columns)
    var sums = Tensor(zeros: [parts, 2 * columns])
    let dx = read(x, weight, dy) { source, weight, dy in
      write(&sums) { sums in
        make(x.shape) { dx in
          parallel(parts) { part in
            let (first, end) = (rows * part / parts, rows * (part + 1) / parts)
            let at = first * columns
            ck_layer_norm_backward(
              source + at, weight.start, dy + at, dx + at, sums + 2 * part * columns, sums + (2 * part + 1) * columns,
              end - first, columns, epsilon)
          }
        }
      }
    }
    let all = sumRows(sums, shape: [2 * columns]).values
    let (dweight, dbias) = (
      Tensor(Array(all[..<columns]), shape: weight.shape), Tensor(Array(all[columns...]), shape: weight.shape)
    )
    return (dx, dweight, dbias)
  }

  /// The sum of all rows.
  static func sumRows(_ x: Tensor, shape: [Int]) -> Tensor {
    let columns = shape.reduce(1, *)
    let rows = x.count / max(columns, 1)
    let parts = parts(rows: rows, columns: columns)
    var sums = Tensor(zeros: [parts] + shape)
    read(x) { x in
      write(&sums) { sums in
        parallel(parts) { part in
          let (first, end) = (rows * part / parts, rows * (part + 1) / parts)
          ck_sum_rows(x + first * columns, sums + part * columns, end - first, columns)
        }
      }
    }
    return parts > 1 ? sumRows(sums, shape: shape) : sums.reshaped(shape)
  }

  /// In how many parts rows are summed: one for each thread where there is enough to do.
  private static func parts(rows: Int, columns: Int) -> Int {
    max(1, min(Compute.threads, min(rows * columns / smallest, rows / 16)))
  }
}
