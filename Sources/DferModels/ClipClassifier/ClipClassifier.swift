import DferImage
import DferTensor

/// A published encoder of clips with its classifier and weights: VideoMAE or MAE-DFER.
package struct ClipClassifier: ExpressionClassifier {
  package let card: ClipClassifierCard
  package let network: Network
  package private(set) var weights: ParameterStore

  package enum Network: Sendable {
    case joint(VideoMAEClassifier)
    case regions(MAEDFERClassifier)

    init(_ card: ClipClassifierCard, in store: inout ParameterStore) {
      if let regions = card.regions {
        self = .regions(MAEDFERClassifier(regions, in: &store))
      } else {
        self = .joint(VideoMAEClassifier(card.config, in: &store))
      }
    }

    /// Clips [batch, 3, frames, height, width] -> logits [batch, labels].
    func callAsFunction(_ clips: Tensor, _ tape: inout Tape) -> Value {
      switch self {
      case .joint(let network): network(clips, &tape)
      case .regions(let network): network(clips, &tape)
      }
    }
  }

  /// Opens a weight file.
  /// - Throws: `CheckpointError` with everything that is wrong with the file.
  package init(weights path: String) throws {
    let file = try SafetensorsFile(path: path)
    try self.init(ClipClassifierCard(file), file) { .tensor($0) }
  }

  /// - Parameters:
  ///   - file: the weights, in any format.
  ///   - names: where each parameter lies in it.
  ///   - ignoring: tensors that have no place in the network and need none.
  package init(
    _ card: ClipClassifierCard, _ file: some TensorFile, ignoring: (String) -> Bool = { _ in false },
    names: (String) -> TensorSource
  ) throws {
    // A wrong size in the card must not ask for more memory than the file could fill.
    guard (card.regions?.weightCount ?? card.config.weightCount) <= file.count else {
      throw CheckpointError(
        path: file.path, reason: "config describes a larger network than the file's \(file.count) numbers")
    }
    var store = ParameterStore()
    network = Network(card, in: &store)
    try store.load(file, from: names, ignoring: ignoring)
    store.keepPrepared()
    (self.card, weights) = (card, store)
  }

  package var modelInfo: FaceReader.ModelInfo {
    FaceReader.ModelInfo(
      system: card.system.rawValue, version: card.version, licence: card.licence, labels: card.labels, blendshapes: [],
      givesLandmarks: false, looksForMasks: false, temperature: card.temperature, crop: card.crop, clip: card.clip,
      imageSize: card.config.imageSize, imageMean: card.imageMean, imageStd: card.imageStd, parameters: weights.count,
      prior: nil)
  }

  package func read(_ clips: [[Image]], points: [[[Point]]]) -> [ExpressionReading] {
    clips.isEmpty ? [] : card.readings(logits(card.input.tensor(clips)))
  }

  /// Normalised clips [batch, 3, frames, height, width] -> logits [batch, labels].
  package func logits(_ clips: Tensor) -> Tensor {
    var tape = Tape(weights)
    return network(clips, &tape).tensor
  }

  package var multiplications: Int {
    let size = card.config.imageSize
    var tape = Tape(weights)
    _ = network(Tensor(zeros: [1, 3, card.config.numFrames, size, size]), &tape)
    return tape.multiplications
  }
}

extension ClipClassifierCard {
  /// One reading for each row of logits.
  func readings(_ logits: Tensor) -> [ExpressionReading] {
    let size = labels.count
    return (0..<logits.count / size).map { index in
      let row = Array(logits.values[index * size..<(index + 1) * size])
      return ExpressionReading(
        probabilities: Softmax.probabilities(row, temperature: temperature), logits: row)
    }
  }
}
