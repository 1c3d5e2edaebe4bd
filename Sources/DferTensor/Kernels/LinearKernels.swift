import CKernels

extension Kernels {
  /// x [rows, inputs], weight [outputs, inputs] -> [rows, outputs] = x weight^T + bias, through GELU if wanted.
  ///
  /// OpenBLAS packs what it reads anew in every call, so the larger of rows and outputs is divided: then little is
  /// packed twice. Large products are cut into more parts than threads, in case other programs hold one thread up.
  static func linear(_ x: Tensor, _ weight: Weight, _ bias: Tensor?, gelu: Bool = false, shape: [Int]) -> Tensor {
    let inputs = x.columns
    let rows = x.rows
    let outputs = weight.shape.reduce(1, *) / max(inputs, 1)
    if let format = weight.precision.linearFormat, isWorthReducing(rows: rows, inputs: inputs, outputs: outputs) {
      let panels = weight.form(.reducedPanels) { reducedPanels(weight.tensor, inputs: inputs, format) }
      return reducedLinear(x, panels, outputs, bias, gelu: gelu, shape: shape, format)
    }
    if isWorthPacking(rows: rows, inputs: inputs, outputs: outputs) {
      let panels = weight.form(.panels) { packed(weight.tensor, inputs: inputs) }
      return packedLinear(x, panels, outputs, bias, gelu: gelu, shape: shape)
    }
    let weight = weight.tensor
    let byRows = rows > outputs
    let larger = max(rows, outputs)
    let isSmall = rows * inputs * outputs < 65_536
    let cuts = isSmall ? 1 : min(max(1, larger / 16), Compute.threads * max(1, larger / (768 * Compute.threads)))
    return read(x, weight, bias ?? empty) { x, weight, bias0 in
      make(shape) { y in
        parallel(cuts) { part in
          let r = byRows ? cut(rows, part, of: cuts) : 0..<rows
          let o = byRows ? 0..<outputs : cut(outputs, part, of: cuts)
          let out = y + (r.lowerBound * outputs + o.lowerBound)
          if bias != nil {
            for row in 0..<r.count { (out + row * outputs).update(from: bias0 + o.lowerBound, count: o.count) }
          }
          gemm(
            r.count, o.count, inputs, x + r.lowerBound * inputs, inputs, weight + o.lowerBound * inputs, inputs,
            turnedB: true, beta: bias == nil ? 0 : 1, out, outputs)
          if gelu {
            for row in 0..<r.count { ck_gelu(out + row * outputs, out + row * outputs, o.count) }
          }
        }
      }
    }
  }

  /// Whether this processor has a product of our own, which reads packed weights.
  static var packsLinear: Bool { ck_has_product() != 0 }

  private static func isWorthPacking(rows: Int, inputs: Int, outputs: Int) -> Bool {
    packsLinear && rows >= 16 && outputs >= 16 && rows * inputs * outputs >= 1 << 20
  }

  /// A matrix [inputs, outputs] in the same panels.
  private static func packedColumns(_ matrix: Tensor, inputs: Int, outputs: Int) -> PackedNumbers {
    panels(matrix, inputs: inputs, outputs: outputs) { matrix, first, count, panel in
      ck_pack_columns(matrix + first, outputs, inputs, count, Int(CK_PANEL), 0, panel)
    }
  }

  /// A weight [outputs, inputs] in panels for `ck_product`.
  private static func packed(_ weight: Tensor, inputs: Int) -> PackedNumbers {
    panels(weight, inputs: inputs, outputs: weight.count / inputs) { weight, first, count, panel in
      ck_pack_panel(weight + first * inputs, inputs, inputs, count, panel)
    }
  }

