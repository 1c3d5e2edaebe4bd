import CKernels

extension Kernels {
  /// The mean of each run of `cells` numbers.
  static func meanRows(_ x: Tensor, cells: Int, shape: [Int]) -> Tensor {
    let count = shape.reduce(1, *)
    return Tensor(
      (0..<count).map { row in
        Float(x.values[row * cells..<(row + 1) * cells].reduce(0.0) { $0 + Double($1) } / Double(cells))
      }, shape: shape)
  }

  /// Mean and biased variance per channel (dimension 1).
  static func channelMoments(_ x: Tensor) -> (mean: Tensor, variance: Tensor) {
    let channels = x.shape[1]
    let count = Float(x.count / max(channels, 1))
    let mean = scale(channelSums(x), by: 1 / count)
    let squares = perChannel(x) { channel, value in
      let centred = value - mean.values[channel]
      return centred * centred
    }
    return (mean, scale(channelSums(squares), by: 1 / count))
  }

  /// `body(channel, number)` for every number of [batch, channels, ...].
  static func perChannel(_ x: Tensor, _ body: (Int, Float) -> Float) -> Tensor {
    let channels = x.shape[1]
    let planes = x.shape[0] * channels
    let cells = x.count / max(1, planes)
    return read(x) { source in
      make(x.shape) { y in
        for plane in 0..<planes {
          for i in plane * cells..<(plane + 1) * cells { y.start[i] = body(plane % channels, source.start[i]) }
        }
      }
    }
  }

  /// Every cell twice in both directions.
  static func doubled(_ x: Tensor) -> Tensor {
    let s = x.shape
    let (height, width) = (s[2], s[3])
    return read(x) { source in
      make([s[0], s[1], 2 * height, 2 * width]) { y in
        for row in 0..<s[0] * s[1] * height {
          let from = source + row * width
          let into = y + 4 * row * width
          for i in 0..<width {
            into[2 * i] = from[i]
            into[2 * i + 1] = from[i]
          }
          (into + 2 * width).update(from: into, count: 2 * width)
        }
      }
    }
  }

  /// The transpose of `doubled`: sums of 2 x 2 cells.
  static func halved(_ dy: Tensor, shape: [Int]) -> Tensor {
    let width = shape[3]
    let rows = shape.dropLast().reduce(1, *)
    return read(dy) { dy in
      make(shape) { dx in
        for row in 0..<rows {
          let (upper, lower) = (dy + 4 * row * width, dy + (4 * row * width + 2 * width))
          for i in 0..<width {
            dx.start[row * width + i] = upper[2 * i] + upper[2 * i + 1] + lower[2 * i] + lower[2 * i + 1]
          }
        }
      }
    }
  }
}
