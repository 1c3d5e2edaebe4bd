import Dfer
import DferTensor

/// Milliseconds of one run of `work`.
func milliseconds(_ work: () throws -> Void) rethrows -> Double {
  let start = ContinuousClock.now
  try work()
  return (ContinuousClock.now - start).inSeconds * 1e3
}

/// Median milliseconds of each contender: all are run in turn, `runs` rounds after two that do not count.
func medians(of contenders: [() -> Void], runs: Int) -> [Double] {
  var times = [[Double]](repeating: [], count: contenders.count)
  for round in 0..<runs + 2 {
    for (i, contender) in contenders.enumerated() {
      let time = milliseconds(contender)
      if round >= 2 { times[i].append(time) }
    }
  }
  return times.map(median)
}

func median(_ numbers: [Double]) -> Double {
  let sorted = numbers.sorted()
  let middle = sorted.count / 2
  return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
}

extension Tensor {
  /// Reproducible numbers from -1 to 1: the time of an operation must not depend on zeros or denormals.
  static func noise(_ shape: [Int], scale: Float = 1) -> Tensor {
    var random = RandomSource(seed: 7)
    return Tensor((0..<shape.reduce(1, *)).map { _ in (2 * random.uniform() - 1) * scale }, shape: shape)
  }
}
