import CKernels

/// One step of Adam with decoupled weight decay over one parameter: its moments m and v follow the gradient, then
/// p = p * kept - size * m / (sqrt(v) * scale + epsilon).
package struct AdamWStep: Sendable {
  private let numbers: ck_adamw_step

  package init(beta1: Double, beta2: Double, epsilon: Double, size: Double, scale: Double, kept: Double) {
    numbers = ck_adamw_step(
      beta1: Float(beta1), beta2: Float(beta2), rest1: Float(1 - beta1), rest2: Float(1 - beta2),
      epsilon: Float(epsilon),
      size: Float(size), scale: Float(scale), kept: Float(kept))
  }

  package func take(_ values: inout Tensor, _ gradient: Tensor, first: inout Tensor, second: inout Tensor) {
    precondition(
      values.count == gradient.count && values.count == first.count && values.count == second.count,
      "AdamWStep: \(gradient.shape) for a parameter \(values.shape)")
    let (count, numbers) = (values.count, numbers)
    Kernels.read(gradient) { gradient in
      Kernels.write(&values) { values in
        Kernels.write(&first) { first in
          Kernels.write(&second) { second in
            Kernels.share(count, least: Kernels.smallest) {
              let at = $0.lowerBound
              ck_adamw(values + at, gradient + at, first + at, second + at, $0.count, numbers)
            }
          }
        }
      }
    }
  }
}

extension Tensor {
  /// The sum of all squares, carried in double precision.
  package var sumOfSquares: Double {
    let count = count
    return Kernels.read(self) { ck_sum_squares($0.start, count) }
  }

  /// Every number becomes itself times `factor` plus the other's times `otherFactor`.
  package mutating func blend(_ factor: Float, _ other: Tensor, _ otherFactor: Float) {
    precondition(count == other.count, "blend: \(shape) and \(other.shape)")
    let count = count
    Kernels.read(other) { other in
      Kernels.write(&self) { x in
        Kernels.share(count, least: Kernels.smallest) {
          let at = $0.lowerBound
          ck_blend(x + at, factor, other + at, otherFactor, 0, x + at, $0.count)
        }
      }
    }
  }

  package mutating func scale(by factor: Float) {
    let count = count
    Kernels.write(&self) { ck_scale($0.start, factor, $0.start, count) }
  }
}
