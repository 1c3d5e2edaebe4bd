import CKernels
import Foundation
import Synchronization

/// How many threads the arithmetic may use. OpenBLAS itself always runs on one: work is divided above it.
package enum Compute {
  private static let chosen = Atomic<Int>(0)

  /// Threads of one forward pass; by default the processors that this process may run on. Set it once, at the start.
  package static var threads: Int {
    get {
      if let own { return own }
      let threads = chosen.load(ordering: .relaxed)
      return threads > 0 ? threads : availableCores
    }
    set {
      precondition(newValue > 0, "Compute.threads: \(newValue) is not a number of threads")
      chosen.store(newValue, ordering: .relaxed)
    }
  }

  /// Gives the system back what has been freed until now. Memory that is freed is kept otherwise, which pays for tensors that come
  /// and go, but not for what was needed once, at the start.
  package static func releaseFreedMemory() { ck_release_freed_memory() }

  private static let chosenPrecision = Atomic<Int>(0)

  /// What products of networks that are opened from now on are made of, for reading; a training is told its own. Set it
  /// once, at the start.
  package static var precision: Precision {
    get { Precision.allCases[chosenPrecision.load(ordering: .relaxed)] }
    set { chosenPrecision.store(Precision.allCases.firstIndex(of: newValue) ?? 0, ordering: .relaxed) }
  }

  /// Threads of the current task alone.
  @TaskLocal private static var own: Int?

  /// Runs `body` with that many threads, whatever other tasks use.
  package static func with<Result>(threads: Int, _ body: () throws -> Result) rethrows -> Result {
    try $own.withValue(threads) { try body() }
  }

  /// Processors that this process may run on: its affinity mask and, in a container, its share of processor time.
  package static let availableCores: Int = {
    let allowed = Int(ck_available_cores())
    guard let quota = try? String(contentsOfFile: "/sys/fs/cgroup/cpu.max", encoding: .utf8) else { return allowed }
    return min(allowed, cores(ofQuota: quota) ?? allowed)
  }()

  /// Whole cores of a control group's limit, "microseconds period" as Linux writes it; nil for "max period".
  static func cores(ofQuota text: String) -> Int? {
    let numbers = text.split(whereSeparator: \.isWhitespace).map { Double($0) }
    guard numbers.count == 2, let time = numbers[0], let period = numbers[1], time > 0, period > 0 else { return nil }
    return max(1, Int((time / period).rounded(.up)))
  }
}
