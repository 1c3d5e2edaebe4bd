import CKernels
import DferTensor
import Foundation
import Testing

/// Every instruction set against slow, obvious arithmetic in `Double`, on sizes around the vector widths.
@Suite(.serialized)
struct KernelTests {
  static let levels = Array(0...ck_best_level())
  static let sizes = [1, 3, 4, 7, 8, 15, 16, 17, 31, 33, 64, 97]

  @Test(arguments: levels, sizes)
  func softmax(level: Int32, columns: Int) {
    at(level) {
      let x = numbers(3 * columns, size: 8)
      var y = x
      ck_softmax(&y, 3, columns, columns, 0.7)
      for row in 0..<3 {
        let range = row * columns..<(row + 1) * columns
        let powers = x[range].map { exp(0.7 * Double($0)) }
        let expected = powers.map { $0 / powers.reduce(0, +) }
        #expect(worst(y[range], expected) < 3e-7)
      }
    }
  }

  @Test(arguments: levels)
  func softmaxExtremes(level: Int32) {
    at(level) {
      var far: [Float] = [-1e30, 0, 200, -3e38, 199]
      ck_softmax(&far, 1, 5, 5, 1)
      #expect(worst(far[...], [0, 0, 0.7310586, 0, 0.2689414]) < 1e-6)
      var broken = [Float](repeating: 1, count: 20)
      broken[3] = .nan
      ck_softmax(&broken, 1, 20, 20, 1)
      #expect(broken.allSatisfy { $0.isNaN }, "NaN must not be hidden")
    }
  }

  @Test(arguments: levels)
  func gelu(level: Int32) {
    at(level) {
      let x = (0..<4001).map { Float($0 - 2000) / 200 }
      var y = x
      var slope = x
      ck_gelu(x, &y, x.count)
      ck_gelu_backward(x, [Float](repeating: 1, count: x.count), &slope, x.count)
      let expected = x.map { Double($0) * 0.5 * erfc(-Double($0) / 2.0.squareRoot()) }
      let slopes = x.map { x in
        let x = Double(x)
        return 0.5 * erfc(-x / 2.0.squareRoot()) + x * exp(-x * x / 2) / (2 * Double.pi).squareRoot()
      }
      #expect(worst(y[...], expected) < 1e-6)
      #expect(worst(slope[...], slopes) < 1e-6)
    }
  }

  @Test(arguments: levels, sizes)
  func layerNorm(level: Int32, columns: Int) {
    at(level) {
      let (x, w, b) = (numbers(2 * columns, size: 3), numbers(columns, size: 1), numbers(columns, size: 1))
      var y = x
      ck_layer_norm(x, w, b, &y, 2, columns, 1e-5)
      for row in 0..<2 {
        let range = row * columns..<(row + 1) * columns
        let values = x[range].map { Double($0) }
        let mean = values.reduce(0, +) / Double(columns)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(columns)
        let expected = (0..<columns).map { i in
          (values[i] - mean) / (variance + 1e-5).squareRoot() * Double(w[i]) + Double(b[i])
        }
        #expect(worst(y[range], expected) < 3e-6)
      }
    }
  }

  @Test(arguments: levels, sizes)
  func elements(level: Int32, count: Int) {
    at(level) {
      let (a, b) = (numbers(count, size: 4), numbers(count, size: 4))
      var y = a
      ck_add(a, b, &y, count)
      #expect(y == zip(a, b).map { $0 + $1 })
      ck_multiply(a, b, &y, count)
      #expect(y == zip(a, b).map { $0 * $1 })
      ck_relu(a, &y, count)
      #expect(y == a.map { max($0, 0) })
      ck_sigmoid(a, &y, count)
      #expect(worst(y[...], a.map { 1 / (1 + exp(-Double($0))) }) < 2e-7)
      var sum = a
      ck_accumulate(&sum, b, count)
      #expect(sum == zip(a, b).map { $0 + $1 })
    }
  }

