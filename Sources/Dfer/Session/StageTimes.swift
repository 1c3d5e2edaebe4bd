/// How long each stage of a run took, in seconds of wall time.
package struct StageTimes: Sendable, Hashable, Codable {
  package enum Stage: String, Sendable, CaseIterable, Codable {
    /// Waiting for the decoder, which works on its own thread.
    case decode
    /// Converting whole frames for the face detector.
    case image
    case detector
    case crop
    case model
  }

  private var seconds: [Stage: Double] = [:]

  package init() {}

  package subscript(stage: Stage) -> Double { seconds[stage] ?? 0 }

  fileprivate mutating func add(_ time: Double, to stage: Stage) { seconds[stage, default: 0] += time }

  /// Stage names with their seconds, in the order of the pipeline.
  package var table: [(name: String, seconds: Double)] { Stage.allCases.map { ($0.rawValue, self[$0]) } }
}

/// The stage times of one run, shared by all its parts. Used on the run's thread.
final class StageClock {
  private(set) var times = StageTimes()

  func measure<T>(_ stage: StageTimes.Stage, _ work: () throws -> T) rethrows -> T {
    let start = ContinuousClock.now
    defer { times.add((ContinuousClock.now - start).inSeconds, to: stage) }
    return try work()
  }
}

extension Duration {
  /// The duration as seconds.
  package var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
