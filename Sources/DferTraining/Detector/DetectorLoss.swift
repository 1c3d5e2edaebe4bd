import DferImage
import DferModels
import DferTensor
import Foundation

/// What the face detector should have said of a batch: a score for every cell, and sides, points and mask for those cells
/// that answer for a face.
///
/// Which cells answer for a face is decided by what the network says so far (SimOTA, arXiv 2107.08430): of the cells near
/// the middle of the face, on every stride, those whose boxes fit best, up to as many as boxes fit well.
struct DetectorLoss: Sendable {
  /// Weights of the score, the sides, the points and the mask.
  var score: Float = 1
  var sides: Float = 1
  var points: Float = 0.5
  var mask: Float = 0.2

  struct Parts {
    let total, score, sides, points, mask: Value
    /// Cells that answer for faces.
    let cells: Int
  }

  /// Numbers of one cell: score, four sides, five points, mask. The points' order is that of `DetectorScene.Face`.
  private static let predictions = 16

  /// - Parameters:
  ///   - outputs: [batch, 16, rows, columns] of each stride.
  ///   - faces: those of each sample, in pixels of the canvas.
  func callAsFunction(
    _ outputs: [Value], strides: [Int], faces: [[DetectorScene.Face]], _ tape: inout Tape
  ) -> Parts {
    let batch = faces.count
    let grids = zip(outputs, strides).map { Grid(rows: $0.shape[2], columns: $0.shape[3], stride: $1) }
    let tables = outputs.map { output in
      let s = output.shape
      return tape.tubelets(tape.reshape(output, [s[0], s[1], 1, s[2], s[3]]), tubelet: 1, patch: 1)
    }
    let cells = tape.concatChannels(tables)  // [batch, cells, 16]
    let count = cells.shape[1]
    var wanted = [Float](repeating: 0, count: batch * count)
    var weights = [Float](repeating: 1, count: batch * count)
    var chosen: [(cell: Int, face: DetectorScene.Face, place: Cell)] = []
    for sample in 0..<batch {
      let values = cells.tensor.values[sample * count * Self.predictions..<(sample + 1) * count * Self.predictions]
      let plan = Assignment(faces[sample], grids, Array(values))
      for cell in plan.ignored { weights[sample * count + cell] = 0 }
      for (cell, face, overlap) in plan.positives {
        wanted[sample * count + cell] = Float(overlap.squareRoot())
        weights[sample * count + cell] = 1
        chosen.append((sample * count + cell, face, plan.places[cell]))
      }
    }
    // The many empty cells together weigh about as much as the few with faces.
    let positives = Float(max(1, chosen.count))
    for index in weights.indices where wanted[index] == 0 && weights[index] > 0 {
      // Cells that are surely empty already teach nothing more.
      let p = 1 / (1 + exp(-cells.tensor.values[index * Self.predictions]))
      weights[index] = max(0.02, p * p) * 3
    }
    let scores = tape.binaryCrossEntropy(
      tape.columns(cells, 0..<1), targets: Tensor(wanted, shape: [batch, count, 1]),
      weights: Tensor(weights, shape: [batch, count, 1]))
    // Per face instead of per weight.
    let scoreLoss = tape.scale(scores, by: weights.reduce(0, +) / positives)
    guard !chosen.isEmpty else {
      let zero = Value(Tensor([0], shape: []))
      return Parts(
        total: tape.scale(scoreLoss, by: score), score: scoreLoss, sides: zero, points: zero, mask: zero, cells: 0)
    }
    let rows = tape.gatherTokens(
      tape.reshape(cells, [1, batch * count, Self.predictions]), [chosen.map(\.cell)])
    let sideLoss = sideError(rows, chosen.map { ($0.face, $0.place) }, &tape)
    let pointLoss = pointError(rows, chosen.map { ($0.face, $0.place) }, &tape)
    let maskLoss = maskError(rows, chosen.map(\.face), &tape)
    let total = tape.weightedSum([
      (score, scoreLoss), (sides, sideLoss), (points, pointLoss), (mask, maskLoss),
    ])
    return Parts(
      total: total, score: scoreLoss, sides: sideLoss, points: pointLoss, mask: maskLoss, cells: chosen.count)
  }

  /// Smooth L1 of the logarithms of the four sides: relative errors, the same for large faces as for small ones.
  private func sideError(_ rows: Value, _ chosen: [(DetectorScene.Face, Cell)], _ tape: inout Tape) -> Value {
    let wanted = chosen.flatMap { face, cell in
      [cell.x - face.box.x, cell.y - face.box.y, face.box.right - cell.x, face.box.bottom - cell.y].map {
        Float(log(max($0, 0.05 * cell.stride) / cell.stride))
      }
    }
    return tape.smoothL1(
      tape.columns(rows, 1..<5), Value(Tensor(wanted, shape: [1, chosen.count, 4])), beta: 0.1)
  }

