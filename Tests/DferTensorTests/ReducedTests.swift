import CKernels
import Foundation
import Testing

/// Products of reduced precision with every set of instructions of this processor, against sums in `Double`, on odd sizes.
@Suite(.serialized)
struct ReducedTests {
  struct Way: Sendable, CustomStringConvertible {
    let level, dots: Int32
    var description: String { "level \(level), dots \(dots)" }
  }

  static let ways = (0...ck_best_level()).flatMap { level in (0...2).map { Way(level: level, dots: $0) } }
  static let sizes = [
    (1, 1, 1), (1, 2, 32), (3, 7, 5), (14, 31, 32), (15, 33, 17), (29, 64, 31), (33, 100, 16), (31, 255, 9),
    (17, 256, 32),
    (7, 257, 32), (5, 392, 30), (40, 513, 24), (13, 1024, 32), (61, 1537, 3),
  ]
  /// The largest error that is accepted, over the lengths of row and column.
  static let tolerances = [CK_BF16: 8e-3, CK_INT16: 2e-4, CK_INT8: 1.2e-2]

  @Test(arguments: ways, [CK_BF16, CK_INT16, CK_INT8])
  func products(way: Way, format: ck_format) throws {
    force(way)
    defer { release() }
    for size in Self.sizes {
      for byColumns in [false, true] {
        let found = product(size, format, byColumns: byColumns)
        #expect(
          found.error <= Self.tolerances[format]!,
          "\(size) \(byColumns) \(String(cString: ck_reduced_instructions(format)))")
      }
    }
  }

  /// Whole numbers are summed exactly: not one bit depends on the instructions.
  @Test(arguments: [CK_INT16, CK_INT8])
  func wholeNumbersAreTheSameEverywhere(format: ck_format) {
    for size in Self.sizes {
      for byColumns in [false, true] {
        let all = Self.ways.map { way in
          force(way)
          defer { release() }
          return product(size, format, byColumns: byColumns).y.map(\.bitPattern)
        }
        #expect(all.allSatisfy { $0 == all[0] }, "\(size)")
      }
    }
  }

  /// The largest numbers that fit must not leave 32 bits.
  @Test(arguments: ways, [CK_INT16, CK_INT8])
  func fullRowsAndColumnsDoNotOverflow(way: Way, format: ck_format) {
    force(way)
    defer { release() }
    for (inputs, sign) in [1, 3, 50, 64, 65, 256, 1024].flatMap({ [($0, Float(1)), ($0, -1)] }) {
      let y = multiply(
        [Float](repeating: sign, count: inputs), rows: 1, inputs: inputs, [Float](repeating: 3, count: 32 * inputs),
        columns: 32, format)
      #expect(y.allSatisfy { abs($0 - sign * 3 * Float(inputs)) < 6e-4 * 3 * Float(inputs) })
    }
  }

  @Test(arguments: ways, [CK_BF16, CK_INT16, CK_INT8])
  func brokenNumbersAreNotHidden(way: Way, format: ck_format) {
    force(way)
    defer { release() }
    for broken in [Float.nan, .infinity, -.infinity] {
      var x = [Float](repeating: 1, count: 3 * 50)
      x[50 + 49] = broken
      var w = [Float](repeating: 0.5, count: 4 * 50)
      var y = multiply(x, rows: 3, inputs: 50, w, columns: 4, format)
      #expect(y[4..<8].allSatisfy { !$0.isFinite } && (y[..<4] + y[8...]).allSatisfy { abs($0 - 25) < 0.01 })
      w[3] = broken
      y = multiply([Float](repeating: 1, count: 50), rows: 1, inputs: 50, w, columns: 4, format)
      #expect(!y[0].isFinite && y[1...].allSatisfy { abs($0 - 25) < 0.01 })
    }
    let zeros = multiply(
      [Float](repeating: 0, count: 50), rows: 1, inputs: 50, [Float](repeating: 1e-38, count: 50), columns: 1, format)
    #expect(zeros == [0])
  }

  /// Sizes around vector widths, sharp and flat rows, one broken number.
  @Test(arguments: ways, [1, 7, 16, 31, 33, 100, 392, 1030])
  func softmax(way: Way, columns: Int) {
    force(way)
    defer { release() }
    for size in [Float(0.1), 3, 40] {
      var seed = UInt64(columns)
      let x = (0..<2 * columns).map { _ in
        seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (Float(seed >> 40) / Float(1 << 24) - 0.5) * size
      }
      for (format, tolerance) in [(CK_INT16, 1.5e-4), (CK_BF16, 4e-3)] {
        // One column of the values at a time: what comes out are the weights themselves.
        for column in Set([0, columns / 2, columns - 1]) {
          let v = (0..<columns).map { $0 == column ? Float(1) : 0 }
          var panel = [Float](repeating: 0, count: ck_reduced_panel(format, columns))
          var rows = [Float](repeating: .nan, count: 2 * ck_reduced_row(format, columns))
          var (y, shares) = ([Float](repeating: 0, count: 2), [Float](repeating: 0, count: 2))
          ck_reduced_pack_columns(format, v, 1, columns, 1, &panel)
          ck_reduced_softmax(format, x, 2, columns, columns, 0.5, &rows, &shares)
          ck_reduced_product(format, rows, 2, columns, panel, nil, nil, -.infinity, 1, &y, 1)
          for row in 0..<2 {
            let powers = x[row * columns..<(row + 1) * columns].map { exp(0.5 * Double($0)) }
            let (sum, top) = (powers.reduce(0, +), powers.max() ?? 1)
            #expect(abs(Double(y[row] * shares[row]) - powers[column] / sum) < tolerance * top / sum)
          }
          var broken = x
          broken[columns - 1] = .nan
          ck_reduced_softmax(format, broken, 2, columns, columns, 0.5, &rows, &shares)
          ck_reduced_product(format, rows, 2, columns, panel, nil, nil, -.infinity, 1, &y, 1)
          #expect((y[0] * shares[0]).isNaN && (y[1] * shares[1]).isFinite)
        }
      }
    }
  }

  /// Panels one behind the other, a bias, and GELU to what numbers of 8 bits show.
  @Test(arguments: ways, [CK_BF16, CK_INT16, CK_INT8])
  func severalPanels(way: Way, format: ck_format) {
    force(way)
    defer { release() }
    for (rows, inputs, columns) in [(1, 5, 33), (33, 70, 64), (45, 333, 97)] {
      let x = (0..<rows * inputs).map { Float($0 * 37 % 101 - 50) / 50 }
      let w = (0..<columns * inputs).map { Float($0 * 53 % 97 - 48) / 48 / Float(inputs).squareRoot() }
      let bias = (0..<columns).map { Float($0 % 5 - 2) / 2 }
      let size = ck_reduced_panel(format, inputs)
      var ready = [Float](repeating: 0, count: rows * ck_reduced_row(format, inputs))
      var panels = [Float](repeating: 0, count: (columns + 31) / 32 * size)
      ck_reduced_rows(format, x, rows, inputs, inputs, &ready)
      var want = [Float](repeating: 0, count: rows * columns)
      for first in stride(from: 0, to: columns, by: 32) {
        let some = min(32, columns - first)
        panels.withUnsafeMutableBufferPointer { panels in
          let panel = panels.baseAddress! + first / 32 * size
          w.withUnsafeBufferPointer {
            ck_reduced_pack_panel(format, $0.baseAddress! + first * inputs, inputs, inputs, some, panel)
          }
          want.withUnsafeMutableBufferPointer { want in
            bias.withUnsafeBufferPointer { bias in
              ck_reduced_product(
                format, ready, rows, inputs, panel, bias.baseAddress! + first, nil, -.infinity, some,
                want.baseAddress! + first, columns)
            }
          }
        }
      }
      var y = [Float](repeating: 0, count: rows * columns)
      ck_reduced_products(format, ready, rows, inputs, panels, bias, 0, columns, &y, columns)
      let isSame = y == want
      #expect(isSame, "\(rows) x \(inputs) x \(columns)")
      ck_reduced_products(format, ready, rows, inputs, panels, bias, 1, columns, &y, columns)
      let tolerance: Float = format == CK_INT16 ? 1e-6 : 1e-4
      for (found, x) in zip(y, want) {
        #expect(abs(found - x * (1 + erf(x / Float(2).squareRoot())) / 2) <= tolerance * max(1, abs(x)))
      }
    }
  }

  @Test(arguments: ways)
  func quickGELUIsRightFarOutAndKeepsNaN(way: Way) {
    force(way)
    defer { release() }
    var y: [Float] = [-1000, -5, 5, 1000, .nan, 0, -0.5, 0.5, 3, -3, 1, 2, 4.2, -4.2, 0.01, -0.01, 7]
    let x = y
    ck_reduced_gelu(&y, 1, y.count, y.count)
    for (found, x) in zip(y, x) {
      if x.isNaN {
        #expect(found.isNaN)
      } else {
        #expect(abs(found - x * (1 + erf(x / Float(2).squareRoot())) / 2) <= 1e-4 * max(1, abs(x) / 100))
      }
    }
  }

  // MARK: Parts

  private func force(_ way: Way) {
    ck_force_level(way.level)
    ck_force_dots(way.dots)
  }

  private func release() {
    ck_force_level(-1)
    ck_force_dots(-1)
  }

  private func multiply(
    _ x: [Float], rows: Int, inputs: Int, _ w: [Float], columns: Int, _ format: ck_format
  ) -> [Float] {
    var ready = [Float](repeating: 0, count: rows * ck_reduced_row(format, inputs))
    var panel = [Float](repeating: 0, count: ck_reduced_panel(format, inputs))
    var y = [Float](repeating: 0, count: rows * columns)
    ck_reduced_rows(format, x, rows, inputs, inputs, &ready)
    ck_reduced_pack_panel(format, w, inputs, inputs, columns, &panel)
    ck_reduced_product(format, ready, rows, inputs, panel, nil, nil, -.infinity, columns, &y, columns)
    return y
  }

  /// A product of noise: rows with a gap between them, a bias for each row or column, a least number, columns from both
  /// ways of packing. Nothing behind the last column may be written.
  private func product(
    _ size: (rows: Int, inputs: Int, columns: Int), _ format: ck_format, byColumns: Bool
  ) -> (y: [Float], error: Double) {
    let (rows, inputs, columns) = size
    let stride = inputs + 3
    var seed = UInt64(rows * 1_000_003 + inputs * 101 + columns)
    func noise(_ count: Int) -> [Float] {
      (0..<count).map { i in
        seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (Float(seed >> 40) / Float(1 << 24) - 0.5) * (i % 7 == 3 ? 8 : 2)
      }
    }
    let (x, w, start, bias) = (noise(rows * stride), noise(columns * inputs), noise(rows), noise(32))
    var ready = [Float](repeating: .nan, count: rows * ck_reduced_row(format, inputs))
    var panel = [Float](repeating: .nan, count: ck_reduced_panel(format, inputs))
    var y = [Float](repeating: 12345, count: rows * 32)
    ck_reduced_rows(format, x, rows, stride, inputs, &ready)
    if byColumns {
      ck_reduced_pack_columns(format, w, columns, inputs, columns, &panel)
    } else {
      ck_reduced_pack_panel(format, w, inputs, inputs, columns, &panel)
    }
    let floor: Float = columns % 2 == 0 ? -.infinity : -0.5
    let byRows = rows % 2 == 1
    if byRows {
      ck_reduced_product(format, ready, rows, inputs, panel, nil, start, floor, columns, &y, 32)
    } else {
      ck_reduced_product(format, ready, rows, inputs, panel, bias, nil, floor, columns, &y, 32)
    }
    var worst = 0.0
    for row in 0..<rows {
      for column in 0..<32 {
        let found = y[row * 32 + column]
        guard column < columns else {
          if found != 12345 { worst = .infinity }
          continue
        }
        var (sum, xx, ww) = (Double(byRows ? start[row] : bias[column]), 0.0, 0.0)
        for k in 0..<inputs {
          let (a, b) = (Double(x[row * stride + k]), Double(w[byColumns ? k * columns + column : column * inputs + k]))
          (sum, xx, ww) = (sum + a * b, xx + a * a, ww + b * b)
        }
        let error = abs(max(sum, Double(floor)) - Double(found)) / (xx * ww).squareRoot()
        worst = error <= worst ? worst : error  // NaN counts
      }
    }
    return (y, worst)
  }
}
