import CKernels
import Synchronization

/// How many threads the arithmetic may use. OpenBLAS itself always runs on one: work is divided above it.
public enum Compute {
  private static let chosen = Atomic<Int>(0)

  /// Threads of one forward pass; by default the processors that this process may run on. Set it once, at the start.
  public static var threads: Int {
    get {
      let threads = chosen.load(ordering: .relaxed)
      return threads > 0 ? threads : availableCores
    }
    set {
      precondition(newValue > 0, "Compute.threads: \(newValue) is not a number of threads")
      chosen.store(newValue, ordering: .relaxed)
    }
  }

  /// Processors that this process may run on (its affinity mask).
  public static let availableCores = Int(ck_available_cores())
}
