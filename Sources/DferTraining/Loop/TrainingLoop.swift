import DferTensor
import Foundation

/// Takes the steps of a training, and keeps its files: `last.safetensors` to resume from, `log.csv` with a line for each
/// step, and the result of the task.
package struct TrainingLoop<Task: TrainingTask> {
  package private(set) var task: Task
  package var state: TrainingState
  private let files: TrainingFolder?

  /// Steps without files.
  package init(_ task: Task) { (self.task, state, files) = (task, task.initialState(), nil) }

  /// A run with files.
  ///
  /// - Parameters:
  ///   - folder: made when it is not there.
  ///   - resumes: goes on from the folder's checkpoint.
  /// - Throws: `CheckpointError` when there is no such checkpoint, or one of another training.
  package init(_ task: Task, folder: URL, resumes: Bool) throws {
    (self.task, state) = (task, task.initialState())
    files = try TrainingFolder(
      folder, columns: (Task.stepColumns + Task.validationColumns).joined(separator: ","), resumes: resumes, &state,
      settings: task.settings)
  }

  /// Path of a file in the run's folder.
  package func file(_ name: String) -> String { files?.file(name) ?? name }
  /// The averaged weights with the best validation, or the newest without one.
  package var weights: String { file(TrainingFolder.weights) }

  /// Takes one step.
  /// - Throws: `TrainingError.notFinite` before anything has moved.
  @discardableResult
  package mutating func step() throws -> StepReport<Task.Details> {
    let sample = try task.sample(state.step, state.weights, &state.random)
    var tape = state.tape(task.settings.precision ?? .fp32)
    let loss = task.loss(sample, state.tasks, &tape)
    state.random = tape.random
    let (value, statistics) = (loss.total.tensor.values[0], tape.statistics)
    let rate = task.settings.schedule.rate(state.step)
    let norm = try state.descend(
      tape.gradients(of: loss.total).parameters, loss: value, rate: rate, longest: task.settings.maxGradientNorm,
      names: loss.names, statistics: statistics)
    if let weighting = loss.weighting { state.tasks?.learn(weighting.features, losses: weighting.losses, rate: rate) }
    return StepReport(step: state.step, rate: rate, loss: value, gradient: norm, details: loss.details)
  }

  /// Trains to the last step. The checkpoint is written at every evaluation and when `goesOn` stops the run.
  ///
  /// - Parameter goesOn: called after each event; false stops after writing a checkpoint.
  /// - Returns: whether the last step was reached.
  @discardableResult
  package mutating func run(_ goesOn: (TrainingEvent<Task>) -> Bool) throws -> Bool {
    guard let files else { preconditionFailure("TrainingLoop: a run without a folder") }
    let blanks = Task.validationColumns.map { _ in "" }
    if state.step == 0, Task.validatesInitialWeights, !(try evaluate(files, goesOn)) { return false }
    while state.step < task.settings.steps {
      let report = try step()
      try files.append(Task.cells(report) + blanks)
      let isChecked = task.settings.isChecked(report.step)
      var goes = goesOn(.step(report))
      // A checkpoint holds the best score so far, so it is written behind the evaluation.
      if isChecked && goes || Task.exportsWhenStopped && (isChecked || !goes) {
        goes = try evaluate(files, goesOn) && goes
      }
      if isChecked || !goes { try files.save(state, settings: task.settings) }
      if !goes { return false }
    }
    return true
  }

  /// Judges the averaged weights, and keeps them when they are better than any before. Without validation data the newest
  /// are kept.
  private mutating func evaluate(_ files: TrainingFolder, _ goesOn: (TrainingEvent<Task>) -> Bool) throws -> Bool {
    guard let validation = try task.validate(state.average.applied(to: state.weights)) else {
      return goesOn(.exported(step: state.step, try task.export(state, nil, to: files)))
    }
    let score = task.score(validation)
    let isBest = state.best.map { score > $0 } ?? true
    if isBest {
      state.best = score
      _ = try task.export(state, validation, to: files)
    }
    let blanks = [String](repeating: "", count: Task.stepColumns.count - 1)
    try files.append(["\(state.step)"] + blanks + Task.cells(validation))
    return goesOn(.validated(step: state.step, validation, isBest: isBest))
  }
}
