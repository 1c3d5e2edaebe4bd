import DferImage
import DferModels

/// How well a network reads a labelled set.
public struct Evaluation: Sendable, Codable {
  /// Metrics of the classes.
  public struct Classes: Sendable, Codable {
    /// Class order of everything below.
    public var labels: [String]
    /// Clips whose top vote is one of the classes and holds more than half of all votes.
    public var samples: Int
    public var confusion: Confusion
    /// Accuracy, mean recall, mean F1.
    public var war, uar, macroF1: Double
    public var warInterval, uarInterval: Interval
    /// One for each class; nil without samples.
    public var recall: [Double?]
    public var calibration: Calibration
  }

  /// Metrics of boxes and landmarks.
  public struct Localization: Sendable, Codable {
    public var samples: Int
    /// Mean of the five points' mean distance, over the distance of the outer eye corners.
    public var normalisedMeanError: Double?
    /// Mean intersection over union of the boxes.
    public var boxOverlap: Double?
  }

  /// Metrics of the mask.
  public struct Masks: Sendable, Codable {
    public var samples: Int
    /// Share of faces whose mask status was right, and of those with and without a mask.
    public var accuracy: Double
    public var wornRecall, bareRecall: Double?
  }

  /// All classes of the network.
  public var all: Classes?
  /// The same without the classes that were left out, answers renormalised over the others.
  public var selected: Classes?
  public var localization: Localization?
  /// nil without labels, or when the network does not look for masks.
  public var masks: Masks?
  /// Divides the logits in all figures above.
  public var temperature: Double
  /// The temperature under which confidence says best how often the answer is what most people would say: fitted to the
  /// faces with a majority, as the other figures are. Fitted to all votes it would say how many people agree, which is
  /// lower.
  public var fittedTemperature: Double?
  /// Against another way to read the same faces, where one was asked for.
  public var gain: Comparison?

  /// Names in JSON, which stay when properties are renamed.
  private enum CodingKeys: String, CodingKey {
    case all, selected, masks, temperature, fittedTemperature, gain
    case localization = "places"
  }

  /// - Parameters:
  ///   - answers: one for each clip.
  ///   - faceless: labelled clips in which no face was found; they count as wrong.
  ///   - without: labels left out in `selected`.
  ///   - temperature: nil takes the card's.
  public init(
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
  public init(
    _ predictions: [Evaluator.Prediction], of clips: [LabelledClip], faceless: [LabelledClip] = [], labels: [String],
    temperature: Double, without: Set<String> = []
  ) {
    precondition(predictions.count == clips.count, "Evaluation: \(predictions.count) answers to \(clips.count) clips")
    self.temperature = temperature
    let every = Array(labels.indices)
    all = Self.classes(predictions, clips, faceless, labels, among: every, temperature)
    let kept = every.filter { !without.contains(labels[$0]) }
    if kept.count < every.count { selected = Self.classes(predictions, clips, faceless, labels, among: kept, temperature) }
    let clear = zip(predictions, clips).compactMap { prediction, clip in
      clip.majority(among: every).map { top in (prediction.logits, every.map { $0 == top ? Float(1) : 0 }) }
    }
    if !clear.isEmpty { fittedTemperature = Temperature.fit(clear.map(\.0), clear.map(\.1)) }
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

  private static func classes(
    _ predictions: [Evaluator.Prediction], _ clips: [LabelledClip], _ faceless: [LabelledClip], _ labels: [String],
    among kept: [Int], _ temperature: Double
  ) -> Classes? {
    func place(_ clip: LabelledClip) -> Int? { clip.majority(among: kept).flatMap { kept.firstIndex(of: $0) } }
    var (truth, rows): ([Int], [[Float]]) = ([], [])
    for (prediction, clip) in zip(predictions, clips) {
      guard let place = place(clip) else { continue }
      truth.append(place)
      // Softmax over the kept logits is the full softmax, renormalised.
      rows.append(Temperature.probabilities(kept.map { prediction.logits[$0] }, temperature: temperature))
    }
    let calibration = Calibration(probabilities: rows, truth: truth)
    var said: [Int?] = rows.map(\.top)
    for place in faceless.compactMap(place) {
      truth.append(place)
      said.append(nil)
    }
    guard !truth.isEmpty else { return nil }
    func table(_ picked: [Int]) -> Confusion {
      Confusion(classes: kept.count, truth: picked.map { truth[$0] }, predictions: picked.map { said[$0] })
    }
    let confusion = table(Array(truth.indices))
    return Classes(
      labels: kept.map { labels[$0] }, samples: truth.count, confusion: confusion, war: confusion.war,
      uar: confusion.uar, macroF1: confusion.macroF1,
      warInterval: Bootstrap.interval(count: truth.count) { table($0).war },
      uarInterval: Bootstrap.interval(count: truth.count) { table($0).uar },
      recall: kept.indices.map(confusion.recall), calibration: calibration)
  }

  private static func localization(_ predictions: [Evaluator.Prediction], _ clips: [LabelledClip]) -> Localization? {
    var (errors, overlaps): ([Double], [Double]) = ([], [])
    for (prediction, clip) in zip(predictions, clips) {
      if let truth = clip.points.first, truth.count == prediction.points.count, let scale = clip.eyeDistance, scale > 0 {
        errors.append(Agreement.normalisedMeanError(prediction.points, truth, scale: scale))
      }
      if clip.boxesAreLabels, let box = clip.boxes.first, let found = prediction.box { overlaps.append(found.overlap(box)) }
    }
    guard !errors.isEmpty || !overlaps.isEmpty else { return nil }
    func mean(_ values: [Double]) -> Double? {
      values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
    return Localization(
      samples: max(errors.count, overlaps.count), normalisedMeanError: mean(errors), boxOverlap: mean(overlaps))
  }
}