  /// All panels; `pack` makes the one of outputs first ..< first + count.
  private static func panels(
    _ matrix: Tensor, inputs: Int, outputs: Int,
    _ pack: @Sendable (_ matrix: Source, _ first: Int, _ count: Int, _ panel: UnsafeMutablePointer<Float>) -> Void
  ) -> PackedNumbers {
    let width = Int(CK_PANEL)
    let panels = (outputs + width - 1) / width
    return read(matrix) { matrix in
      PackedNumbers(count: panels * inputs * width) { packed in
        parallel(panels) { panel in
          let first = panel * width
          pack(matrix, first, min(width, outputs - first), packed + first * inputs)
        }
      }
    }
  }

  /// `linear` by our own product: tiles of rows and panels are worked off.
  private static func packedLinear(
    _ x: Tensor, _ packed: PackedNumbers, _ outputs: Int, _ bias: Tensor?, gelu: Bool, shape: [Int]
  ) -> Tensor {
    let (inputs, rows) = (x.columns, x.rows)
    let width = Int(CK_PANEL)
    let panels = (outputs + width - 1) / width
    // Rows of a tile stay in the second cache while panels pass by. Rows a multiple of 4 KiB apart would push each
    // other out of the first one, so they are copied to odd distances.
    let height = max(14, min(rows, 131_072 / inputs / 14 * 14))
    let copies = inputs % 1024 == 0
    let stride = copies ? inputs + 16 : inputs
    let slabs = (rows + height - 1) / height
    let groups = max(1, min(panels, 4 * Compute.threads / slabs))
    return read(x, packed, bias) { x, packed, bias0 in
      make(shape) { y in
        parallel(slabs * groups, scratch: copies ? height * stride : 0) { index, copy in
          let (slab, group) = index.quotientAndRemainder(dividingBy: groups)
          let (row, end) = (rows * slab / slabs, rows * (slab + 1) / slabs)
          if copies {
            for i in row..<end { (copy + (i - row) * stride).update(from: x + i * inputs, count: inputs) }
          }
          let source = copies ? UnsafePointer(copy) : x + row * inputs
          for panel in panels * group / groups..<panels * (group + 1) / groups {
            let first = panel * width
            let columns = min(width, outputs - first)
            let out = y + (row * outputs + first)
            ck_product(
              source, end - row, stride, inputs, packed + first * inputs, bias == nil ? nil : bias0 + first, columns,
              out,
              outputs)
            if gelu {
              for i in 0..<end - row { ck_gelu(out + i * outputs, out + i * outputs, columns) }
            }
          }
        }
      }
    }
  }

  /// Part `index` of 0 ..< count in `parts` nearly equal ranges that start at multiples of 16, the width of a register.
  private static func cut(_ count: Int, _ index: Int, of parts: Int) -> Range<Int> {
    func edge(_ index: Int) -> Int { index == parts ? count : count * index / parts / 16 * 16 }
    return edge(index)..<edge(index + 1)
  }

  /// dx = dy weight.
  static func linearInputGradient(
    _ dy: Tensor, _ weight: Tensor, shape: [Int], _ precision: Precision = .fp32
  ) -> Tensor {
    let outputs = dy.columns
    let rows = dy.rows
    let inputs = weight.count / max(outputs, 1)
    if precision == .bf16, isWorthReducing(rows: rows, inputs: outputs, outputs: inputs) {
      return reducedInputGradient(dy, weight, shape: shape)
    }
    if isWorthPacking(rows: rows, inputs: outputs, outputs: inputs) {
      return packedLinear(
        dy, packedColumns(weight, inputs: outputs, outputs: inputs), inputs, nil, gelu: false, shape: shape)
    }
    return read(dy, weight) { dy, weight in
      make(shape) { dx in
        share(rows, least: 8) {
          gemm(
            $0.count, inputs, outputs, dy + $0.lowerBound * outputs, outputs, weight.start, inputs,
            dx + $0.lowerBound * inputs, inputs)
        }
      }
    }
  }

