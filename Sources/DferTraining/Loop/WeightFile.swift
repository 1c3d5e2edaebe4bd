import DferModels
import DferTensor
import Foundation

/// Weight files as trainings write them: half floats, and a card with the day, the figures and the way they were made.
enum WeightFile {
  /// - Parameters:
  ///   - result: on data that were not learned from; the temperature is fitted to it and its figures go into the card.
  ///   - stage: what was done last; the card's list of earlier stages is kept before it.
  static func write(
    _ store: ParameterStore, _ card: ModelCard, _ result: Evaluation?, stage: some Encodable, to path: String
  ) throws {
    var card = card
    card.date = Date.now.formatted(.iso8601.year().month().day())
    if let result {
      // Probabilities should mean something.
      card.temperature = result.fittedTemperature ?? card.temperature
      card.metrics = CanonicalJSON.text(Metrics(result))
    }
    card.training = stages(card.training, and: CanonicalJSON.text(stage))
    try SafetensorsFile.write(
      tensors: zip(store.names, store.tensors).map { (name: $0.0, tensor: $0.1) }, metadata: card.metadata, to: path,
      as: .f16)
  }

  /// A list of stages, as JSON, with one more. Cards of other makers tell one stage without a list.
  static func stages(_ before: String, and stage: String) -> String {
    let before = before.trimmingCharacters(in: .whitespacesAndNewlines)
    switch before.first {
    case "[" where before != "[]": return before.dropLast() + "," + stage + "]"
    case "{" where before != "{}": return "[" + before + "," + stage + "]"
    default: return "[" + stage + "]"
    }
  }

  private struct Metrics: Encodable {
    var validationFaces: Int?
    var war, uar, landmarkError, boxOverlap: Double?
    var suite: CalibratedWeights.Metrics?

    init(_ result: Evaluation) {
      suite = result.suite.map(CalibratedWeights.metrics)
      (validationFaces, war, uar) = (result.all?.samples, result.all?.war, result.all?.uar)
      (landmarkError, boxOverlap) = (result.localization?.normalisedMeanError, result.localization?.boxOverlap)
    }
  }
}