  @Test(arguments: levels, [(1, 1), (2, 1), (3, 1), (1, 2)])
  func depthwise(level: Int32, steps: (stride: Int, dilation: Int)) {
    at(level) {
      let (height, width, kernel, pad) = (9, 37, 3, steps.dilation)
      let reach = 2 * pad - (kernel - 1) * steps.dilation - 1
      let window = ck_window(
        channels: 1, height: height, width: width, kernel_height: kernel, kernel_width: kernel, stride: steps.stride,
        dilation: steps.dilation, pad_top: pad, pad_left: pad, out_height: (height + reach) / steps.stride + 1,
        out_width: (width + reach) / steps.stride + 1)
      let (x, k) = (numbers(height * width, size: 1), numbers(9, size: 1))
      var y = [Float](repeating: 0, count: window.out_height * window.out_width)
      ck_depthwise(x, k, 0.5, window, &y)
      let expected = (0..<y.count).map { cell in
        (0..<9).reduce(0.5) { sum, tap in
          let row = cell / window.out_width * steps.stride - pad + tap / 3 * steps.dilation
          let column = cell % window.out_width * steps.stride - pad + tap % 3 * steps.dilation
          guard 0..<height ~= row, 0..<width ~= column else { return sum }
          return sum + Double(k[tap]) * Double(x[row * width + column])
        }
      }
      #expect(worst(y[...], expected) < 2e-6)
    }
  }

  /// Every number that a window sees is where it belongs, whatever the width: what is copied is the same bits.
  @Test(arguments: levels, [(1, 1, 3), (2, 1, 3), (2, 1, 5), (3, 1, 5), (2, 2, 3), (2, 1, 2)])
  func columns(level: Int32, steps: (stride: Int, dilation: Int, kernel: Int)) {
    at(level) {
      for width in [1, 2, 5, 11, 12, 16, 24, 31, 32, 33, 48, 65, 67] {
        let (channels, height, pad) = (2, 7, steps.kernel / 2 * steps.dilation)
        let reach = 2 * pad - (steps.kernel - 1) * steps.dilation - 1
        guard width + reach >= 0 else { continue }
        let window = ck_window(
          channels: channels, height: height, width: width, kernel_height: steps.kernel, kernel_width: steps.kernel,
          stride: steps.stride, dilation: steps.dilation, pad_top: pad, pad_left: pad,
          out_height: (height + reach) / steps.stride + 1, out_width: (width + reach) / steps.stride + 1)
        let x = numbers(channels * height * width, size: 1)
        let (first, rows) = (window.out_height / 3, window.out_height - window.out_height / 3)
        let cells = rows * window.out_width
        var found = [Float](repeating: .nan, count: channels * steps.kernel * steps.kernel * cells)
        ck_im2col(x, window, first, rows, &found)
        let expected = found.indices.map { index -> Float in
          let (tap, cell) = (index / cells, index % cells)
          let (channel, ky, kx) = (
            tap / (steps.kernel * steps.kernel), tap / steps.kernel % steps.kernel, tap % steps.kernel
          )
          let row = (first + cell / window.out_width) * steps.stride - pad + ky * steps.dilation
          let column = cell % window.out_width * steps.stride - pad + kx * steps.dilation
          guard 0..<height ~= row, 0..<width ~= column else { return 0 }
          return x[(channel * height + row) * width + column]
        }
        #expect(found == expected, "width \(width)")
      }
    }
  }

  // MARK: Help

  private func at(_ level: Int32, _ body: () -> Void) {
    ck_force_level(level)
    defer { ck_force_level(-1) }
    body()
  }

  private func numbers(_ count: Int, size: Float) -> [Float] {
    var random = RandomSource(seed: UInt64(count))
    return (0..<count).map { _ in size * random.normal() }
  }

  private func worst(_ found: ArraySlice<Float>, _ expected: [Double]) -> Double {
    zip(found, expected).reduce(0) { worst, pair in
      let error = abs(Double(pair.0) - pair.1)
      return error > worst || error.isNaN ? error : worst
    }
  }
}
