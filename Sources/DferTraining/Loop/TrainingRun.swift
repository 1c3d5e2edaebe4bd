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
  public let folder: URL
  private let data: LabelledSet
  private let validation: LabelledSet?
  private let log: TrainingLog

  public var last: String { folder.appendingPathComponent("last.safetensors").path }
  public var weights: String { folder.appendingPathComponent("weights.safetensors").path }

  /// - Parameters:
  ///   - folder: made when it is not there.
  ///   - resumes: goes on from the folder's checkpoint.
  ///   - validation: never learned from; decides which weights are kept.
  public init(
    _ trainer: Trainer, on data: LabelledSet, validation: LabelledSet?, folder: URL, resumes: Bool
  ) throws {
    guard !data.clips.isEmpty else { throw TrainingError.noClips("the training data") }
    if let validation, validation.clips.isEmpty { throw TrainingError.noClips("the validation data") }
    do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
      throw CheckpointError(path: folder.path, reason: "this folder cannot be made: \(error.localizedDescription)")
    }
    (self.trainer, self.folder, self.data, self.validation) = (trainer, folder, data, validation)
    let last = folder.appendingPathComponent("last.safetensors").path
    if resumes {
      self.trainer.state = try TrainingState(resuming: last, from: trainer.state, settings: trainer.settings.json)
    } else if FileManager.default.fileExists(atPath: last) {
      throw CheckpointError(path: last, reason: "a training is there already; --resume goes on with it")
    }
    log = try TrainingLog(folder.appendingPathComponent("log.csv").path, appends: resumes)
  }

  /// Trains to the last step. The state is written every `checkEvery` steps and when `goesOn` stops the run.
  ///
  /// - Parameter goesOn: called after each event; false stops after writing a checkpoint.
  /// - Returns: whether the last step was reached.
  @discardableResult
  public mutating func run(_ goesOn: (Event) -> Bool) throws -> Bool {
    let settings = trainer.settings
    if trainer.state.step == 0, !(try check(goesOn)) { return false }
    while trainer.state.step < settings.steps {
      let report = try trainer.step(on: data)
      try log.append(report)
      let isChecked = report.step.isMultiple(of: settings.checkEvery) || report.step == settings.steps
      var goes = goesOn(.step(report))
      if isChecked && goes { goes = try check(goesOn) }
      if isChecked || !goes {
        try trainer.state.save(to: last, settings: settings.json)
        try LossCurves.draw(
          folder.appendingPathComponent("log.csv").path, to: folder.appendingPathComponent("curves.svg").path)
      }
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
    let look: Evaluator.Look = validation.clips.allSatisfy { $0.pictures.count == 1 } ? .slot : .clip
    let answers = trainer.evaluator(look).read(validation.clips)
    let result = Evaluation(answers, of: validation.clips, faceless: validation.faceless, trainer.card)
    let figure = Self.figure(result)
    let isBest = trainer.state.best.map { figure > $0 } ?? true
    if isBest {
      trainer.state.best = figure
      try write(result)
    }
    try log.append(step: trainer.state.step, result)
    return goesOn(.validated(step: trainer.state.step, result, isBest: isBest))
  }

  /// One number for the whole cascade, more being better: accuracy and mean recall count half each, the landmark error
  /// against them, the box overlap for them. What was not measured counts nothing.
  static func figure(_ result: Evaluation) -> Double {
    let expression = result.all.map { ($0.war + $0.uar) / 2 } ?? 0
    return expression - (result.places?.normalisedMeanError ?? 0) + (result.places?.boxOverlap ?? 0)
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

/// The course of a training as CSV: a line for each step, and one with the validation figures where they were taken.
final class TrainingLog {
  private let path: String
  private let handle: FileHandle
  private static let header =
    "step,rate,loss,box,landmark,expression,blendshape,gradient,agreement,spread,valid_war,valid_uar,valid_nme,valid_iou"

  init(_ path: String, appends: Bool) throws {
    self.path = path
    let isNew = !appends || !FileManager.default.fileExists(atPath: path)
    if isNew { _ = FileManager.default.createFile(atPath: path, contents: nil) }
    guard let handle = FileHandle(forWritingAtPath: path) else {
      throw CheckpointError(path: path, reason: "it cannot be opened for writing")
    }
    self.handle = handle
    _ = try? handle.seekToEnd()
    if isNew { try write(Self.header) }
  }

  func append(_ r: Trainer.Report) throws {
    let numbers = [r.loss, r.box, r.landmark, r.expression, r.blendshape].map { "\($0)" }
    let rest = [r.agreement.map { "\($0)" } ?? "", r.spread.map { "\($0)" } ?? ""]
    try write((["\(r.step)", "\(r.rate)"] + numbers + ["\(r.gradient)"] + rest).joined(separator: ",") + ",,,,")
  }

  func append(step: Int, _ result: Evaluation) throws {
    let figures = [result.all?.war, result.all?.uar, result.places?.normalisedMeanError, result.places?.boxOverlap]
    try write("\(step),,,,,,,,,," + figures.map { $0.map { "\($0)" } ?? "" }.joined(separator: ","))
  }

  private func write(_ line: String) throws {
    do { try handle.write(contentsOf: Data((line + "\n").utf8)) } catch {
      throw CheckpointError(path: path, reason: "it cannot be written: \(error.localizedDescription)")
    }
  }
}
