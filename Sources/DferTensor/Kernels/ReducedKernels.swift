import CKernels

/// Products of reduced precision for the forward pass.
extension Kernels {
  /// Whether a product is large enough for its rows to be worth making ready.
  static func isWorthReducing(rows: Int, inputs: Int, outputs: Int) -> Bool {
    rows >= 16 && inputs >= 16 && outputs >= 32 && rows * inputs * outputs >= 1 << 20
  }

  /// The same for convolutions, whose input is made ready in the place of the weights.
  static func isWorthReducing(channels: Int, outputs: Int) -> Bool { channels >= 64 && outputs >= 64 }

  private static func panelCount(_ columns: Int) -> Int { (columns + Int(CK_PANEL) - 1) / Int(CK_PANEL) }

  /// A weight [outputs, inputs] in panels.
  static func reducedPanels(_ weight: Tensor, inputs: Int, _ format: ck_format) -> PackedNumbers {
    let (width, outputs, size) = (Int(CK_PANEL), weight.count / inputs, ck_reduced_panel(format, inputs))
    return read(weight) { weight in
      PackedNumbers(count: panelCount(outputs) * size) { panels in
        parallel(panelCount(outputs)) { panel in
          let first = panel * width
          ck_reduced_pack_panel(
            format, weight + first * inputs, inputs, inputs, min(width, outputs - first), panels + panel * size)
        }
      }
    }
  }

  /// A weight [outputs, inputs] as ready rows.
  static func reducedRows(_ weight: Tensor, inputs: Int, _ format: ck_format) -> PackedNumbers {
    let rows = weight.count / inputs
    return read(weight) { weight in
      PackedNumbers(count: rows * ck_reduced_row(format, inputs)) {
        ck_reduced_rows(format, weight.start, rows, inputs, inputs, $0.start)
      }
    }
  }

  /// `linear` in another format. Rows are made ready first, by all threads; then tiles of rows and panels are worked off.
  static func reducedLinear(
    _ x: Tensor, _ panels: PackedNumbers, _ outputs: Int, _ bias: Tensor?, gelu: Bool, shape: [Int], _ format: ck_format
  ) -> Tensor {
    let (inputs, rows) = (x.columns, x.rows)
    let row = ck_reduced_row(format, inputs)
    let ready = read(x) { x in
      PackedNumbers(count: rows * row) { ready in
        share(rows, least: 14) {
          ck_reduced_rows(format, x + $0.lowerBound * inputs, $0.count, inputs, inputs, ready + $0.lowerBound * row)
        }
      }
    }
    return reducedProduct(
      ready, rows: rows, inputs: inputs, panels, columns: outputs, bias, gelu: gelu, shape: shape, format)
  }

  /// y [rows, columns] = ready rows times panels.
  private static func reducedProduct(
    _ ready: PackedNumbers, rows: Int, inputs: Int, _ panels: PackedNumbers, columns outputs: Int, _ bias: Tensor?,
    gelu: Bool, shape: [Int], _ format: ck_format
  ) -> Tensor {
    let (row, panelSize) = (ck_reduced_row(format, inputs), ck_reduced_panel(format, inputs))
    let (count, width) = (panelCount(outputs), Int(CK_PANEL))
    // Rows of a tile stay in the second cache while panels pass by. AMX reads panels faster than the third cache gives them.
    let height =
      ck_has_tiles(format) != 0
      ? max(32, min(rows, 262_144 / row / 32 * 32)) : max(14, min(rows, 98_304 / row / 14 * 14))
    let slabs = (rows + height - 1) / height
    let groups = max(1, min(count, (6 * Compute.threads + slabs - 1) / slabs))
    return read(ready, panels, bias) { ready, panels, bias0 in
      make(shape) { y in
        parallel(slabs * groups) { index in
          let (slab, group) = index.quotientAndRemainder(dividingBy: groups)
          let (first, end) = (rows * slab / slabs, rows * (slab + 1) / slabs)
          let (panel, last) = (count * group / groups, count * (group + 1) / groups)
          let column = panel * width
          ck_reduced_products(
            format, ready + first * row, end - first, inputs, panels + panel * panelSize,
            bias == nil ? nil : bias0 + column, gelu ? 1 : 0, min(last * width, outputs) - column,
            y + (first * outputs + column), outputs)
        }
      }
    }
  }

  // MARK: Gradients

  /// dx = dy weight in bf16.
  static func reducedInputGradient(_ dy: Tensor, _ weight: Tensor, shape: [Int]) -> Tensor {
    let (outputs, inputs) = (dy.columns, weight.count / dy.columns)
    let panels = columnPanels(weight, rows: outputs, columns: inputs)
    return reducedLinear(dy, panels, inputs, nil, gelu: false, shape: shape, CK_BF16)
  }

