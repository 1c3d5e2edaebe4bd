import Synchronization

/// How long each stage of a run took, in seconds of wall time.
package struct StageTimes: Sendable, Hashable, Codable {
  package enum Stage: String, Sendable, CaseIterable, Codable {
    /// Waiting for the decoder, which works on its own thread.
    case decode
    /// Converting whole frames for the face detector.
    case image
    case detector
    case crop
    /// Reading clips, on all threads together.
    case model
    /// Waiting for readings that are made on other threads.
    case waiting
  }

  private var seconds: [Stage: Double] = [:]

  package init() {}

  package subscript(stage: Stage) -> Double { seconds[stage] ?? 0 }

  fileprivate mutating func add(_ time: Double, to stage: Stage) { seconds[stage, default: 0] += time }

  /// Stage names with their seconds, in the order of the pipeline.
  package var table: [(name: String, seconds: Double)] { Stage.allCases.map { ($0.rawValue, self[$0]) } }
}

/// The stage times of one run, shared by all its parts.
final class StageClock: Sendable {
  private let sums = Mutex(StageTimes())

  var times: StageTimes { sums.withLock { $0 } }

  func measure<T>(_ stage: StageTimes.Stage, _ work: () throws -> T) rethrows -> T {
    let start = ContinuousClock.now
    defer {
      let time = (ContinuousClock.now - start).inSeconds
      sums.withLock { $0.add(time, to: stage) }
    }
    return try work()
  }
}

extension Duration {
  /// The duration as seconds.
  package var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
