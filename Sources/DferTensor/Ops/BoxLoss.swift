extension Tape {
  /// The mean over boxes of 1 - GIoU, GIoU = IoU - (hull - union) / hull (Rezatofighi et al. 2019); 1e-7 is added to
  /// union and hull where they divide.
  ///
  /// - Parameters:
  ///   - a: [boxes, 4] as x1, y1, x2, y2 with x1 <= x2 and y1 <= y2; `b` the same.
  package mutating func giou(_ a: Value, _ b: Value) -> Value {
    precondition(a.shape == b.shape && a.tensor.columns == 4, "giou: shapes \(a.shape) and \(b.shape)")
    let boxes = a.tensor.rows
    let inverse = 1 / Float(max(1, boxes))
    var sum: Float = 0
    var (da, db) = (Tensor(zeros: a.shape), Tensor(zeros: b.shape))
    for box in 0..<boxes {
      let range = box * 4..<box * 4 + 4
      let (value, first, second) = boxLoss(Array(a.tensor.values[range]), Array(b.tensor.values[range]))
      sum += value
      for side in 0..<4 {
        da.values[box * 4 + side] = first[side] * inverse
        db.values[box * 4 + side] = second[side] * inverse
      }
    }
    return scalar(sum * inverse, [(a, da), (b, db)])
  }
}

/// 1 - GIoU of two boxes and its gradients for their sides.
func boxLoss(_ a: [Float], _ b: [Float]) -> (value: Float, a: [Float], b: [Float]) {
  let epsilon: Float = 1e-7
  let inside = (max(0, min(a[2], b[2]) - max(a[0], b[0])), max(0, min(a[3], b[3]) - max(a[1], b[1])))
  let around = (max(a[2], b[2]) - min(a[0], b[0]), max(a[3], b[3]) - min(a[1], b[1]))
  let common = inside.0 * inside.1
  let union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common
  let hull = around.0 * around.1
  let (u, h) = (union + epsilon, hull + epsilon)
  let value = 1 - common / u + (hull - union) / h

  // Slopes for the three areas. The union holds the common area, which is why that one has two parts.
  let dUnion = common / (u * u) - 1 / h
  let dHull = 1 / h - (hull - union) / (h * h)
  let dCommon = -1 / u - dUnion

  func gradient(_ box: [Float], _ other: [Float]) -> [Float] {
    // Per side: is it the edge of the common area, of the hull?
    let overlaps = inside.0 > 0 && inside.1 > 0
    let size = (box[2] - box[0], box[3] - box[1])
    return (0..<4).map { side in
      let horizontal = side % 2 == 0
      let (outer, sign): (Bool, Float) = side < 2 ? (box[side] < other[side], -1) : (box[side] > other[side], 1)
      let own = dUnion * (horizontal ? size.1 : size.0)
      let common = overlaps && !outer ? dCommon * (horizontal ? inside.1 : inside.0) : 0
      let hull = outer ? dHull * (horizontal ? around.1 : around.0) : 0
      return sign * (own + common + hull)
    }
  }
  return (value, gradient(a, b), gradient(b, a))
}
