import DferImage
import DferTensor
import Foundation

/// What a network says of each image of a batch.
package struct ImageOutput: Sendable {
  /// Logits [batch, labels].
  package let expression: Value
  /// Logits [batch, 2]: no mask, mask worn; nil for networks that do not look for masks.
  package let mask: Value?

  package init(expression: Value, mask: Value? = nil) { (self.expression, self.mask) = (expression, mask) }
}

/// A network that reads one image of a face at a time. Its clips are means over their frames.
package protocol ImageNetwork: Sendable {
  /// What the network looks at of one image; most look at the image itself only.
  ///
  /// - Parameter points: five landmarks in 0...1 of the image, or none when they are not known.
  func views(of image: Image, points: [Point]) -> [Image]
  /// Images [batch, views * channels, side, side], normalised as the card says -> answers.
  func callAsFunction(_ images: Value, _ tape: inout Tape) -> ImageOutput
  /// The same network in the form that answers fastest, with its weights in that form.
  func forInference(_ weights: ParameterStore) -> (network: any ImageNetwork, weights: ParameterStore)
  /// The convolutional stem in front of the network, if there is one: the start of its parameters' names, without the
  /// last dot, and the maps of its stages.
  var stem: (path: String, widths: [Int])? { get }
  /// Names of the biases of the last layers, whose outputs are the logits of expressions or are averaged to them.
  var expressionBiases: [String] { get }
  /// Random numbers to start training with.
  func initialize(_ weights: inout ParameterStore, random: inout RandomSource)
}

extension ImageNetwork {
  package func views(of image: Image, points: [Point]) -> [Image] { [image] }
  package func forInference(_ weights: ParameterStore) -> (network: any ImageNetwork, weights: ParameterStore) {
    (self, weights)
  }
  package var stem: (path: String, widths: [Int])? { nil }
}

/// Sizes in a weight file that do not fit together.
package struct ImageConfigError: Error, CustomStringConvertible {
  package let faults: [String]
  package var description: String { faults.joined(separator: "; ") }
}

/// The systems that read single images. A new one is a folder with its network, and one line in each table here.
package enum ImageSystem: String, Sendable, CaseIterable {
  case lanmsff
  case crossTaskViT = "cross-task-vit"
  case emoticMAE = "emotic-mae"
  case visionTransformer = "vit"

  /// Builds the network that a `config` describes.
  ///
  /// - Parameters:
  ///   - config: JSON, with the system's own keys.
  ///   - labels: count of classes.
  /// - Throws: `DecodingError`, or `ImageConfigError` with what does not fit.
  package func network(config: String, labels: Int, in store: inout ParameterStore) throws -> any ImageNetwork {
    func decoded<T: Decodable>(_: T.Type) throws -> T { try JSONDecoder().decode(T.self, from: Data(config.utf8)) }
    switch self {
    case .lanmsff: return LANMSFF(try decoded(LANMSFFConfig.self), numLabels: labels, in: &store)
    case .crossTaskViT:
      let config = try decoded(CrossTaskConfig.self)
      try check(config.trunk.faults)
      return CrossTaskViT(config, numLabels: labels, in: &store)
    case .emoticMAE:
      let config = try decoded(EmoticMAEConfig.self)
      try check(config.faults)
      return EmoticMAE(config, numLabels: labels, in: &store)
    case .visionTransformer:
      let config = try decoded(VisionTransformerConfig.self)
      try check(config.faults)
      return VisionTransformer(config, numLabels: labels, in: &store)
    }
  }

  private func check(_ faults: [String]) throws {
    if !faults.isEmpty { throw ImageConfigError(faults: faults) }
  }

  /// Whether it also says if a mask is worn.
  package var looksForMasks: Bool {
    switch self {
    case .crossTaskViT: true
    case .lanmsff, .emoticMAE, .visionTransformer: false
    }
  }

  /// How the system reads when it is trained from nothing.
  package var start: ImageModelCard {
    switch self {
    case .lanmsff:
      return ImageModelCard(
        self, config: LANMSFFConfig(), imageSize: 64, channels: 1, mean: [0], standardDeviation: [1])
    case .crossTaskViT:
      let trunk = CrossViTConfig(
        imageSize: 48, numChannels: 3, patchSizes: [4, 8], widths: [64, 128], heads: [2, 4], depth: [[1, 2], [1, 2]],
        mlpRatio: [2, 2], layerNormEps: 1e-6, stemWidths: Self.stem)
      return ImageModelCard(
        self, config: CrossTaskConfig(trunk), imageSize: trunk.imageSize, channels: 3, mean: Self.grey,
        standardDeviation: Self.quarter)
    case .emoticMAE:
      let config = EmoticMAEConfig(
        imageSize: 48, patchSize: 8, hiddenSize: 128, numHiddenLayers: 6, numAttentionHeads: 4, mlpRatio: 2,
        auxBlock: 2, fusionHeads: 4, stemWidths: Self.stem)
      return ImageModelCard(
        self, config: config, imageSize: config.imageSize, channels: 3, mean: Self.grey, standardDeviation: Self.quarter
      )
    case .visionTransformer:
      let config = VisionTransformerConfig(
        imageSize: 48, patchSize: 8, hiddenSize: 128, numHiddenLayers: 6, numAttentionHeads: 4, intermediateSize: 256)
      return ImageModelCard(
        self, config: config, imageSize: config.imageSize, channels: 3, mean: Self.grey, standardDeviation: Self.quarter
      )
    }
  }

  /// As in the small network for single images, whose first layers can be the start (`dfer train --stem`).
  private static let stem = [16, 32, 64, 128]
  private static let grey: [Float] = [0.5, 0.5, 0.5]
  private static let quarter: [Float] = [0.25, 0.25, 0.25]
}