  /// dweight = dy^T x.
  ///
  /// The work is divided by outputs or by inputs: by what gives more threads work, else by what makes them pack less.
  static func linearWeightGradient(
    _ dy: Tensor, _ x: Tensor, shape: [Int], _ precision: Precision = .fp32
  ) -> Tensor {
    let (outputs, inputs, rows) = (dy.columns, x.columns, x.rows)
    if precision == .bf16, isWorthReducing(rows: outputs, inputs: rows, outputs: inputs) {
      return reducedWeightGradient(dy, x, shape: shape)
    }
    let isOwn = isWorthPacking(rows: rows, inputs: inputs, outputs: outputs)
    let (some, columns) = (parts(outputs, least: turnedOutputs), parts(inputs, least: Int(CK_PANEL)))
    /// Columns of x and dy that a thread packs for its part of dw.
    func packed(_ outputs: Int, _ inputs: Int) -> Int {
      inputs + outputs * ((inputs + turnedInputs - 1) / turnedInputs)
    }
    let byInputs =
      isOwn && (columns, -packed(outputs, inputs / columns)) > (some, -packed(outputs / some, inputs))
    return read(dy, x) { dy, x in
      make(shape) { dw in
        share(byInputs ? inputs : outputs, least: byInputs ? Int(CK_PANEL) : turnedOutputs) { part in
          let (o, i) = byInputs ? (0..<outputs, part) : (part, 0..<inputs)
          let (dy, x) = (Source(start: dy + o.lowerBound), Source(start: x + i.lowerBound))
          let dw = Target(start: dw + (o.lowerBound * inputs + i.lowerBound))
          if isOwn {
            turnedProduct(dy, x, dw, outputs: (o.count, outputs), inputs: (i.count, inputs), rows: rows)
          } else {
            gemm(o.count, i.count, rows, dy.start, outputs, turnedA: true, x.start, inputs, dw.start, inputs)
          }
        }
      }
    }
  }

  /// Columns of dy that one call of `ck_product_turned` sums up, and columns of x that are packed at a time: the panels of
  /// x stay in the second cache while dy passes by.
  private static let (turnedOutputs, turnedInputs) = (14, 12 * Int(CK_PANEL))

  /// dw [outputs, inputs] = dy^T x for some of `all` columns of both. Long sums are made in parts.
  private static func turnedProduct(
    _ dy: Source, _ x: Source, _ dw: Target, outputs: (count: Int, all: Int), inputs: (count: Int, all: Int), rows: Int
  ) {
    let (width, height, heights) = (Int(CK_PANEL), turnedOutputs, 6)
    let parts = (rows + 399) / 400
    let room = (rows + parts - 1) / parts
    let scratch = UnsafeMutablePointer<Float>.allocate(capacity: room * (turnedInputs + heights * 16))
    defer { scratch.deallocate() }
    let (panels, some) = (scratch, scratch + room * turnedInputs)
    for firstInput in stride(from: 0, to: inputs.count, by: turnedInputs) {
      let columns = min(turnedInputs, inputs.count - firstInput)
      for part in 0..<parts {
        let (start, end) = (rows * part / parts, rows * (part + 1) / parts)
        ck_pack_columns(
          x + (start * inputs.all + firstInput), inputs.all, end - start, columns, width, room * width, panels)
        for firstOutput in stride(from: 0, to: outputs.count, by: heights * height) {
          let slab = min(heights * height, outputs.count - firstOutput)
          ck_pack_columns(
            dy + (start * outputs.all + firstOutput), outputs.all, end - start, slab, height, room * 16, some)
          for output in stride(from: 0, to: slab, by: height) {
            for column in stride(from: 0, to: columns, by: width) {
              ck_product_turned(
                some + output / height * room * 16, min(height, slab - output), 16, end - start, panels + column * room,
                part == 0 ? 0 : 1, min(width, columns - column),
                dw + ((firstOutput + output) * inputs.all + firstInput + column), inputs.all)
            }
          }
        }
      }
    }
  }

  static let empty = Tensor([], shape: [0])
}
