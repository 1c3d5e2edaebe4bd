import Foundation

extension Tape {
  /// Places that all cells of a map vote for: each cell says for each place where it is relative to the cell's middle, and
  /// how much it knows (PIPNet's idea, arXiv 2003.03771: scores and offsets on a coarse map). The scores' softmax over the
  /// cells weighs the votes.
  ///
  /// - Parameters:
  ///   - votes: [batch, cells, 3 * places]: score, x and y for each place.
  ///   - centres: x and y of each cell, [cells, 2].
  ///   - reach: length of an offset of 1, in the units of `centres`.
  /// - Returns: x and y of each place, [batch, 2 * places].
  package mutating func cellVotes(_ votes: Value, centres: Tensor, reach: Float) -> Value {
    let (batch, cells, columns) = (votes.shape[0], votes.shape[1], votes.shape[2])
    let places = columns / 3
    precondition(
      columns == 3 * places && centres.shape == [cells, 2],
      "cellVotes: votes of shape \(votes.shape) and centres of shape \(centres.shape)")
    let x = votes.tensor.values
    var weights = [Float](repeating: 0, count: batch * cells * places)
    var y = Tensor(zeros: [batch, 2 * places])
    for sample in 0..<batch {
      for place in 0..<places {
        var top = -Float.infinity
        for cell in 0..<cells { top = max(top, x[(sample * cells + cell) * columns + 3 * place]) }
        var (sum, sumX, sumY) = (Float(0), Float(0), Float(0))
        for cell in 0..<cells {
          let at = (sample * cells + cell) * columns + 3 * place
          let weight = exp(x[at] - top)
          weights[(sample * cells + cell) * places + place] = weight
          sum += weight
          sumX += weight * (centres.values[2 * cell] + reach * x[at + 1])
          sumY += weight * (centres.values[2 * cell + 1] + reach * x[at + 2])
        }
        for cell in 0..<cells { weights[(sample * cells + cell) * places + place] /= sum }
        y.values[sample * 2 * places + 2 * place] = sumX / sum
        y.values[sample * 2 * places + 2 * place + 1] = sumY / sum
      }
    }
    let result = y
    // No part of a traced network: exported networks give no behaviour.
    guard wantsGradients(from: [votes], learning: []) else { return Value(result) }
    return record(result) { dy, adjoints in
      var dx = Tensor(zeros: votes.shape)
      for sample in 0..<batch {
        for place in 0..<places {
          let out = sample * 2 * places + 2 * place
          let (gx, gy) = (dy.values[out], dy.values[out + 1])
          for cell in 0..<cells {
            let at = (sample * cells + cell) * columns + 3 * place
            let weight = weights[(sample * cells + cell) * places + place]
            let (px, py) = (
              centres.values[2 * cell] + reach * x[at + 1], centres.values[2 * cell + 1] + reach * x[at + 2]
            )
            dx.values[at] = weight * (gx * (px - result.values[out]) + gy * (py - result.values[out + 1]))
            dx.values[at + 1] = weight * reach * gx
            dx.values[at + 2] = weight * reach * gy
          }
        }
      }
      adjoints.add(dx, to: votes)
    }
  }
}
