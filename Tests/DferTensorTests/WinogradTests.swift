import CKernels
import DferTensor
import DferTestSupport
import Foundation
import Testing

/// Convolutions of the kind that Winograd's method takes, against slow, obvious sums in `Double`.
@Suite(.serialized)
struct WinogradTests {
  struct Case: Sendable, CustomStringConvertible {
    var batch = 1, channels = 8, outputs = 9, height = 16, width = 16, dilation = 1
    var description: String { "\(batch) x \(channels) -> \(outputs), \(height) x \(width), dilation \(dilation)" }
  }

  static let cases = [
    Case(), Case(height: 17, width: 19), Case(batch: 3, height: 9, width: 13),
    Case(channels: 33, outputs: 36, height: 32, width: 32),
    Case(batch: 2, dilation: 2), Case(batch: 2, height: 18, width: 22, dilation: 2),
    Case(batch: 17, height: 4, width: 4),
    Case(batch: 1, channels: 11, height: 5, width: 150), Case(batch: 9, height: 12, width: 12, dilation: 2),
  ]

  @Test(arguments: cases, Array(0...ck_best_level()))
  func givesTheSumsAndTheirGradients(_ c: Case, level: Int32) {
    ck_force_level(level)
    defer { ck_force_level(-1) }
    var random = RandomSource(seed: 3)
    func noise(_ shape: [Int]) -> Tensor {
      Tensor((0..<shape.reduce(1, *)).map { _ in random.normal() }, shape: shape)
    }
    var store = ParameterStore()
    let weight = store.declare("weight", shape: [c.outputs, c.channels, 3, 3])
    let bias = store.declare("bias", shape: [c.outputs])
    (store[weight], store[bias]) = (noise([c.outputs, c.channels, 3, 3]), noise([c.outputs]))
    let images = noise([c.batch, c.channels, c.height, c.width])
    let factor = noise([c.batch, c.outputs, c.height, c.width])
    var tape = Tape(store, recording: true)
    let x = tape.input(images)
    let y = tape.conv2d(x, weight, bias, padding: .all(c.dilation), dilation: c.dilation)
    let gradients = tape.gradients(from: [(y, factor)], inputs: [x])

    let plane = c.height * c.width
    var sums = [Double](repeating: 0, count: y.tensor.count)
    var dx = [Double](repeating: 0, count: images.count)
    var dweight = [Double](repeating: 0, count: store[weight].count)
    for sample in 0..<c.batch {
      for o in 0..<c.outputs {
        for row in 0..<c.height {
          for column in 0..<c.width {
            let out = (sample * c.outputs + o) * plane + row * c.width + column
            sums[out] += Double(store[bias].values[o])
            for ky in 0..<3 {
              for kx in 0..<3 {
                let (fromRow, fromColumn) = (row + (ky - 1) * c.dilation, column + (kx - 1) * c.dilation)
                guard 0..<c.height ~= fromRow, 0..<c.width ~= fromColumn else { continue }
                for channel in 0..<c.channels {
                  let from = (sample * c.channels + channel) * plane + fromRow * c.width + fromColumn
                  let tap = (o * c.channels + channel) * 9 + ky * 3 + kx
                  let (value, w) = (Double(images.values[from]), Double(store[weight].values[tap]))
                  sums[out] += value * w
                  dx[from] += Double(factor.values[out]) * w
                  dweight[tap] += Double(factor.values[out]) * value
                }
              }
            }
          }
        }
      }
    }
    #expect(error(y.tensor, sums) < 1e-5)
    #expect(error(gradients.inputs[0], dx) < 1e-5)
    #expect(error(gradients.parameters[0], dweight) < 1e-5)
  }

  /// Largest difference, over the largest number.
  private func error(_ found: Tensor?, _ expected: [Double]) -> Double {
    guard let found, found.count == expected.count else { return .infinity }
    let worst = zip(found.values, expected).map { abs(Double($0) - $1) }.reduce(0) { $1 > $0 || $1.isNaN ? $1 : $0 }
    return worst / (expected.map { abs($0) }.max() ?? 1)
  }
}
