import DferModels
import DferTensor
import Foundation

/// A training with its files: `last.safetensors` to go on from, `weights.safetensors` to use, `log.csv` to look at.
public struct TrainingRun {
  public enum Event {
    case step(Trainer.Report)
    /// Accuracy and mean recall on the validation data, and whether the weights were kept as the best so far.
    case validated(step: Int, Evaluation, isBest: Bool)
  }

  public private(set) var trainer: Trainer
  private let data: LabelledSet
  private let validation: LabelledSet?
  private let files: TrainingFolder

  public var folder: URL { files.url }
  public var last: String { files.last }
  public var weights: String { files.file("weights.safetensors") }

  private static let columns =
    "step,rate,loss,box,landmark,expression,blendshape,gradient,agreement,spread,valid_war,valid_uar,valid_nme,valid_iou"

  /// - Parameters:
  ///   - folder: made when it is not there.
  ///   - resumes: goes on from the folder's checkpoint.
  ///   - validation: never learned from; decides which weights are kept.
  public init(
    _ trainer: Trainer, on data: LabelledSet, validation: LabelledSet?, folder: URL, resumes: Bool
  ) throws {
    guard !data.clips.isEmpty else { throw TrainingError.noClips("the training data") }
    if let validation, validation.clips.isEmpty { throw TrainingError.noClips("the validation data") }
    (self.trainer, self.data, self.validation) = (trainer, data, validation)
    files = try TrainingFolder(
      folder, columns: Self.columns, resumes: resumes, &self.trainer.state, settings: trainer.settings)
  }

  /// Trains to the last step. The state is written every `evaluationInterval` steps and when `goesOn` stops the run.
  ///
  /// - Parameter goesOn: called after each event; false stops after writing a checkpoint.
  /// - Returns: whether the last step was reached.
  @discardableResult
  public mutating func run(_ goesOn: (Event) -> Bool) throws -> Bool {
    let settings = trainer.settings
    if trainer.state.step == 0, !(try check(goesOn)) { return false }
    while trainer.state.step < settings.steps {
      let report = try trainer.step(on: data)
      try log(report)
      let isChecked = settings.isChecked(report.step)
      var goes = goesOn(.step(report))
      if isChecked && goes { goes = try check(goesOn) }
      if isChecked || !goes { try files.save(trainer.state, settings: settings) }
      if !goes { return false }
    }
    return true
  }

  /// Looks at the validation data, and keeps the averaged weights when they read it better than any before. Without
  /// such data the newest are kept.
  private mutating func check(_ goesOn: (Event) -> Bool) throws -> Bool {
    guard let validation else {
      try write(nil)
      return true
    }
    let predictions = trainer.evaluator(.usual(for: validation.clips, trainer.card.config)).read(validation.clips)
    let result = Evaluation(predictions, of: validation.clips, faceless: validation.faceless, trainer.card)
    let figure = Self.figure(result)
    let isBest = trainer.state.best.map { figure > $0 } ?? true
    if isBest {
      trainer.state.best = figure
      try write(result)
    }
    let figures = [result.all?.war, result.all?.uar, result.localization?.normalisedMeanError, result.localization?.boxOverlap]
    try files.append(["\(trainer.state.step)"] + [String](repeating: "", count: 9) + figures.map(\.cell))
    return goesOn(.validated(step: trainer.state.step, result, isBest: isBest))
  }

  private func log(_ r: Trainer.Report) throws {
    let losses = [r.loss, r.box, r.landmark, r.expression, r.blendshape].map { "\($0)" }
    try files.append(
      ["\(r.step)", "\(r.rate)"] + losses + ["\(r.gradient)", r.agreement.cell, r.spread.cell, "", "", "", ""])
  }

  /// One number for the whole cascade, more being better: accuracy and mean recall count half each, the landmark error
  /// against them, the box overlap for them. What was not measured counts nothing.
  static func figure(_ result: Evaluation) -> Double {
    let expression = result.all.map { ($0.war + $0.uar) / 2 } ?? 0
    return expression - (result.localization?.normalisedMeanError ?? 0) + (result.localization?.boxOverlap ?? 0)
  }

  /// Writes the averaged weights with a card that says how they were made and what they reach.
  private func write(_ result: Evaluation?) throws {
    let stage = CardTraining(steps: trainer.state.step, settings: trainer.settings)
    try WeightFile.write(
      trainer.state.average.applied(to: trainer.state.weights), trainer.card, result, stage: stage, to: weights)
  }

  private struct CardTraining: Encodable {
    var by = "dfer train"
    var steps: Int
    var settings: TrainingSettings
  }
}
