import CKernels

/// Zeros around an image before a window slides over it.
package enum Padding: Sendable, Equatable {
  case sides(top: Int, left: Int, bottom: Int, right: Int)
  /// As in Keras: output size = ceil(size / stride), the odd zero goes to the bottom and right.
  case same

  package static let none = Padding.all(0)

  package static func all(_ size: Int) -> Padding {
    .sides(top: size, left: size, bottom: size, right: size)
  }

  /// Zeros before and after one side of `size` cells.
  func along(_ size: Int, vertical: Bool, kernel: Int, stride: Int, dilation: Int) -> (before: Int, after: Int) {
    switch self {
    case .sides(let top, let left, let bottom, let right):
      return vertical ? (top, bottom) : (left, right)
    case .same:
      let cells = (size + stride - 1) / stride
      let total = max(0, (cells - 1) * stride + (kernel - 1) * dilation + 1 - size)
      return (total / 2, total - total / 2)
    }
  }
}

extension Tape {
  /// Cross-correlation (no flipped kernel) with zero padding.
  ///
  /// - Parameters:
  ///   - x: [batch, channels, height, width].
  ///   - weight: [outputs, channels / groups, kernel rows, kernel columns]; `bias` is [outputs].
  ///   - relu: through a ReLU. Without a recording it costs nothing.
  /// - Returns: [batch, outputs, out height, out width].
  package mutating func conv2d(
    _ x: Value, _ weight: Parameter, _ bias: Parameter?, stride: Int = 1, padding: Padding = .none, dilation: Int = 1,
    groups: Int = 1, relu: Bool = false
  ) -> Value {
    let isFused = relu && !wantsGradients(from: [x], learning: [weight, bias])
    let w = parameters[weight]
    precondition(
      x.shape.count == 4 && w.shape.count == 4 && w.shape[1] * groups == x.shape[1] && w.shape[0] % groups == 0,
      "conv2d: \(parameters.name(of: weight)) of shape \(w.shape) in \(groups) groups does not fit \(x.shape)")
    let c = Kernels.Convolution(
      x.shape, kernel: w.shape, stride: stride, padding: padding, dilation: dilation, groups: groups)
    multiplications += c.batch * c.outputs * c.cells * c.taps
    let y = Kernels.conv2d(
      x.tensor, parameters.weight(weight, readingPrecision), bias.map { parameters[$0] }, relu: isFused, c)
    let operation = GraphOperation.convolution(
      GraphConvolution(weight, bias, c, dilation: dilation, padding: padding, relu: isFused, input: x.shape))
    let output = record(y, operation, from: x, learning: weight, bias) { dy, adjoints in
      adjoints.add(Kernels.conv2dInputGradient(dy, w, c), to: x)
      adjoints.add(Kernels.conv2dWeightGradient(dy, x.tensor, c, shape: w.shape), to: weight)
      if let bias { adjoints.add(Kernels.channelSums(dy), to: bias) }
    }
    return relu && !isFused ? self.relu(output) : output
  }

  /// The transpose of a strided `conv2d`: every input cell paints a kernel onto the output.
  ///
  /// - Parameters:
  ///   - x: [batch, inputs, height, width].
  ///   - weight: [inputs, outputs, kernel rows, kernel columns]; `bias` is [outputs].
  ///   - crop: cut off the full output of (size - 1) * stride + kernel cells. `.same` leaves size * stride cells.
  package mutating func convTranspose2d(
    _ x: Value, _ weight: Parameter, _ bias: Parameter?, stride: Int, crop: Padding = .none
  ) -> Value {
    let w = parameters[weight]
    precondition(
      x.shape.count == 4 && w.shape.count == 4 && w.shape[0] == x.shape[1],
      "convTranspose2d: \(parameters.name(of: weight)) of shape \(w.shape) does not fit \(x.shape)")
    let c = Kernels.Convolution(transposed: x.shape, kernel: w.shape, stride: stride, crop: crop)
    multiplications += c.batch * c.outputs * c.cells * c.taps
    var y = Kernels.conv2dInputGradient(x.tensor, w, c)
    if let bias { y = Kernels.perChannel(y, offset: parameters[bias]) }
    let operation = GraphOperation.transposedConvolution(GraphConvolution(weight, bias, transposed: c, input: x.shape))
    return record(y, operation, from: x, learning: weight, bias) { dy, adjoints in
      adjoints.add(Kernels.conv2d(dy, Weight(w), nil, c), to: x)
      adjoints.add(Kernels.conv2dWeightGradient(x.tensor, dy, c, shape: w.shape), to: weight)
      if let bias { adjoints.add(Kernels.channelSums(dy), to: bias) }
    }
  }
}

extension Kernels.Convolution {
  /// The sizes of `conv2d` over an input of shape `input`.
  init(_ input: [Int], kernel: [Int], stride: Int, padding: Padding, dilation: Int, groups: Int) {
    func side(_ axis: Int) -> (before: Int, cells: Int) {
      let pads = padding.along(
        input[axis], vertical: axis == 2, kernel: kernel[axis], stride: stride, dilation: dilation)
      let reach = (kernel[axis] - 1) * dilation + 1
      return (pads.before, (input[axis] + pads.before + pads.after - reach) / stride + 1)
    }
    let (rows, columns) = (side(2), side(3))
    precondition(rows.cells > 0 && columns.cells > 0, "conv2d: the kernel \(kernel) is larger than the input \(input)")
    self.init(
      batch: input[0], channels: input[1], outputs: kernel[0], groups: groups,
      window: ck_window(
        channels: kernel[1], height: input[2], width: input[3], kernel_height: kernel[2], kernel_width: kernel[3],
        stride: stride, dilation: dilation, pad_top: rows.before, pad_left: columns.before, out_height: rows.cells,
        out_width: columns.cells))
  }

  /// The sizes of the convolution that `convTranspose2d` over `input` is the transpose of.
  init(transposed input: [Int], kernel: [Int], stride: Int, crop: Padding) {
    func side(_ axis: Int) -> (before: Int, cells: Int) {
      let full = (input[axis] - 1) * stride + kernel[axis]
      switch crop {
      case .same:
        let total = max(0, full - input[axis] * stride)
        return (total / 2, full - total)
      case .sides(let top, let left, let bottom, let right):
        let (before, after) = axis == 2 ? (top, bottom) : (left, right)
        return (before, full - before - after)
      }
    }
    let (rows, columns) = (side(2), side(3))
    self.init(
      batch: input[0], channels: kernel[1], outputs: input[1], groups: 1,
      window: ck_window(
        channels: kernel[1], height: rows.cells, width: columns.cells, kernel_height: kernel[2],
        kernel_width: kernel[3], stride: stride, dilation: 1, pad_top: rows.before, pad_left: columns.before,
        out_height: input[2], out_width: input[3]))
  }
}