  /// dweight = dy^T x in bf16.
  static func reducedWeightGradient(_ dy: Tensor, _ x: Tensor, shape: [Int]) -> Tensor {
    let (outputs, inputs, rows, side) = (dy.columns, x.columns, x.rows, Int(CK_PANEL))
    let row = ck_reduced_row(CK_BF16, rows)
    let turned = read(dy) { dy in
      PackedNumbers(count: outputs * row) { turned in
        parallel(panelCount(outputs)) { part in
          let first = part * side
          ck_reduced_turned_rows(dy + first, outputs, rows, min(side, outputs - first), turned + first * row)
        }
      }
    }
    return reducedProduct(
      turned, rows: outputs, inputs: rows, columnPanels(x, rows: rows, columns: inputs), columns: inputs, nil,
      gelu: false, shape: shape, CK_BF16)
  }

  /// A matrix [rows, columns] as panels of bf16.
  private static func columnPanels(_ matrix: Tensor, rows: Int, columns: Int) -> PackedNumbers {
    let (width, size) = (Int(CK_PANEL), ck_reduced_panel(CK_BF16, rows))
    return read(matrix) { matrix in
      PackedNumbers(count: panelCount(columns) * size) { panels in
        parallel(panelCount(columns)) { panel in
          let first = panel * width
          ck_reduced_pack_columns(
            CK_BF16, matrix + first, columns, rows, min(width, columns - first), panels + panel * size)
        }
      }
    }
  }

  /// softmax(q k^T / sqrt(width)) v in another format, softmax in floats. `stride` numbers lie between two tokens.
  static func reducedAttention(
    _ s: AttentionShape, _ q: Source, _ k: Source, _ v: Source, stride: Int, _ format: ck_format
  ) -> Tensor {
    let width = Int(CK_PANEL)
    let (keyPanel, valuePanel) = (ck_reduced_panel(format, s.width), ck_reduced_panel(format, s.keys))
    let (queryRow, weightRow) = (ck_reduced_row(format, s.width), ck_reduced_row(format, s.keys))
    let (keyPanels, valuePanels) = (panelCount(s.keys), panelCount(s.width))
    let tasks = s.batch * s.heads
    // A block's weights stay in the second cache until the values are weighed with them.
    let most = max(14, 65_536 / s.keys / 14 * 14)
    let parts = min((s.queries + most - 1) / most, (2 * Compute.threads + tasks - 1) / tasks)
    let sizes = [
      keyPanels * keyPanel, valuePanels * valuePanel, most * queryRow, most * weightRow, most * s.keys, most,
    ]
    let starts = sizes.indices.map { sizes[..<$0].reduce(0) { $0 + ($1 + 15) / 16 * 16 } }
    return make([s.batch, s.queries, s.columns]) { y in
      parallel(tasks * parts, scratch: starts[5] + sizes[5]) { index, room in
        let (pair, part) = index.quotientAndRemainder(dividingBy: parts)
        let (batch, column) = (pair / s.heads, pair % s.heads * s.width)
        let key = batch * s.keys * stride + column
        let (keys, values) = (room, room + starts[1])
        let (queries, weights, p, shares) = (room + starts[2], room + starts[3], room + starts[4], room + starts[5])
        for panel in 0..<keyPanels {
          let first = panel * width
          ck_reduced_pack_panel(
            format, k + (key + first * stride), stride, s.width, min(width, s.keys - first), keys + panel * keyPanel)
        }
        for panel in 0..<valuePanels {
          let first = panel * width
          ck_reduced_pack_columns(
            format, v + (key + first), stride, s.keys, min(width, s.width - first), values + panel * valuePanel)
        }
        let rows = s.queries * part / parts..<s.queries * (part + 1) / parts
        let blocks = (rows.count + most - 1) / most
        for block in 0..<blocks {
          let (first, end) = (rows.count * block / blocks, rows.count * (block + 1) / blocks)
          let count = end - first
          let query = batch * s.queries + rows.lowerBound + first
          ck_reduced_rows(format, q + (query * stride + column), count, stride, s.width, queries)
          ck_reduced_products(format, queries, count, s.width, keys, nil, 0, s.keys, p, s.keys)
          ck_reduced_softmax(format, p, count, s.keys, s.keys, s.scale, weights, shares)
          ck_reduced_products(
            format, weights, count, s.keys, values, nil, 0, s.width, y + (query * s.columns + column), s.columns)
          for row in 0..<count {
            let out = y + ((query + row) * s.columns + column)
            ck_scale(out, shares[row], out, s.width)
          }
        }
      }
    }
  }

  /// y [outputs, count] = weight [outputs, taps] columns [taps, count] + bias, nothing below `floor`; `panel` is room.
  static func reducedProduct(
    _ rows: UnsafePointer<Float>, outputs: Int, taps: Int, _ bias: UnsafePointer<Float>?, _ floor: Float,
    _ columns: UnsafePointer<Float>, _ stride: Int, count: Int, panel: UnsafeMutablePointer<Float>,
    _ y: UnsafeMutablePointer<Float>, _ out: Int, _ format: ck_format
  ) {
    let width = Int(CK_PANEL)
    for first in Swift.stride(from: 0, to: count, by: width) {
      let some = min(width, count - first)
      ck_reduced_pack_columns(format, columns + first, stride, taps, some, panel)
      ck_reduced_product(format, rows, outputs, taps, panel, nil, bias, floor, some, y + first, out)
    }
  }
}
