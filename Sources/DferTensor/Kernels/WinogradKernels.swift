import CKernels

extension Kernels.Convolution {
  /// How Winograd's method cuts this convolution; nil where it cannot (other kernels, strides, paddings) or does not pay
  /// (few tiles or channels: the 36 products would be too small).
  var tiles: Kernels.Tiles? {
    let w = window
    guard groups == 1, w.kernel_height == 3, w.kernel_width == 3, w.stride == 1, w.pad_top == w.dilation,
      w.pad_left == w.dilation, w.out_height == w.height, w.out_width == w.width, w.dilation <= 2,
      w.height % w.dilation == 0, w.width % w.dilation == 0, channels >= 8, outputs >= 8
    else { return nil }
    let tiles = Kernels.Tiles(batch: batch, height: w.height, width: w.width, dilation: w.dilation)
    return tiles.count >= 16 ? tiles : nil
  }
}

extension Kernels {
  /// The tiles of a batch of images.
  struct Tiles: Sendable {
    let batch, count: Int
    private let shape: ck_tiles

    init(batch: Int, height: Int, width: Int, dilation: Int) {
      self.batch = batch
      shape = ck_tiles(
        height: height, width: width, dilation: dilation, rows: (height / dilation + 3) / 4,
        columns: (width / dilation + 3) / 4, step: 0)
      count = batch * dilation * dilation * shape.rows * shape.columns
    }

    /// For tensors of that many channels.
    func of(channels: Int) -> ck_tiles {
      var shape = shape
      shape.step = channels * shape.height * shape.width
      return shape
    }

    var plane: Int { shape.height * shape.width }
  }

  /// Products of a tile with one kernel.
  private static let products = 36

  /// Kernels [outputs, channels, 3, 3] as [36, outputs, channels]; `turned`, for the way back from a gradient of the output
  /// to the input's: turned by half a circle, as [36, channels, outputs].
  static func winogradKernels(_ weight: Tensor, turned: Bool) -> PackedNumbers {
    let (outputs, channels) = (weight.shape[0], weight.shape[1])
    return read(weight) { weight in
      PackedNumbers(count: products * channels * outputs) {
        ck_winograd_kernels(weight.start, outputs, channels, turned ? 1 : 0, $0.start)
      }
    }
  }

  /// A convolution by Winograd's method.
  ///
  /// - Parameters:
  ///   - kernels: in Winograd's form.
  ///   - floor: no number of the result is smaller.
  static func winograd(
    _ x: Tensor, _ kernels: PackedNumbers, _ bias: Tensor?, _ tiles: Tiles, floor: Float, shape: [Int]
  ) -> Tensor {
    let (channels, outputs) = (x.shape[1], shape[1])
    let panel = Int(CK_PANEL)
    let (input, output) = (tiles.of(channels: channels), tiles.of(channels: outputs))
    let pair = channels * outputs
    return read(x, kernels, bias) { x, kernels, bias0 in
      make(shape) { y in
        parallel((tiles.count + panel - 1) / panel, scratch: products * panel * (channels + outputs) + 8) { index, v in
          let first = index * panel
          let count = min(panel, tiles.count - first)
          let m = v + products * panel * channels
          for channel in 0..<channels {
            ck_winograd_input(
              x + channel * tiles.plane, input, first, count, v + channel * panel, channels * panel)
          }
          for k in 0..<products {
            let (u, from, to) = (kernels + k * pair, v + k * channels * panel, m + k * outputs * panel)
            if ck_has_product() != 0 {
              ck_product(u, outputs, channels, channels, from, nil, count, to, panel)
            } else {
              gemm(outputs, count, channels, u, channels, from, panel, to, panel)
            }
          }
          for o in 0..<outputs {
            ck_winograd_output(
              m + o * panel, outputs * panel, output, first, count, bias == nil ? 0 : bias0.start[o], floor,
              y + o * tiles.plane)
          }
        }
      }
    }
  }

  /// The gradient for the weight [outputs, channels, 3, 3].
  static func winogradWeightGradient(_ dy: Tensor, _ x: Tensor, _ tiles: Tiles, shape: [Int]) -> Tensor {
    let (outputs, channels) = (shape[0], shape[1])
    let (input, output) = (tiles.of(channels: channels), tiles.of(channels: outputs))
    let pair = channels * outputs
    // Sums over tiles want many of them at once; every thread has a share of the tiles and sums of its own.
    let panel = 256
    let parts = max(1, min(Compute.threads, tiles.count / panel))
    return read(dy, x) { dy, x in
      make(shape) { dw in
        let room = UnsafeMutablePointer<Float>.allocate(capacity: parts * products * pair)
        defer { room.deallocate() }
        let sums = Target(start: room)
        parallel(parts, scratch: products * panel * (channels + outputs)) { part, v in
          // Tiles of a dilated kernel lie in pairs.
          let begin = tiles.count * part / parts / 2 * 2
          let end = part + 1 == parts ? tiles.count : tiles.count * (part + 1) / parts / 2 * 2
          let m = v + products * panel * channels
          for first in stride(from: begin, to: end, by: panel) {
            let count = min(panel, end - first)
            for channel in 0..<channels {
              ck_winograd_input(x + channel * tiles.plane, input, first, count, v + channel * panel, channels * panel)
            }
            for o in 0..<outputs {
              ck_winograd_slope(dy + o * tiles.plane, output, first, count, m + o * panel, outputs * panel)
            }
            for k in 0..<products {
              gemm(
                outputs, channels, count, m + k * outputs * panel, panel, v + k * channels * panel, panel,
                turnedB: true, beta: first == begin ? 0 : 1, sums + (part * products + k) * pair, channels)
            }
          }
        }
        for part in 1..<max(parts, 1) { ck_accumulate(sums + 0, sums + part * products * pair, products * pair) }
        ck_winograd_kernel_slopes(sums + 0, outputs, channels, dw + 0)
      }
    }
  }
}
