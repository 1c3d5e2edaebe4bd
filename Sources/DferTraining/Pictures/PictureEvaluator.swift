import DferModels
import DferTensor

/// Reads labelled clips with a network for single pictures, on the same path that inference uses.
public struct PictureEvaluator: Sendable {
  private let model: PictureModel

  public init(_ model: PictureModel) { self.model = model }

  /// One answer for each clip, in their order. A clip of several pictures is answered as `dfer watch` does it: by the
  /// mean of the probabilities of its pictures.
  ///
  /// - Parameter progress: called with the count of clips that are done; false ends the reading early.
  public func read(_ clips: [LabelledClip], progress: (Int) -> Bool = { _ in true }) -> [Evaluator.Answer] {
    let card = model.card
    let view = View(side: card.crop.sideFactor)
    var answers: [Evaluator.Answer] = []
    for start in stride(from: 0, to: clips.count, by: 16) {
      let part = clips[start..<min(start + 16, clips.count)]
      let picks = part.map { Batch.picks(of: $0.pictures.count, frames: min($0.pictures.count, card.clip.frames)) }
      let crops = zip(part, picks).map { clip, picks in
        picks.map { view.picture(clip.pictures[$0], clip.boxes[$0], size: card.imageSize) }
      }
      let points = zip(part, picks).map { clip, picks in
        picks.map { clip.points.isEmpty ? [] : view.places(clip.points[$0], clip.boxes[$0]) }
      }
      if crops.allSatisfy({ $0.count == 1 }) {
        let readings = model.read(crops.map { $0[0] }, points: points.map { $0[0] })
        answers += readings.map { Evaluator.Answer(logits: $0.logits, maskWorn: $0.mask) }
      } else {
        let readings: [ExpressionReading] = model.read(crops, points: points)
        answers += readings.map { Evaluator.Answer(logits: $0.logits, maskWorn: $0.maskWorn) }
      }
      guard progress(answers.count) else { break }
    }
    return answers
  }
}
