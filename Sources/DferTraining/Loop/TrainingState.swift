import DferTensor
import Foundation

/// Everything that a training needs to go on as if it had never stopped: after `save` and `init(resuming:)` the next
/// steps give the same numbers, bit for bit.
package struct TrainingState: Sendable, Equatable {
  package var weights: ParameterStore
  package var optimiser: AdamW
  package var average: MovingAverage
  /// The source of all randomness of the steps to come.
  package var random: RandomSource
  /// How much each loss counts, where that is learned too.
  package var tasks: TaskWeighting?
  /// Best figure on the validation data so far.
  package var best: Double?

  package init(_ weights: ParameterStore, _ optimiser: AdamW, emaDecay: Double, seed: UInt64) {
    self.weights = weights.inMemory
    self.optimiser = optimiser
    average = MovingAverage(weights, decay: emaDecay, warmsUp: true)
    random = RandomSource(seed: seed)
  }

  /// Steps taken so far.
  package var step: Int { optimiser.step }

  /// A tape for the next step. It records nothing for the sake of weights that never move.
  ///
  /// - Parameter precision: of linear layers and their gradients.
  func tape(_ precision: Precision = .fp32) -> Tape {
    let frozen = zip(weights.parameters, optimiser.plan.entries).filter(\.1.isFrozen).map(\.0)
    return Tape(
      weights, recording: true, training: true, frozen: Set(frozen), random: random, precision: precision)
  }

  /// Moves the weights against the gradients, and the averaged weights after them.
  ///
  /// - Parameters:
  ///   - statistics: new running statistics of batch norms.
  ///   - names: of the samples, for the error.
  /// - Returns: the length of the gradients before they were shortened.
  /// - Throws: `TrainingError.notFinite` before anything has moved.
  mutating func descend(
    _ gradients: [Tensor?], loss: Float, rate: Double, longest: Double, names: @autoclosure () -> [String],
    statistics: [(parameter: Parameter, tensor: Tensor)] = []
  ) throws -> Double {
    var gradients = gradients
    let length = Gradients.clip(&gradients, to: longest)
    guard loss.isFinite, length.isFinite else { throw TrainingError.notFinite(step: step, clips: names()) }
    optimiser.update(&weights, gradients, rate: rate)
    for (parameter, tensor) in statistics { weights[parameter] = tensor }
    average.update(weights)
    return length
  }

  package static func == (a: Self, b: Self) -> Bool {
    a.weights.names == b.weights.names && a.weights.tensors == b.weights.tensors && a.optimiser == b.optimiser
      && a.average == b.average && a.random == b.random && a.tasks == b.tasks && a.best == b.best
  }

  // MARK: File

  private static let format = "1"
  private static let parts = ["weight/", "first/", "second/", "average/"]
  private static let taskPart = "tasks/"

  /// Writes the state to `path`. The file is replaced in one go: whatever happens, the old or the new one is there.
  ///
  /// - Parameter settings: what the training was told to do; a later run must be told the same.
  /// - Throws: `CheckpointError` when it cannot be written.
  package func save(to path: String, settings: String) throws {
    var tensors: [(name: String, tensor: Tensor)] = []
    for (part, list) in zip(Self.parts, [weights.tensors, optimiser.first, optimiser.second, average.tensors]) {
      tensors += zip(weights.names, list).map { (part + $0, $1) }
    }
    tensors += (tasks?.tensors ?? []).map { (Self.taskPart + $0.name, $0.tensor) }
    try SafetensorsFile.write(
      tensors: tensors,
      metadata: [
        "dfer_training": Self.format, "step": String(optimiser.step), "random": String(random.state),
        "average_updates": String(average.updates), "best": best.map { String($0.bitPattern) } ?? "",
        "settings": settings, "checksum": String(Self.checksum(tensors.map(\.tensor))),
      ], to: path)
  }

  /// Which settings differ between two texts of them, for people.
  private static func difference(_ then: String, _ now: String) -> String {
    func values(_ text: String) -> [String: Any] {
      (try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [String: Any] ?? [:]
    }
    let (then, now) = (values(then), values(now))
    let keys = Set(then.keys).union(now.keys).sorted()
    func text(_ value: Any?) -> String { value.map { "\($0)" } ?? "not given" }
    let changed = keys.filter { text(then[$0]) != text(now[$0]) }
    return changed.map { "\($0) was \(text(then[$0])), and is \(text(now[$0]))" }.joined(separator: "; ")
  }

  /// Reads a state back.
  ///
  /// - Parameters:
  ///   - fresh: the state that the same training would start with.
  ///   - settings: as given to `save`.
  /// - Throws: `CheckpointError` when the file is damaged, of another network, or of another training.
  package init(resuming path: String, from fresh: TrainingState, settings: String) throws {
    let file = try SafetensorsFile(path: path)
    let metadata = file.metadata
    guard metadata["dfer_training"] == Self.format else {
      throw CheckpointError(path: path, reason: "not a training checkpoint of this version of dfer")
    }
    guard metadata["settings"] == settings else {
      throw CheckpointError(
        path: path,
        reason: "made with other settings: \(Self.difference(metadata["settings"] ?? "", settings))")
    }
    guard let step = metadata["step"].flatMap({ Int($0) }), step >= 0,
      let random = metadata["random"].flatMap({ UInt64($0) }),
      let updates = metadata["average_updates"].flatMap({ Int($0) }),
      let checksum = metadata["checksum"].flatMap({ UInt64($0) }), let best = metadata["best"]
    else {
      throw CheckpointError(path: path, reason: "its step, random state or checksum is missing")
    }
    var lists: [[Tensor]] = []
    for part in Self.parts {
      var store = fresh.weights
      try store.load(
        file, from: { .tensor(part + $0) },
        ignoring: { name in !name.hasPrefix(part) && (Self.parts + [Self.taskPart]).contains { name.hasPrefix($0) } })
      lists.append(store.tensors)
    }
    let tasks = try fresh.tasks?.resumed(step) { try file.tensor(Self.taskPart + $0) }
    guard Self.checksum(lists.flatMap { $0 } + (tasks?.tensors ?? []).map(\.tensor)) == checksum else {
      throw CheckpointError(path: path, reason: "its numbers do not fit their checksum: the file is damaged")
    }
    self = fresh
    self.tasks = tasks
    for (parameter, tensor) in zip(weights.parameters, lists[0]) { weights[parameter] = tensor }
    (optimiser.first, optimiser.second, optimiser.step) = (lists[1], lists[2], step)
    (average.tensors, average.updates) = (lists[3], updates)
    self.random = RandomSource(seed: random)
    self.best = UInt64(best).map { Double(bitPattern: $0) }
  }

  private static func checksum(_ tensors: [Tensor]) -> UInt64 {
    var print = Fingerprint()
    for tensor in tensors { print.add(tensor.values) }
    return print.value
  }
}
