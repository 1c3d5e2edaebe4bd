import DferModels
import DferTensor
import Foundation

/// The training of a network for single images with its files: `last.safetensors` to go on from,
/// `weights.safetensors` to use, `log.csv` to look at.
public struct ImageTrainingRun {
  public enum Event {
    case step(ImageTrainer.Report)
    /// Figures on the validation data, and whether the weights were kept as the best so far.
    case validated(step: Int, Evaluation, isBest: Bool)
  }

  public private(set) var trainer: ImageTrainer
  private let data: LabelledSet
  private let validation: LabelledSet?
  private let files: TrainingFolder

  public var last: String { files.last }
  public var weights: String { files.file("weights.safetensors") }

  /// - Parameters:
  ///   - folder: made when it is not there.
  ///   - resumes: goes on from the folder's checkpoint.
  ///   - validation: never learned from; decides which weights are kept.
  public init(
    _ trainer: ImageTrainer, on data: LabelledSet, validation: LabelledSet?, folder: URL, resumes: Bool
  ) throws {
    guard !data.clips.isEmpty else { throw TrainingError.noClips("the training data") }
    if let validation, validation.clips.isEmpty { throw TrainingError.noClips("the validation data") }
    (self.trainer, self.data, self.validation) = (trainer, data, validation)
    files = try TrainingFolder(
      folder, columns: "step,rate,loss,gradient,agreement,valid_war,valid_uar", resumes: resumes, &self.trainer.state,
      settings: trainer.settings)
  }

  /// Trains to the last step. The state is written every `evaluationInterval` steps and when `goesOn` stops the run.
  ///
  /// - Parameter goesOn: called after each event; false stops after writing a checkpoint.
  /// - Returns: whether the last step was reached.
  @discardableResult
  public mutating func run(_ goesOn: (Event) -> Bool) throws -> Bool {
    let settings = trainer.settings
    while trainer.state.step < settings.steps {
      let report = try trainer.step(on: data)
      try files.append([
        "\(report.step)", "\(report.rate)", "\(report.loss)", "\(report.gradient)", report.agreement.cell, "", "",
      ])
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
    let model = trainer.averaged
    guard let validation else {
      try keep(model, nil)
      return true
    }
    let predictions = ImageEvaluator(model).read(validation.clips)
    let result = Evaluation(
      predictions, of: validation.clips, faceless: validation.faceless, labels: model.card.labels,
      temperature: model.card.temperature, without: ["contempt"])
    let classes = result.selected ?? result.all
    // As for the cascade, accuracy and mean recall count half each. Where a network has two tasks, both count.
    let figure = (classes.map { ($0.war + $0.uar) / 2 } ?? 0) + (result.masks?.accuracy ?? 0)
    let isBest = trainer.state.best.map { figure > $0 } ?? true
    if isBest {
      trainer.state.best = figure
      try keep(model, result)
    }
    try files.append(["\(trainer.state.step)", "", "", "", "", (classes?.war).cell, (classes?.uar).cell])
    return goesOn(.validated(step: trainer.state.step, result, isBest: isBest))
  }

  /// Writes averaged weights with a card that says how they were made and what they reach.
  private func keep(_ model: ImageModel, _ result: Evaluation?) throws {
    var card = model.card
    card.date = Date.now.formatted(.iso8601.year().month().day())
    if let result {
      // Probabilities should mean something: the temperature comes from the same validation data.
      card.temperature = result.fittedTemperature ?? card.temperature
      card.metrics = CanonicalJSON.text(Metrics(result))
    }
    card.training = WeightFile.stages(
      trainer.card.training, and: CanonicalJSON.text(Provenance(steps: trainer.state.step, settings: trainer.settings)))
    // Variances of batch norms can be too small for half floats.
    let hasStatistics = model.weights.names.contains { $0.hasSuffix("running_var") }
    try SafetensorsFile.write(
      tensors: zip(model.weights.names, model.weights.tensors).map { (name: $0, tensor: $1) }, metadata: card.metadata,
      to: weights, as: hasStatistics ? .f32 : .f16)
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

  private struct Provenance: Encodable {
    var by = "dfer train"
    var steps: Int
    var settings: ImageSettings
  }
}
