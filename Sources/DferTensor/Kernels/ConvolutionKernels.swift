import CKernels

extension Kernels {
  /// A convolution's sizes: x [batch, channels, height, width], weight [outputs, channels / groups, kernel, kernel].
  struct Convolution: Sendable {
    let batch, channels, outputs, groups: Int
    /// The window over the channels of one group.
    let window: ck_window

    var cells: Int { window.out_height * window.out_width }
    var plane: Int { window.height * window.width }
    /// Numbers that one output cell of a group reads.
    var taps: Int { window.channels * window.kernel_height * window.kernel_width }
    var groupOutputs: Int { outputs / groups }
    var outputShape: [Int] { [batch, outputs, window.out_height, window.out_width] }
    var inputShape: [Int] { [batch, channels, window.height, window.width] }

    var isDepthwise: Bool { window.channels == 1 && groupOutputs == 1 }
    /// The window that reads the output's gradient and gives the input's, for depthwise kernels of stride 1.
    var turnedDepthwise: ck_window? {
      guard isDepthwise, window.stride == 1 else { return nil }
      var turned = window
      (turned.height, turned.width) = (window.out_height, window.out_width)
      (turned.out_height, turned.out_width) = (window.height, window.width)
      turned.pad_top = (window.kernel_height - 1) * window.dilation - window.pad_top
      turned.pad_left = (window.kernel_width - 1) * window.dilation - window.pad_left
      return turned.pad_top >= 0 && turned.pad_left >= 0 ? turned : nil
    }
    /// A 1 x 1 window reads the input as it lies.
    var isPointwise: Bool {
      window.kernel_height == 1 && window.kernel_width == 1 && window.stride == 1 && window.pad_top == 0
        && window.pad_left == 0 && window.out_height == window.height && window.out_width == window.width
    }
  }

  /// - Parameter relu: through a ReLU, while the numbers are still in the cache.
  static func conv2d(_ x: Tensor, _ weight: Weight, _ bias: Tensor?, relu: Bool = false, _ c: Convolution) -> Tensor {
    let floor: Float = relu ? 0 : -.infinity
    if let tiles = c.tiles {
      // In floats at every precision: the changes of form make what products round off some fourteen times as large, 5 % of the
      // largest number in bf16.
      let kernels = weight.form(.winograd) { winogradKernels(weight.tensor, turned: false) }
      return winograd(x, kernels, bias, tiles, floor: floor, shape: c.outputShape)
    }
    let format =
      isWorthReducing(channels: c.taps, outputs: c.groupOutputs) && c.cells >= 32
      ? weight.precision.sensitiveFormat : nil
    let rows = format.map { format in
      weight.form(.reducedRows) { reducedRows(weight.tensor, inputs: c.taps, format) }
    }
    let panelRoom = format.map { ck_reduced_panel($0, c.taps) } ?? c.taps * Int(CK_PANEL)
    return read(x, rows, weight.tensor, bias) { x, weight, bias0 in
      make(c.outputShape) { y in
        if c.isDepthwise {
          parallel(c.batch * c.channels) { index in
            let channel = index % c.channels
            let out = y + index * c.cells
            ck_depthwise(
              x + index * c.plane, weight + channel * c.taps, bias == nil ? 0 : bias0.start[channel], c.window, out)
            if relu { ck_relu(out, out, c.cells) }
          }
          return
        }
        // Bands of output rows: small enough that a band's columns stay in the cache, enough of them for all threads.
        let row = c.window.out_width
        let fitting = max(1, 65_536 / max(1, c.taps * row))
        let even = (c.window.out_height + Compute.threads - 1) / Compute.threads
        let band = max(1, min(c.isPointwise ? even : min(fitting, even), c.window.out_height))
        let bands = (c.window.out_height + band - 1) / band
        let room = c.isPointwise ? 0 : c.taps * band * row
        parallel(c.batch * c.groups * bands, scratch: room + panelRoom) { index, columns in
          let first = index % bands * band
          let rows = min(band, c.window.out_height - first)
          let group = index / bands % c.groups
          let sample = index / bands / c.groups
          let output = group * c.groupOutputs
          let input = x + (sample * c.channels + group * c.window.channels) * c.plane
          if !c.isPointwise { ck_im2col(input, c.window, first, rows, columns) }
          if let format {
            reducedProduct(
              weight + output * ck_reduced_row(format, c.taps), outputs: c.groupOutputs, taps: c.taps,
              bias == nil ? nil : bias0 + output, floor,
              c.isPointwise ? input + first * row : UnsafePointer(columns), c.isPointwise ? c.plane : rows * row,
              count: rows * row, panel: columns + room,
              y + ((sample * c.outputs + output) * c.cells + first * row), c.cells, format)
            return
          }
          product(
            weight + output * c.taps, outputs: c.groupOutputs, taps: c.taps, bias == nil ? nil : bias0 + output, floor,
            c.isPointwise ? input + first * row : UnsafePointer(columns), c.isPointwise ? c.plane : rows * row,
            count: rows * row, panel: columns + room,
            y + ((sample * c.outputs + output) * c.cells + first * row), c.cells)
        }
      }
    }
  }

