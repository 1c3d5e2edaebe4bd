import DferModels

/// Predictions beside the truth: what all figures of classes are counted from.
struct Verdicts: Sendable {
  /// The classes that count.
  let labels: [String]
  /// True class of each clip that a majority gave one of the classes; those without a face come last.
  private(set) var truth: [Int] = []
  /// What was said of it; nil where no face was found.
  private(set) var predictions: [Int?] = []
  /// Probabilities over the classes that count, for the clips with a face.
  private(set) var probabilities: [[Float]] = []

  /// - Parameters:
  ///   - predictions: one for each clip.
  ///   - faceless: labelled clips in which no face was found.
  ///   - labels: of the logits.
  ///   - without: labels that do not count; the probabilities are renormalised over the others.
  init(
    _ predictions: [Evaluator.Prediction], of clips: [LabelledClip], faceless: [LabelledClip] = [], labels: [String],
    temperature: Double, without: Set<String> = []
  ) {
    precondition(predictions.count == clips.count, "Verdicts: \(predictions.count) predictions to \(clips.count) clips")
    let kept = labels.indices.filter { !without.contains(labels[$0]) }
    self.labels = kept.map { labels[$0] }
    func truth(_ clip: LabelledClip) -> Int? { clip.majority(among: kept).flatMap { kept.firstIndex(of: $0) } }
    for (prediction, clip) in zip(predictions, clips) {
      guard let label = truth(clip) else { continue }
      self.truth.append(label)
      // Softmax over the kept logits is the full softmax, renormalised.
      probabilities.append(Temperature.probabilities(kept.map { prediction.logits[$0] }, temperature: temperature))
    }
    self.predictions = probabilities.map(\.top)
    let unseen = faceless.compactMap(truth)
    self.truth += unseen
    self.predictions += unseen.map { _ in nil }
  }

  var count: Int { truth.count }

  /// True classes of the clips with a face.
  var seenTruth: [Int] { Array(truth.prefix(probabilities.count)) }

  /// The table of some of them, which may be picked several times.
  func confusion(_ picked: [Int]) -> Confusion {
    Confusion(classes: labels.count, truth: picked.map { truth[$0] }, predictions: picked.map { predictions[$0] })
  }

  var confusion: Confusion { Confusion(classes: labels.count, truth: truth, predictions: predictions) }
}

extension Evaluation.Classes {
  /// nil without a clip that a majority gave one of the classes.
  init?(_ verdicts: Verdicts) {
    guard verdicts.count > 0 else { return nil }
    let confusion = verdicts.confusion
    self.init(
      labels: verdicts.labels, samples: verdicts.count, confusion: confusion, war: confusion.war, uar: confusion.uar,
      macroF1: confusion.macroF1,
      warInterval: Bootstrap.interval(count: verdicts.count) { verdicts.confusion($0).war },
      uarInterval: Bootstrap.interval(count: verdicts.count) { verdicts.confusion($0).uar },
      recall: verdicts.labels.indices.map(confusion.recall),
      calibration: Calibration(probabilities: verdicts.probabilities, truth: verdicts.seenTruth),
      abstention: AbstentionPoint.curve(probabilities: verdicts.probabilities, truth: verdicts.seenTruth))
  }
}

extension LabelledSet {
  /// Logits of the clips that a majority gave one class, and that class, one number for each label. The temperature is
  /// fitted to them.
  ///
  /// - Parameter without: labels that do not count.
  static func clear(
    _ predictions: [Evaluator.Prediction], of clips: [LabelledClip], labels: [String], without: Set<String> = []
  ) -> (logits: [[Float]], targets: [[Float]]) {
    let kept = labels.indices.filter { !without.contains(labels[$0]) }
    let pairs = zip(predictions, clips).compactMap { prediction, clip in
      clip.majority(among: kept).map { top in
        (kept.map { prediction.logits[$0] }, kept.map { $0 == top ? Float(1) : 0 })
      }
    }
    return (pairs.map(\.0), pairs.map(\.1))
  }
}
