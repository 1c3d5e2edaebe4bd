import CKernels

extension Kernels {
  /// x [rows, inputs], weight [outputs, inputs] -> [rows, outputs] = x weight^T + bias. Rows are divided over threads,
  /// or outputs when there are too few rows.
  static func linear(_ x: Tensor, _ weight: Tensor, _ bias: Tensor?, shape: [Int]) -> Tensor {
    let inputs = x.columns
    let rows = x.rows
    let outputs = weight.count / max(inputs, 1)
    return read(x, weight, bias ?? empty) { x, weight, bias0 in
      make(shape) { y in
        @Sendable func block(_ r: Range<Int>, _ o: Range<Int>) {
          let out = y + (r.lowerBound * outputs + o.lowerBound)
          if bias != nil {
            for row in 0..<r.count { (out + row * outputs).update(from: bias0 + o.lowerBound, count: o.count) }
          }
          gemm(
            r.count, o.count, inputs, x + r.lowerBound * inputs, inputs, weight + o.lowerBound * inputs, inputs,
            turnedB: true, beta: bias == nil ? 0 : 1, out, outputs)
        }
        let small = rows * inputs * outputs < 65_536
        if rows >= 4 * Compute.threads {
          share(rows, least: small ? rows : 2) { block($0, 0..<outputs) }
        } else {
          share(outputs, least: small ? outputs : 16) { block(0..<rows, $0) }
        }
      }
    }
  }

  /// dx = dy weight.
  static func linearInputGradient(_ dy: Tensor, _ weight: Tensor, shape: [Int]) -> Tensor {
    let outputs = dy.columns
    let rows = dy.rows
    let inputs = weight.count / max(outputs, 1)
    return read(dy, weight) { dy, weight in
      make(shape) { dx in
        share(rows, least: 8) {
          gemm(
            $0.count, inputs, outputs, dy + $0.lowerBound * outputs, outputs, weight.start, inputs,
            dx + $0.lowerBound * inputs, inputs)
        }
      }
    }
  }

  /// dweight = dy^T x.
  static func linearWeightGradient(_ dy: Tensor, _ x: Tensor, shape: [Int]) -> Tensor {
    let (outputs, inputs, rows) = (dy.columns, x.columns, x.rows)
    return read(dy, x) { dy, x in
      make(shape) { dw in
        share(outputs, least: 8) {
          gemm(
            $0.count, inputs, rows, dy + $0.lowerBound, outputs, turnedA: true, x.start, inputs,
            dw + $0.lowerBound * inputs, inputs)
        }
      }
    }
  }

  static let empty = Tensor([], shape: [0])
}