  /// Smooth L1 of the points in shares of the face's size; faces without points have no say.
  private func pointError(_ rows: Value, _ chosen: [(DetectorScene.Face, Cell)], _ tape: inout Tape) -> Value {
    let said = tape.columns(rows, 5..<15)
    var (wanted, scales): ([Float], [Float]) = ([], [])
    for (index, (face, cell)) in chosen.enumerated() {
      let own = said.tensor.values[index * 10..<(index + 1) * 10]
      guard face.points.count == 5 else {
        (wanted, scales) = (wanted + own, scales + [Float](repeating: 0, count: 10))
        continue
      }
      wanted += face.points.flatMap { [Float(($0.x - cell.x) / cell.stride), Float(($0.y - cell.y) / cell.stride)] }
      let size = (face.box.width * face.box.height).squareRoot()
      scales += [Float](repeating: Float(10 * cell.stride / size), count: 10)
    }
    let shape = [1, chosen.count, 10]
    let factor = Tensor(scales, shape: shape)
    let target = Tensor(zip(wanted, scales).map { $0 * $1 }, shape: shape)
    return tape.smoothL1(tape.mask(said, factor), Value(target), beta: 0.2)
  }

  private func maskError(_ rows: Value, _ faces: [DetectorScene.Face], _ tape: inout Tape) -> Value {
    guard faces.contains(where: { $0.wearsMask != nil }) else { return Value(Tensor([0], shape: [])) }
    return tape.binaryCrossEntropy(
      tape.columns(rows, 15..<16),
      targets: Tensor(faces.map { $0.wearsMask == true ? 1 : 0 }, shape: [1, faces.count, 1]),
      weights: Tensor(faces.map { $0.wearsMask == nil ? 0 : 1 }, shape: [1, faces.count, 1]))
  }

  /// The cells of one output.
  struct Grid: Sendable {
    let rows, columns, stride: Int
  }

  /// A cell by its middle, in pixels of the canvas.
  struct Cell: Sendable {
    let x, y, stride: Double
  }
}

/// Which cells of one canvas answer for which face.
private struct Assignment {
  private(set) var positives: [(cell: Int, face: DetectorScene.Face, overlap: Double)] = []
  /// Cells that count neither as face nor as background.
  private(set) var ignored: [Int] = []
  let places: [DetectorLoss.Cell]

  /// - Parameter values: 16 numbers for each cell, grid after grid.
  init(_ faces: [DetectorScene.Face], _ grids: [DetectorLoss.Grid], _ values: [Float]) {
    var places: [DetectorLoss.Cell] = []
    for grid in grids {
      let stride = Double(grid.stride)
      for row in 0..<grid.rows {
        for column in 0..<grid.columns {
          places.append(.init(x: (Double(column) + 0.5) * stride, y: (Double(row) + 0.5) * stride, stride: stride))
        }
      }
    }
    self.places = places
    func box(_ cell: Int) -> Rect {
      let place = places[cell]
      func side(_ k: Int) -> Double { exp(min(max(Double(values[16 * cell + k]), -10), 6)) * place.stride }
      return Rect(
        left: place.x - side(1), top: place.y - side(2), right: place.x + side(3), bottom: place.y + side(4))
    }
    var best: [Int: (cost: Double, face: Int, overlap: Double)] = [:]
    for (index, face) in faces.enumerated() {
      let middle = face.box.centre
      if face.isIgnored {
        ignored += places.indices.filter { cell in
          abs(places[cell].x - middle.x) < face.box.width / 2 + 4
            && abs(places[cell].y - middle.y) < face.box.height / 2 + 4
        }
        continue
      }
      let near = places.indices.filter { cell in
        let place = places[cell]
        // Small faces lie between cells: the reach is never less than one and a half cells.
        return abs(place.x - middle.x) < 1.5 * place.stride && abs(place.y - middle.y) < 1.5 * place.stride
      }
      let fits = near.map { cell -> (cell: Int, overlap: Double, cost: Double) in
        let overlap = box(cell).overlap(face.box)
        let score = 1 / (1 + exp(-Double(values[16 * cell])))
        return (cell, overlap, -3 * log(overlap + 1e-4) - log(score + 1e-4))
      }.sorted { $0.cost < $1.cost }
      let count = max(1, Int(fits.map(\.overlap).sorted(by: >).prefix(10).reduce(0, +)))
      for fit in fits.prefix(count) where best[fit.cell].map({ fit.cost < $0.cost }) ?? true {
        best[fit.cell] = (fit.cost, index, fit.overlap)
      }
    }
    positives = best.sorted { $0.key < $1.key }.map { ($0.key, faces[$0.value.face], $0.value.overlap) }
  }
}
