import DferModels
import DferTensor

/// Reads labelled clips with a network for single images, on the same path that inference uses.
package struct ImageEvaluator: Sendable {
  private let model: ImageModel

  package init(_ model: ImageModel) { self.model = model }

  /// One answer for each clip, in their order. A clip of several images is answered as `dfer watch` does it: by the
  /// mean of the probabilities of its images.
  ///
  /// - Parameter progress: called with the count of clips that are done; false ends the reading early.
  package func read(_ clips: [LabelledClip], progress: (Int) -> Bool = { _ in true }) -> [Evaluator.Prediction] {
    let card = model.card
    let augmentation = Augmentation(side: card.crop.sideFactor)
    var predictions: [Evaluator.Prediction] = []
    for start in stride(from: 0, to: clips.count, by: 16) {
      let part = clips[start..<min(start + 16, clips.count)]
      let picks = part.map { Batch.picks(of: $0.images.count, frames: min($0.images.count, card.clip.frames)) }
      let crops = zip(part, picks).map { clip, picks in
        picks.map { augmentation.image(clip.images[$0], clip.boxes[$0], size: card.imageSize) }
      }
      let points = zip(part, picks).map { clip, picks in
        picks.map { clip.points.isEmpty ? [] : augmentation.normalized(clip.points[$0], clip.boxes[$0]) }
      }
      if crops.allSatisfy({ $0.count == 1 }) {
        let readings = model.read(crops.map { $0[0] }, points: points.map { $0[0] })
        predictions += readings.map { Evaluator.Prediction(logits: $0.logits, maskWorn: $0.mask) }
      } else {
        let readings: [ExpressionReading] = model.read(crops, points: points)
        predictions += readings.map { Evaluator.Prediction(logits: $0.logits, maskWorn: $0.maskWorn) }
      }
      guard progress(predictions.count) else { break }
    }
    return predictions
  }
}
