import DferModels
import DferTracking

/// Reads labelled clips with a network that dfer does not train, on the same path that inference uses.
package struct ClassifierEvaluator {
  private let model: any ExpressionClassifier

  package init(_ model: any ExpressionClassifier) { self.model = model }

  /// One answer for each clip, in their order. A clip of several images is answered as `dfer watch` does it; a single
  /// image is a clip in which nothing moves.
  ///
  /// - Parameter progress: called with the count of clips that are done; false ends the reading early.
  /// - Throws: an `ONNXError` when another program computes and fails.
  package func read(
    _ clips: [LabelledClip], progress: (Int) -> Bool = { _ in true }
  ) throws -> [Evaluator.Prediction] {
    let info = model.modelInfo
    let augmentation = Augmentation(side: info.crop.sideFactor)
    var predictions: [Evaluator.Prediction] = []
    for start in stride(from: 0, to: clips.count, by: 8) {
      let part = clips[start..<min(start + 8, clips.count)]
      let picks = part.map { Batch.picks(of: $0.images.count, frames: info.clip.frames) }
      let crops = zip(part, picks).map { clip, picks in
        picks.map { augmentation.image(clip.images[$0], clip.boxes[$0], size: info.imageSize) }
      }
      let points = zip(part, picks).map { clip, picks in
        picks.map { clip.points.isEmpty ? [] : augmentation.normalized(clip.points[$0], clip.boxes[$0]) }
      }
      predictions += try model.read(crops, points: points).map {
        Evaluator.Prediction(logits: $0.logits, maskWorn: $0.maskWorn)
      }
      guard progress(predictions.count) else { break }
    }
    return predictions
  }
}
