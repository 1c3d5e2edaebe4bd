import DferTensor

/// What a training teaches: its data, its loss, and how its result is judged and kept. `TrainingLoop` does everything else,
/// the same for every task.
///
/// All randomness of a step comes from the source that `sample` is given and from the tape, which goes on with it. So a
/// training that was stopped and resumed gives the same weights as one that was not.
package protocol TrainingTask {
  associatedtype Settings: TrainingOptions
  /// What one step learns from.
  associatedtype Sample
  /// What a step tells beside its loss.
  associatedtype Details: Sendable
  /// What is measured on data that are never learned from.
  associatedtype Validation

  var settings: Settings { get }
  /// Weights, optimiser and randomness before the first step.
  func initialState() -> TrainingState

  // MARK: A step

  /// - Parameters:
  ///   - step: steps taken so far.
  ///   - weights: as they are now, for tasks that keep what frozen parts make of their data.
  mutating func sample(_ step: Int, _ weights: ParameterStore, _ random: inout RandomSource) throws -> Sample
  /// - Parameter weighting: where the weights of several losses are learned too.
  func loss(_ sample: Sample, _ weighting: TaskWeighting?, _ tape: inout Tape) -> StepLoss<Details>

  // MARK: The log

  /// Columns of a step's line, in the order of `cells`; the first is `step`.
  static var stepColumns: [String] { get }
  /// Columns behind them, which only a validation fills.
  static var validationColumns: [String] { get }
  static func cells(_ report: StepReport<Details>) -> [String]
  static func cells(_ validation: Validation) -> [String]

  // MARK: The result

  /// Whether the initial weights are validated and kept too.
  static var validatesInitialWeights: Bool { get }
  /// Whether a run that is stopped writes its result, not only its checkpoint.
  static var exportsWhenStopped: Bool { get }
  /// Judges weights; nil without validation data, then the newest weights are kept.
  func validate(_ weights: ParameterStore) throws -> Validation?
  /// One number for a validation, more being better: the weights with the highest are kept.
  func score(_ validation: Validation) -> Double
  /// Writes the result of the training so far.
  ///
  /// - Parameter validation: of the same weights.
  /// - Returns: paths of the files.
  func export(_ state: TrainingState, _ validation: Validation?, to folder: TrainingFolder) throws -> [String]
}

extension TrainingTask {
  package static var validatesInitialWeights: Bool { true }
  package static var exportsWhenStopped: Bool { false }
}

/// What a task measures that is judged by no data of its own: nothing.
package struct NoValidation: Sendable {}

/// The loss of one step, with what the step tells.
package struct StepLoss<Details> {
  /// A scalar.
  let total: Value
  let details: Details
  /// Where the step's faces come from, for the error.
  let names: [String]
  /// What the weights of several losses are learned from: features of the batch, and each loss before its weight.
  var weighting: (features: Tensor, losses: [Float])?

  init(_ total: Value, _ details: Details, names: [String]) {
    (self.total, self.details, self.names) = (total, details, names)
  }
}

/// What happened in a step. The task's details can be asked for directly.
@dynamicMemberLookup
package struct StepReport<Details: Sendable>: Sendable {
  package var step: Int
  /// Learning rate.
  package var rate: Double
  package var loss: Float
  /// Norm of the gradients before they were clipped.
  package var gradient: Double
  package var details: Details

  package subscript<T>(dynamicMember part: KeyPath<Details, T>) -> T { details[keyPath: part] }
}

/// What a run tells while it goes on.
package enum TrainingEvent<Task: TrainingTask> {
  case step(StepReport<Task.Details>)
  /// Measured on the validation data; whether the weights were kept as the best so far.
  case validated(step: Int, Task.Validation, isBest: Bool)
  /// Without validation data: files with the newest result.
  case exported(step: Int, [String])
}
