import DferImage
import DferModels
import DferTensor
import Foundation

/// Reads labelled clips with a network, on the same forward pass that inference uses.
package struct Evaluator: Sendable {
  /// What the network gets of each clip.
  package enum InputMode: String, Sendable, Codable, CaseIterable {
    /// One temporal index: the frames of one tubelet. Quick, and what single images need.
    case tubelet = "slot"
    /// As many frames as the network was made for.
    case clip
    /// Single frames of the clip, each repeated to a whole clip; the mean of what is read in them. Shows what the
    /// network's view of time is worth.
    case frames

    /// One tubelet where all clips are stills and the network can read one alone, else whole clips.
    package static func usual(for clips: [LabelledClip], _ config: MTCAEConfig) -> InputMode {
      config.readsShortClips && clips.allSatisfy { $0.images.count == 1 } ? .tubelet : .clip
    }
  }

  /// What was read of one clip, in the pixels of its first image.
  package struct Prediction: Sendable {
    package let logits: [Float]
    /// nil and empty for networks that read expressions only.
    package var box: Rect?
    package var points: [Point] = []
    /// Probability that a mask is worn, for networks that inputMode for one.
    package var maskWorn: Float?
  }

  package let card: ModelCard
  package let inputMode: InputMode
  private let network: MTCAE
  private let weights: ParameterStore

  package init(_ model: ExpressionModel, inputMode: InputMode) {
    self.init(card: model.card, network: model.network, weights: model.weights, inputMode: inputMode)
  }

  init(card: ModelCard, network: MTCAE, weights: ParameterStore, inputMode: InputMode) {
    (self.card, self.network, self.weights, self.inputMode) = (card, network, weights, inputMode)
  }

  var frames: Int { inputMode == .tubelet ? card.config.trunk.tubeletSize : card.config.trunk.numFrames }

  /// One answer for each clip, in their order.
  ///
  /// - Parameter progress: called with the count of clips that are done; false ends the reading early.
  package func read(_ clips: [LabelledClip], progress: (Int) -> Bool = { _ in true }) -> [Prediction] {
    guard inputMode == .frames else { return readEach(clips, progress) }
    let whole = Evaluator(card: card, network: network, weights: weights, inputMode: .clip)
    var predictions: [Prediction] = []
    for clip in clips {
      let singles = Batch.picks(of: clip.images.count, frames: card.config.trunk.temporalSize).map { clip.still($0) }
      predictions.append(mean(whole.readEach(singles) { _ in true }))
      guard progress(predictions.count) else { break }
    }
    return predictions
  }

  /// The place of the first; logits whose probabilities are the mean of all probabilities.
  private func mean(_ predictions: [Prediction]) -> Prediction {
    let temperature = Float(card.temperature)
    let probabilities = predictions.map { Temperature.probabilities($0.logits, temperature: card.temperature) }
    let logits = predictions[0].logits.indices.map { label in
      temperature * log(max(1e-12, probabilities.reduce(0) { $0 + $1[label] } / Float(predictions.count)))
    }
    return Prediction(logits: logits, box: predictions[0].box, points: predictions[0].points)
  }

  private func readEach(_ clips: [LabelledClip], _ progress: (Int) -> Bool) -> [Prediction] {
    let size = inputMode == .tubelet ? 32 : 4
    let augmentation = Augmentation(side: card.crop.sideFactor)
    var predictions: [Prediction] = []
    for start in stride(from: 0, to: clips.count, by: size) {
      let part = clips[start..<min(start + size, clips.count)]
      let batch = Batch(part.map { ($0, augmentation) }, frames: frames, card)
      var tape = Tape(weights)
      let output = network(batch.input, &tape)
      let (logits, boxes) = (output.expression.tensor, output.box.tensor)
      for (row, clip) in part.enumerated() {
        predictions.append(
          Prediction(
            logits: Self.row(logits, row, of: part.count),
            box: box(Self.row(boxes, row, of: part.count), clip, augmentation),
            points: points(Self.row(output.landmark.tensor, row, of: part.count), clip, augmentation)))
      }
      guard progress(predictions.count) else { break }
    }
    return predictions
  }

  private static func row(_ tensor: Tensor, _ row: Int, of rows: Int) -> [Float] {
    let size = tensor.count / rows
    return Array(tensor.values[row * size..<(row + 1) * size])
  }

  /// The first frame's box.
  private func box(_ numbers: [Float], _ clip: LabelledClip, _ augmentation: Augmentation) -> Rect {
    let (x, y, width, height) = (Double(numbers[0]), Double(numbers[1]), Double(numbers[2]), Double(numbers[3]))
    let low = augmentation.pixel(Point(x: x - width / 2, y: y - height / 2), clip.boxes[0])
    let high = augmentation.pixel(Point(x: x + width / 2, y: y + height / 2), clip.boxes[0])
    return Rect(left: low.x, top: low.y, right: high.x, bottom: high.y)
  }

  private func points(_ numbers: [Float], _ clip: LabelledClip, _ augmentation: Augmentation) -> [Point] {
    (0..<card.config.numLandmarks).map {
      augmentation.pixel(Point(x: Double(numbers[2 * $0]), y: Double(numbers[2 * $0 + 1])), clip.boxes[0])
    }
  }
}
