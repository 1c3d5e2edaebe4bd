import DferTensor

/// Which samples a step sees: every epoch goes through all of them once, in an order of its own. It depends on the seed and
/// on the step's number only.
struct EpochOrder: Sendable {
  let seed: UInt64
  private var order: (epoch: Int, indices: [Int]) = (-1, [])

  init(seed: UInt64) { self.seed = seed }

  /// Indices of the samples of one step among `count`.
  mutating func indices(step: Int, batch: Int, count: Int) -> [Int] {
    (step * batch..<(step + 1) * batch).map { place in
      let epoch = place / count
      if order.epoch != epoch || order.indices.count != count {
        var random = RandomSource(seed: seed &+ UInt64(epoch) &* 0x9E37_79B9)
        order = (epoch, Array(0..<count).shuffled(using: &random))
      }
      return order.indices[place % count]
    }
  }
}
