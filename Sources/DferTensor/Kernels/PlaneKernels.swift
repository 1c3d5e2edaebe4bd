import CKernels

extension Kernels {
  /// The mean of each run of `cells` numbers.
  static func meanRows(_ x: Tensor, cells: Int, shape: [Int]) -> Tensor {
    read(x) { x in
      make(shape) { y in
        for row in 0..<shape.reduce(1, *) { y.start[row] = Float(ck_sum(x + row * cells, cells) / Double(cells)) }
      }
    }
  }

  /// Sums per channel (dimension 1) of [batch, channels, ...].
  static func channelSums(_ x: Tensor) -> Tensor {
    let channels = x.shape[1]
    let cells = x.shape.dropFirst(2).reduce(1, *)
    var sums = [Double](repeating: 0, count: channels)
    read(x) { source in
      for plane in 0..<x.shape[0] * channels { sums[plane % channels] += ck_sum(source + plane * cells, cells) }
    }
    return Tensor(sums.map { Float($0) }, shape: [channels])
  }

  /// Mean and biased variance per channel. The variance is taken around the mean.
  static func channelMoments(_ x: Tensor) -> (mean: Tensor, variance: Tensor) {
    let count = Float(x.count / max(x.shape[1], 1))
    let mean = scale(channelSums(x), by: 1 / count)
    // The mean of (x - mean)^2 = the mean of x (x - mean), less what is left of the mean itself by rounding.
    let sums = centredSums(x, x, mean: mean)
    let variance = sums.enumerated().map { channel, sums in
      let m = Double(mean.values[channel])
      return Float(max(0, (sums.product - m * (sums.sum - m * Double(count))) / Double(count)))
    }
    return (mean, Tensor(variance, shape: mean.shape))
  }

  /// For each channel the sums of dy and of dy * (x - mean).
  static func centredSums(_ x: Tensor, _ dy: Tensor, mean: Tensor) -> [(sum: Double, product: Double)] {
    let channels = x.shape[1]
    let cells = x.shape.dropFirst(2).reduce(1, *)
    var sums = [(sum: Double, product: Double)](repeating: (0, 0), count: channels)
    read(x, dy) { x0, dy in
      for plane in 0..<x.shape[0] * channels {
        var (sum, product) = (0.0, 0.0)
        let channel = plane % channels
        ck_centred_sums(x0 + plane * cells, dy + plane * cells, mean.values[channel], cells, &sum, &product)
        sums[channel].sum += sum
        sums[channel].product += product
      }
    }
    return sums
  }

  /// a p + b q + offset, with one number per channel for each of p, q and offset.
  static func blend(_ a: Tensor, _ p: [Float], _ b: Tensor, _ q: [Float], offset: [Float]) -> Tensor {
    let channels = a.shape[1]
    let cells = a.shape.dropFirst(2).reduce(1, *)
    return read(a, b) { a0, b in
      make(a.shape) { y in
        share(a.shape[0] * channels, least: max(1, smallest / max(cells, 1))) { part in
          for plane in part {
            let (c, start) = (plane % channels, plane * cells)
            ck_blend(a0 + start, p[c], b + start, q[c], offset[c], y + start, cells)
          }
        }
      }
    }
  }

  /// (x - shift) * factor + offset, each with one number per channel.
  static func perChannel(
    _ x: Tensor, shift: Tensor? = nil, factor: Tensor? = nil, offset: Tensor? = nil
  ) -> Tensor {
    let channels = x.shape[1]
    let planes = x.shape[0] * channels
    let cells = x.shape.dropFirst(2).reduce(1, *)
    return read(x) { source in
      make(x.shape) { y in
        share(planes, least: max(1, smallest / max(cells, 1))) { part in
          for plane in part {
            let c = plane % channels
            ck_affine(
              source + plane * cells, shift?.values[c] ?? 0, factor?.values[c] ?? 1, offset?.values[c] ?? 0,
              y + plane * cells, cells)
          }
        }
      }
    }
  }

  /// The largest number under each window and, if `places` are wanted, where in x it lies.
  static func maxPool(
    _ x: Tensor, kernel: Int, stride: Int, padding: Int, places wanted: Bool
  ) -> (y: Tensor, places: [Int]) {
    let s = x.shape
    let window = ck_window(
      channels: 1, height: s[2], width: s[3], kernel_height: kernel, kernel_width: kernel, stride: stride, dilation: 1,
      pad_top: padding, pad_left: padding, out_height: (s[2] + 2 * padding - kernel) / stride + 1,
      out_width: (s[3] + 2 * padding - kernel) / stride + 1)
    let (plane, cells) = (s[2] * s[3], window.out_height * window.out_width)
    var places = [Int](repeating: 0, count: wanted ? s[0] * s[1] * cells : 0)
    let y = read(x) { source in
      make([s[0], s[1], window.out_height, window.out_width]) { y in
        places.withUnsafeMutableBufferPointer { places in
          for index in 0..<s[0] * s[1] {
            ck_max_pool(
              source + index * plane, window, y + index * cells,
              wanted ? places.baseAddress.map { $0 + index * cells } : nil, index * plane)
          }
        }
      }
    }
    return (y, places)
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
