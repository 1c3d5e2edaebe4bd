import DferModels

extension FaceReader {
  /// What the network reads of a domain's faces, on the path that inference uses.
  ///
  /// - Parameters:
  ///   - inputMode: what it gets of each face; nil, or what it cannot read: what suits the faces and the network.
  ///   - progress: called with the count of faces that are done; false ends the reading early.
  package func reading(
    of set: LabelledSet, inputMode: Evaluator.InputMode? = nil, progress: (Int) -> Bool = { _ in true }
  ) throws -> SuiteReading {
    switch self {
    case .clips(let model):
      let usual = Evaluator.InputMode.usual(for: set.clips, model.card.config)
      let mode = inputMode == .tubelet && !model.card.config.readsShortClips ? usual : inputMode ?? usual
      return SuiteReading(
        inputMode: mode.words, predictions: Evaluator(model, inputMode: mode).read(set.clips, progress: progress),
        of: set)
    case .images(let model):
      let isStills = set.clips.allSatisfy { $0.images.count == 1 }
      return SuiteReading(
        inputMode: isStills ? "single images" : "means over whole clips",
        predictions: ImageEvaluator(model).read(set.clips, progress: progress), of: set)
    case .classifier(let model):
      return SuiteReading(
        inputMode: "whole clips", predictions: try ClassifierEvaluator(model).read(set.clips, progress: progress),
        of: set)
    }
  }
}

extension Evaluator.InputMode {
  /// For people.
  package var words: String {
    switch self {
    case .tubelet: "one tubelet"
    case .clip: "whole clips"
    case .frames: "single frames of clips"
    }
  }
}
