import Dfer
import DferTensor
import Foundation

/// Milliseconds of one run of `work`.
func milliseconds(_ work: () throws -> Void) rethrows -> Double {
  let start = ContinuousClock.now
  try work()
  return (ContinuousClock.now - start).inSeconds * 1e3
}

/// Milliseconds of one run: on the clock, and of all cores together, which other work on the machine hardly disturbs.
struct Time {
  var clock: Double
  var cores: Double
}

/// Median times of each contender: all are run in turn, `runs` rounds after two that do not count.
func medians(of contenders: [() -> Void], runs: Int) -> [Time] {
  var times = [[Time]](repeating: [], count: contenders.count)
  for round in 0..<runs + 2 {
    for (i, contender) in contenders.enumerated() {
      let start = clock()
      let time = milliseconds(contender)
      let cores = Double(clock() - start) / Double(CLOCKS_PER_SEC) * 1e3
      if round >= 2 { times[i].append(Time(clock: time, cores: cores)) }
    }
  }
  return times.map { Time(clock: median($0.map(\.clock)), cores: median($0.map(\.cores))) }
}

func median(_ numbers: [Double]) -> Double {
  let sorted = numbers.sorted()
  let middle = sorted.count / 2
  return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
}

/// The most memory that this process has had in use, in megabytes; not a number where the system does not tell.
enum PeakMemory {
  static var megabytes: Double {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return .nan }
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return line?.split(separator: " ").compactMap { Double($0) }.first.map { $0 * 1024 / 1e6 } ?? .nan
  }
}

extension Tensor {
  /// Reproducible numbers from -1 to 1: the time of an operation must not depend on zeros or denormals.
  static func noise(_ shape: [Int], scale: Float = 1) -> Tensor {
    var random = RandomSource(seed: 7)
    return Tensor((0..<shape.reduce(1, *)).map { _ in (2 * random.uniform() - 1) * scale }, shape: shape)
  }
}
