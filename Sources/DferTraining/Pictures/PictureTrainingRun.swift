import DferModels
import DferTensor
import Foundation

/// The training of a network for single pictures with its files: `last.safetensors` to go on from,
/// `weights.safetensors` to use, `log.csv` to look at.
public struct PictureTrainingRun {
  public enum Event {
    case step(PictureTrainer.Report)
    /// Figures on the validation data, and whether the weights were kept as the best so far.
    case validated(step: Int, Evaluation, isBest: Bool)
  }

  public private(set) var trainer: PictureTrainer
  private let data: LabelledSet
  private let validation: LabelledSet?
  private let log: FileHandle
  private let folder: URL

  public var last: String { folder.appendingPathComponent("last.safetensors").path }
  public var weights: String { folder.appendingPathComponent("weights.safetensors").path }

  /// - Parameters:
  ///   - folder: made when it is not there.
  ///   - resumes: goes on from the folder's checkpoint.
  ///   - validation: never learned from; decides which weights are kept.
  public init(
    _ trainer: PictureTrainer, on data: LabelledSet, validation: LabelledSet?, folder: URL, resumes: Bool
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
    let path = folder.appendingPathComponent("log.csv").path
    let isNew = !resumes || !FileManager.default.fileExists(atPath: path)
    if isNew {
      _ = FileManager.default.createFile(
        atPath: path, contents: Data("step,rate,loss,gradient,agreement,valid_war,valid_uar\n".utf8))
    }
    guard let handle = FileHandle(forWritingAtPath: path) else {
      throw CheckpointError(path: path, reason: "it cannot be opened for writing")
    }
    log = handle
    _ = try? log.seekToEnd()
  }

  /// Trains to the last step. The state is written every `checkEvery` steps and when `goesOn` stops the run.
  ///
  /// - Parameter goesOn: called after each event; false stops after writing a checkpoint.
  /// - Returns: whether the last step was reached.
  @discardableResult
  public mutating func run(_ goesOn: (Event) -> Bool) throws -> Bool {
    let settings = trainer.settings
    while trainer.state.step < settings.steps {
      let report = try trainer.step(on: data)
      let agreement = report.agreement.map { "\($0)" } ?? ""
      try write("\(report.step),\(report.rate),\(report.loss),\(report.gradient),\(agreement),,")
      let isChecked = report.step.isMultiple(of: settings.checkEvery) || report.step == settings.steps
      var goes = goesOn(.step(report))
      if isChecked && goes { goes = try check(goesOn) }
      if isChecked || !goes { try trainer.state.save(to: last, settings: settings.json) }
      if !goes { return false }
    }
    return true
  }

  /// Looks at the validation data, and keeps the averaged weights when they read it better than any before. Without
  /// such data the newest are kept.
  private mutating func check(_ goesOn: (Event) -> Bool) throws -> Bool {
    let model = trainer.averaged
    guard let validation else {
      try keep(model, nil)
      return true
    }
    let answers = PictureEvaluator(model).read(validation.clips)
    let result = Evaluation(
      answers, of: validation.clips, faceless: validation.faceless, labels: model.card.labels,
      temperature: model.card.temperature, without: ["contempt"])
    let classes = result.selected ?? result.all
    // Where a network has two tasks, both count.
    let figure = (classes?.war ?? 0) + (result.masks?.accuracy ?? 0)
    let isBest = trainer.state.best.map { figure > $0 } ?? true
    if isBest {
      trainer.state.best = figure
      try keep(model, result)
    }
    try write("\(trainer.state.step),,,,,\(classes.map { "\($0.war)" } ?? ""),\(classes.map { "\($0.uar)" } ?? "")")
    return goesOn(.validated(step: trainer.state.step, result, isBest: isBest))
  }

  /// Writes averaged weights with a card that says how they were made and what they reach.
  private func keep(_ model: PictureModel, _ result: Evaluation?) throws {
    var card = model.card
    card.date = Date.now.formatted(.iso8601.year().month().day())
    if let result {
      // Probabilities should mean something: the temperature comes from the same validation data.
      card.temperature = result.fittedTemperature ?? card.temperature
      card.metrics = Self.json(Metrics(result))
    }
    card.training = Self.json(
      Making(steps: trainer.state.step, settings: trainer.settings, before: trainer.card.training))
    try SafetensorsFile.write(
      tensors: zip(model.weights.names, model.weights.tensors).map { (name: $0, tensor: $1) }, metadata: card.metadata,
      to: weights)
  }

  private struct Metrics: Encodable {
    /// Without contempt, the usual seven classes.
    var validationFaces: Int?
    var war, uar, maskAccuracy: Double?

    init(_ result: Evaluation) {
      maskAccuracy = result.masks?.accuracy
      let classes = result.selected ?? result.all
      (validationFaces, war, uar) = (classes?.samples, classes?.war, classes?.uar)
    }
  }

  private struct Making: Encodable {
    var by = "dfer train"
    var steps: Int
    var settings: PictureSettings
    /// What the weights that this training began with say of themselves.
    var before: String
  }

  private static func json(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  private func write(_ line: String) throws {
    do { try log.write(contentsOf: Data((line + "\n").utf8)) } catch {
      throw CheckpointError(
        path: folder.appendingPathComponent("log.csv").path, reason: "it cannot be written: \(error.localizedDescription)")
    }
  }
}
