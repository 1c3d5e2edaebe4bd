import DferModels
import DferTensor
import Foundation

/// The training of a face detector with its files: `last.safetensors` to go on from, `weights.safetensors` to use, `log.csv`
/// to look at.
public struct DetectorTrainingRun {
  public enum Event {
    case step(DetectorTrainer.Report)
    /// Figures on the validation scenes, and whether the weights were kept as the best so far.
    case validated(step: Int, DetectorEvaluation, isBest: Bool)
  }

  public private(set) var trainer: DetectorTrainer
  private let scenes, faces: [DetectorScene]
  private let validation: [DetectorScene]?
  private let files: TrainingFolder

  public var weights: String { files.file("weights.safetensors") }

  /// - Parameters:
  ///   - faces: single faces to paste into the scenes.
  ///   - validation: never learned from; the weights with the best average precision on them are kept.
  public init(
    _ trainer: DetectorTrainer, on scenes: [DetectorScene], pasting faces: [DetectorScene], validation: [DetectorScene]?,
    folder: URL, resumes: Bool
  ) throws {
    guard !scenes.isEmpty else { throw TrainingError.noClips("the training data") }
    if let validation, validation.isEmpty { throw TrainingError.noClips("the validation data") }
    (self.trainer, self.scenes, self.faces, self.validation) = (trainer, scenes, faces, validation)
    files = try TrainingFolder(
      folder, columns: "step,rate,loss,score,sides,points,mask,gradient,cells,valid_ap", resumes: resumes,
      &self.trainer.state, settings: trainer.settings)
  }

  /// Trains to the last step. The state is written every `evaluationInterval` steps and when `goesOn` stops the run.
  ///
  /// - Parameter goesOn: called after each event; false stops after writing a checkpoint.
  /// - Returns: whether the last step was reached.
  public mutating func run(_ goesOn: (Event) -> Bool) throws -> Bool {
    let settings = trainer.settings
    if trainer.state.step == 0, !(try check(goesOn)) { return false }
    while trainer.state.step < settings.steps {
      let r = try trainer.step(on: scenes, pasting: faces)
      let losses = [r.loss, r.score, r.sides, r.points, r.mask].map { "\($0)" }
      try files.append(["\(r.step)", "\(r.rate)"] + losses + ["\(r.gradient)", "\(r.cells)", ""])
      let isChecked = settings.isChecked(r.step)
      var goes = goesOn(.step(r))
      if isChecked && goes { goes = try check(goesOn) }
      if isChecked || !goes { try files.save(trainer.state, settings: settings) }
      if !goes { return false }
    }
    return true
  }

  /// Looks at the validation scenes, and keeps the averaged weights when they find better than any before. Without such
  /// scenes the newest are kept.
  private mutating func check(_ goesOn: (Event) -> Bool) throws -> Bool {
    guard let validation else {
      try trainer.write(to: weights, nil)
      return true
    }
    let result = DetectorEvaluation(trainer.detector, on: validation)
    let isBest = trainer.state.best.map { result.averagePrecision > $0 } ?? true
    if isBest {
      trainer.state.best = result.averagePrecision
      try trainer.write(to: weights, result)
    }
    try files.append(["\(trainer.state.step)"] + [String](repeating: "", count: 8) + ["\(result.averagePrecision)"])
    return goesOn(.validated(step: trainer.state.step, result, isBest: isBest))
  }
}
