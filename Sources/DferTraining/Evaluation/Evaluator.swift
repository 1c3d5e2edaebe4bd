import DferImage
import DferModels
import DferTensor
import Foundation

/// Reads labelled clips with a network, on the same forward pass that inference uses.
public struct Evaluator: Sendable {
  /// What the network gets of each clip.
  public enum Look: String, Sendable, Codable, CaseIterable {
    /// One time slot: the frames of one tubelet. Quick, and what single pictures need.
    case slot
    /// As many frames as the network was made for.
    case clip
    /// Single frames of the clip, each repeated to a whole clip; the mean of what is read in them. Shows what the
    /// network's view of time is worth.
    case frames

    /// One slot where all clips are stills and the network can read one alone, else whole clips.
    public static func usual(for clips: [LabelledClip], _ config: MTCAEConfig) -> Look {
      config.readsSlots && clips.allSatisfy { $0.pictures.count == 1 } ? .slot : .clip
    }
  }

  /// What was read of one clip, in the pixels of its first picture.
  public struct Answer: Sendable {
    public let logits: [Float]
    /// nil and empty for networks that read expressions only.
    public var box: Rect?
    public var points: [Point] = []
    /// Probability that a mask is worn, for networks that look for one.
    public var maskWorn: Float?
  }

  public let card: ModelCard
  public let look: Look
  private let network: MTCAE
  private let weights: ParameterStore

  public init(_ model: ExpressionModel, look: Look) {
    self.init(card: model.card, network: model.network, weights: model.weights, look: look)
  }

  init(card: ModelCard, network: MTCAE, weights: ParameterStore, look: Look) {
    (self.card, self.network, self.weights, self.look) = (card, network, weights, look)
  }

  var frames: Int { look == .slot ? card.config.trunk.tubeletSize : card.config.trunk.numFrames }

  /// One answer for each clip, in their order.
  ///
  /// - Parameter progress: called with the count of clips that are done; false ends the reading early.
  public func read(_ clips: [LabelledClip], progress: (Int) -> Bool = { _ in true }) -> [Answer] {
    guard look == .frames else { return readEach(clips, progress) }
    let whole = Evaluator(card: card, network: network, weights: weights, look: .clip)
    var answers: [Answer] = []
    for clip in clips {
      let singles = Batch.picks(of: clip.pictures.count, frames: card.config.trunk.slots).map { clip.still($0) }
      answers.append(mean(whole.readEach(singles) { _ in true }))
      guard progress(answers.count) else { break }
    }
    return answers
  }

  /// The place of the first; logits whose probabilities are the mean of all probabilities.
  private func mean(_ answers: [Answer]) -> Answer {
    let temperature = Float(card.temperature)
    let probabilities = answers.map { Temperature.probabilities($0.logits, temperature: card.temperature) }
    let logits = answers[0].logits.indices.map { label in
      temperature * log(max(1e-12, probabilities.reduce(0) { $0 + $1[label] } / Float(answers.count)))
    }
    return Answer(logits: logits, box: answers[0].box, points: answers[0].points)
  }

  private func readEach(_ clips: [LabelledClip], _ progress: (Int) -> Bool) -> [Answer] {
    let size = look == .slot ? 32 : 4
    let view = View(side: card.crop.sideFactor)
    var answers: [Answer] = []
    for start in stride(from: 0, to: clips.count, by: size) {
      let part = clips[start..<min(start + size, clips.count)]
      let batch = Batch(part.map { ($0, view) }, frames: frames, card)
      var tape = Tape(weights)
      let output = network(batch.input, &tape)
      let (logits, boxes) = (output.expression.tensor, output.box.tensor)
      for (row, clip) in part.enumerated() {
        answers.append(
          Answer(
            logits: Self.row(logits, row, of: part.count), box: box(Self.row(boxes, row, of: part.count), clip, view),
            points: points(Self.row(output.landmark.tensor, row, of: part.count), clip, view)))
      }
      guard progress(answers.count) else { break }
    }
    return answers
  }

  private static func row(_ tensor: Tensor, _ row: Int, of rows: Int) -> [Float] {
    let size = tensor.count / rows
    return Array(tensor.values[row * size..<(row + 1) * size])
  }

  /// The first frame's box.
  private func box(_ numbers: [Float], _ clip: LabelledClip, _ view: View) -> Rect {
    let (x, y, width, height) = (Double(numbers[0]), Double(numbers[1]), Double(numbers[2]), Double(numbers[3]))
    let low = view.pixel(Point(x: x - width / 2, y: y - height / 2), clip.boxes[0])
    let high = view.pixel(Point(x: x + width / 2, y: y + height / 2), clip.boxes[0])
    return Rect(left: low.x, top: low.y, right: high.x, bottom: high.y)
  }

  private func points(_ numbers: [Float], _ clip: LabelledClip, _ view: View) -> [Point] {
    (0..<card.config.numLandmarks).map {
      view.pixel(Point(x: Double(numbers[2 * $0]), y: Double(numbers[2 * $0 + 1])), clip.boxes[0])
    }
  }
}
