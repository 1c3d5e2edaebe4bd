import CKernels

extension Kernels {
  /// x [batch, channels, ...] times channels [batch, channels] times cells [batch, 1, ...].
  static func multiplyOuter(_ x: Tensor, _ channels: Tensor, _ cells: Tensor) -> Tensor {
    let (perSample, size) = (x.shape[1], cells.count / x.shape[0])
    return read(x, channels, cells) { x0, channels, cells in
      make(x.shape) { y in
        parallel(x.shape[0] * perSample) { plane in
          ck_multiply(x0 + plane * size, cells + plane / perSample * size, y + plane * size, size)
          ck_scale(y + plane * size, channels.start[plane], y + plane * size, size)
        }
      }
    }
  }

  /// Gradients of `multiplyOuter`.
  static func multiplyOuterBackward(
    _ x: Tensor, _ channels: Tensor, _ cells: Tensor, _ dy: Tensor
  ) -> (x: Tensor, channels: Tensor, cells: Tensor) {
    let (batch, perSample, size) = (x.shape[0], x.shape[1], cells.count / x.shape[0])
    let dx = multiplyOuter(dy, channels, cells)
    var dchannels = Tensor(zeros: channels.shape)
    let dcells = read(x, channels, cells) { x, factors, cells in
      read(dy) { dy in
        write(&dchannels) { dchannels in
          make([batch, 1] + dx.shape.dropFirst(2)) { dcells in
            // One task a sample: all its channels add to the same cells.
            parallel(batch, scratch: size) { sample, both in
              let into = dcells + sample * size
              into.update(repeating: 0, count: size)
              for plane in sample * perSample..<(sample + 1) * perSample {
                ck_multiply(x + plane * size, dy + plane * size, both, size)
                let factor = factors.start[plane]
                var sum = 0.0
                for i in 0..<size {
                  into[i] += factor * both[i]
                  sum += Double(both[i] * cells.start[sample * size + i])
                }
                dchannels.start[plane] = Float(sum)
              }
            }
          }
        }
      }
    }
    return (dx, dchannels, dcells)
  }

  /// Of three consecutive groups of `size` numbers in each sample, the mean of the two larger ones.
  static func topTwoOfThreeMean(_ x: Tensor, size: Int, shape: [Int]) -> Tensor {
    read(x) { x in
      make(shape) { y in
        for sample in 0..<shape[0] {
          let (first, into) = (x + 3 * sample * size, y + sample * size)
          for i in 0..<size {
            let (a, b, c) = (first[i], first[i + size], first[i + 2 * size])
            into[i] = (max(a, b) + max(min(a, b), c)) / 2
          }
        }
      }
    }
  }
}