  /// y [outputs, count] = weight [outputs, taps] columns [taps, count] + bias, nothing below `floor`.
  ///
  /// - Parameter panel: room for CK_PANEL columns.
  private static func product(
    _ weight: UnsafePointer<Float>, outputs: Int, taps: Int, _ bias: UnsafePointer<Float>?, _ floor: Float,
    _ columns: UnsafePointer<Float>, _ stride: Int, count: Int, panel: UnsafeMutablePointer<Float>,
    _ y: UnsafeMutablePointer<Float>, _ out: Int
  ) {
    if ck_has_product() != 0 {
      // Columns one after the other, because lines a multiple of 4 KiB apart push each other out of the cache.
      let width = Int(CK_PANEL)
      for first in Swift.stride(from: 0, to: count, by: width) {
        let some = min(width, count - first)
        ck_pack_columns(columns + first, stride, taps, some, width, 0, panel)
        ck_product_rows(weight, outputs, taps, taps, panel, bias, floor, some, y + first, out)
      }
      return
    }
    for o in 0..<outputs { (y + o * out).update(repeating: bias?[o] ?? 0, count: count) }
    gemm(outputs, count, taps, weight, taps, columns, stride, beta: 1, y, out)
    if floor == 0 {
      for o in 0..<outputs { ck_relu(y + o * out, y + o * out, count) }
    }
  }

  /// The gradient for x; also the forward pass of the transposed convolution.
  static func conv2dInputGradient(_ dy: Tensor, _ weight: Tensor, _ c: Convolution) -> Tensor {
    if let tiles = c.tiles {
      return winograd(dy, winogradKernels(weight, turned: true), nil, tiles, floor: -.infinity, shape: c.inputShape)
    }
    if let turned = c.turnedDepthwise { return depthwiseInputGradient(dy, weight, turned, shape: c.inputShape) }
    return read(dy, weight) { dy, weight in
      make(c.inputShape) { dx in
        parallel(c.batch * c.groups, scratch: c.isPointwise ? 0 : c.taps * c.cells) { index, columns in
          let (sample, group) = (index / c.groups, index % c.groups)
          let output = group * c.groupOutputs
          let into = dx + (sample * c.channels + group * c.window.channels) * c.plane
          gemm(
            c.taps, c.cells, c.groupOutputs, weight + output * c.taps, c.taps, turnedA: true,
            dy + (sample * c.outputs + output) * c.cells, c.cells, c.isPointwise ? into : columns, c.cells)
          if c.isPointwise { return }
          into.update(repeating: 0, count: c.window.channels * c.plane)
          ck_col2im(columns, c.window, into)
        }
      }
    }
  }

  /// The gradient for the input of a depthwise convolution: the same with kernels turned by half a circle.
  private static func depthwiseInputGradient(
    _ dy: Tensor, _ weight: Tensor, _ window: ck_window, shape: [Int]
  ) -> Tensor {
    let taps = window.kernel_height * window.kernel_width
    let (channels, cells, plane) = (shape[1], window.height * window.width, window.out_height * window.out_width)
    return read(dy, weight) { dy, weight in
      make(shape) { dx in
        parallel(shape[0] * channels, scratch: taps) { index, turned in
          for tap in 0..<taps { turned[tap] = (weight + index % channels * taps)[taps - 1 - tap] }
          ck_depthwise(dy + index * cells, turned, 0, window, dx + index * plane)
        }
      }
    }
  }

  /// The gradient for the weight.
  static func conv2dWeightGradient(_ dy: Tensor, _ x: Tensor, _ c: Convolution, shape: [Int]) -> Tensor {
    if let tiles = c.tiles { return winogradWeightGradient(dy, x, tiles, shape: shape) }
    return read(dy, x) { dy, x in
      make(shape) { dw in
        parallel(c.groups, scratch: c.isPointwise || c.isDepthwise ? 0 : c.taps * c.cells) { group, columns in
          let output = group * c.groupOutputs
          if c.isDepthwise {
            (dw + group * c.taps).update(repeating: 0, count: c.taps)
            for sample in 0..<c.batch {
              let plane = sample * c.channels + group
              ck_depthwise_slope(x + plane * c.plane, dy + plane * c.cells, c.window, dw + group * c.taps)
            }
            return
          }
          for sample in 0..<c.batch {
            let input = x + (sample * c.channels + group * c.window.channels) * c.plane
            if !c.isPointwise { ck_im2col(input, c.window, 0, c.window.out_height, columns) }
            gemm(
              c.groupOutputs, c.taps, c.cells, dy + (sample * c.outputs + output) * c.cells, c.cells,
              c.isPointwise ? input : UnsafePointer(columns), c.cells, turnedB: true, beta: sample == 0 ? 0 : 1,
              dw + output * c.taps, c.taps)
          }
        }
      }
    }
  }
}
