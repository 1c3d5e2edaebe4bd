import DferImage
import DferModels

/// How well a network reads a labelled set.
package struct Evaluation: Sendable, Codable {
  /// Metrics of the classes.
  package struct Classes: Sendable, Codable {
    /// Class order of everything below.
    package var labels: [String]
    /// Clips whose top vote is one of the classes and holds more than half of all votes.
    package var samples: Int
    package var confusion: Confusion
    /// Accuracy, mean recall, mean F1.
    package var war, uar, macroF1: Double
    package var warInterval, uarInterval: Interval
    /// One for each class; nil without samples.
    package var recall: [Double?]
    package var calibration: Calibration
    /// How often the most confident predictions of faces are right; clips without a face are not among them.
    package var abstention: [AbstentionPoint]
  }

  /// Metrics of boxes and landmarks.
  package struct Localization: Sendable, Codable {
    package var samples: Int
    /// Mean of the five points' mean distance, over the distance of the outer eye corners.
    package var normalisedMeanError: Double?
    /// Mean intersection over union of the boxes.
    package var boxOverlap: Double?
  }

  /// Metrics of the mask.
  package struct Masks: Sendable, Codable {
    package var samples: Int
    /// Share of faces whose mask status was right, and of those with and without a mask.
    package var accuracy: Double
    package var wornRecall, bareRecall: Double?
  }

  /// All classes of the network.
  package var all: Classes?
  /// The same without the classes that were left out, answers renormalised over the others.
  package var selected: Classes?
  package var localization: Localization?
  /// nil without labels, or when the network does not look for masks.
  package var masks: Masks?
  /// Divides the logits in all figures above.
  package var temperature: Double
  /// The temperature under which confidence says best how often the answer is what most people would say: fitted to the
  /// faces with a majority, as the other figures are. Fitted to all votes it would say how many people agree, which is
  /// lower. nil for fewer faces than `Temperature.minimumFaces`.
  package var fittedTemperature: Double?
  /// Over the domains of a suite, in place of all the rest.
  package var suite: SuiteResult?
  /// Against another way to read the same faces, where one was asked for.
  package var gain: Comparison?

  /// Names in JSON, which stay when properties are renamed.
  private enum CodingKeys: String, CodingKey {
    case all, selected, masks, temperature, fittedTemperature, suite, gain
    case localization = "places"
  }

  /// - Parameters:
  ///   - answers: one for each clip.
  ///   - faceless: labelled clips in which no face was found; they count as wrong.
  ///   - without: labels left out in `selected`.
  ///   - temperature: nil takes the card's.
  package init(
    _ predictions: [Evaluator.Prediction], of clips: [LabelledClip], faceless: [LabelledClip] = [], _ card: ModelCard,
    without: Set<String> = [], temperature: Double? = nil
  ) {
    self.init(
      predictions, of: clips, faceless: faceless, labels: card.labels, temperature: temperature ?? card.temperature,
      without: without)
  }

  /// The same for any network with these labels.
  ///
  /// - Parameter temperature: divides the logits.
  package init(
    _ predictions: [Evaluator.Prediction], of clips: [LabelledClip], faceless: [LabelledClip] = [], labels: [String],
    temperature: Double, without: Set<String> = []
  ) {
    precondition(predictions.count == clips.count, "Evaluation: \(predictions.count) answers to \(clips.count) clips")
    self.temperature = temperature
    func classes(without: Set<String>) -> Classes? {
      Classes(
        Verdicts(predictions, of: clips, faceless: faceless, labels: labels, temperature: temperature, without: without)
      )
    }
    all = classes(without: [])
    if !without.isDisjoint(with: labels) { selected = classes(without: without) }
    let clear = LabelledSet.clear(predictions, of: clips, labels: labels)
    if clear.logits.count >= Temperature.minimumFaces {
      fittedTemperature = Temperature.fit(clear.logits, clear.targets)
    }
    localization = Self.localization(predictions, clips)
    masks = Self.masks(predictions, clips)
  }

  private static func masks(_ predictions: [Evaluator.Prediction], _ clips: [LabelledClip]) -> Masks? {
    let known = zip(predictions, clips).compactMap { prediction, clip -> (worn: Bool, isRight: Bool)? in
      guard let truth = clip.wearsMask, let found = prediction.maskWorn else { return nil }
      return (truth, (found >= 0.5) == truth)
    }
    guard !known.isEmpty else { return nil }
    func share(_ picked: [(worn: Bool, isRight: Bool)]) -> Double? {
      picked.isEmpty ? nil : Double(picked.count { $0.isRight }) / Double(picked.count)
    }
    return Masks(
      samples: known.count, accuracy: share(known) ?? 0, wornRecall: share(known.filter(\.worn)),
      bareRecall: share(known.filter { !$0.worn }))
  }

  private static func localization(_ predictions: [Evaluator.Prediction], _ clips: [LabelledClip]) -> Localization? {
    var (errors, overlaps): ([Double], [Double]) = ([], [])
    for (prediction, clip) in zip(predictions, clips) {
      if let truth = clip.points.first, truth.count == prediction.points.count, let scale = clip.eyeDistance, scale > 0
      {
        errors.append(Agreement.normalisedMeanError(prediction.points, truth, scale: scale))
      }
      if clip.boxesAreLabels, let box = clip.boxes.first, let found = prediction.box {
        overlaps.append(found.overlap(box))
      }
    }
    guard !errors.isEmpty || !overlaps.isEmpty else { return nil }
    func mean(_ values: [Double]) -> Double? {
      values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
    return Localization(
      samples: max(errors.count, overlaps.count), normalisedMeanError: mean(errors), boxOverlap: mean(overlaps))
  }
}
