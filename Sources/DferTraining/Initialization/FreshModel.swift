import DferModels
import DferTensor
import Foundation

/// Sizes of a network that starts from nothing.
package enum ModelPreset: String, Sendable, CaseIterable {
  /// For tests and first trials: learns in seconds.
  case tiny
  /// The default network of `dfer`: convolutional stem, six blocks of width 256 over 7 x 7 tokens a temporal index.
  case compact

  package func config(_ encoder: ClipEncoder.Kind) -> MTCAEConfig {
    var config = plain
    if encoder == .maeDFER { config.regionSize = MAEDFERConfig(trunk: config.trunk).regionSize }
    return config
  }

  private var plain: MTCAEConfig {
    switch self {
    case .tiny: Self.config(image: 32, width: 48, blocks: 2, heads: 3, stem: [8, 16, 24, 32], decoder: 32)
    case .compact: Self.config(image: 56, width: 256, blocks: 6, heads: 4, stem: [16, 32, 64, 128], decoder: 128)
    }
  }

  private static func config(
    image: Int, width: Int, blocks: Int, heads: Int, stem: [Int], decoder: Int
  ) -> MTCAEConfig {
    MTCAEConfig(
      trunk: VideoMAEConfig(
        imageSize: image, patchSize: ConvolutionalStem.stride(of: stem), numFrames: 16, tubeletSize: 2,
        hiddenSize: width, numHiddenLayers: blocks, numAttentionHeads: heads, stemWidths: stem),
      cascade: CascadeConfig(
        hiddenSize: width, decoderHiddenSize: decoder, decoderNumAttentionHeads: 4,
        decoderIntermediateSize: 2 * decoder, numLabels: ExpressionLabels.names.count, framesPerTemporalIndex: 2,
        numLandmarks: 5, numBlendshapes: Blendshapes.names.count))
  }
}

extension ExpressionModel {
  /// A network that has learned nothing: the same seed gives the same numbers.
  ///
  /// - Parameters:
  ///   - encoder: joint attention over all tokens, or attention by regions.
  ///   - labels: the classes it will name.
  package init(
    fresh preset: ModelPreset, encoder: ClipEncoder.Kind = .videoMAE, labels: [String] = ExpressionLabels.names,
    seed: UInt64
  ) {
    var config = preset.config(encoder)
    config.cascade.numLabels = labels.count
    let card = ModelCard(
      model: "mtcae-dfer", version: "2", date: Date.now.formatted(.iso8601.year().month().day()), config: config,
      labels: labels, temperature: 1, imageMean: [0.5, 0.5, 0.5], imageStd: [0.25, 0.25, 0.25],
      crop: .init(sideFactor: 1.3),
      clip: .init(frames: config.trunk.numFrames, spanSeconds: [1.6, 2], hopSeconds: 0.8, framesPerSecond: [8, 10]),
      blendshapes: Blendshapes.names, licence: "weights: those of the data they are trained on", metrics: "{}",
      training: "{}")
    var random = RandomSource(seed: seed)
    self.init(card: card) { Initialization.fill(&$0, config, &random) }
  }
}

extension ExpressionModel {
  /// A network that has learned nothing, with the stem of a network for single images where one is given.
  ///
  /// - Parameter stem: path of that network's weights.
  /// - Throws: `CheckpointError` when they cannot be read or the sizes differ.
  package init(
    fresh preset: ModelPreset, encoder: ClipEncoder.Kind = .videoMAE, stem: String?, seed: UInt64
  ) throws {
    let model = ExpressionModel(fresh: preset, encoder: encoder, seed: seed)
    guard let stem else {
      self = model
      return
    }
    guard let start = model.starting(from: try ImageClassifier(weights: stem)) else {
      throw CheckpointError(
        path: stem, reason: "its layers do not have the sizes of the stem of a \(preset.rawValue) network")
    }
    self = start
  }

  /// The same network with the stem of `other`; nil when it has none or one of other sizes.
  package func starting(from other: ImageClassifier) -> ExpressionModel? {
    guard let widths = card.config.trunk.stemWidths, let stem = other.stemWeights(widths: widths) else { return nil }
    return replacing(stem.map { ("encoder." + $0.name, $0.tensor) })
  }
}

/// Start values.
enum Initialization {
  /// Learned tokens: they start near zero and do not decay.
  static let tokens: Set<String> = ["mask_token", "encoder.lg_region_tokens", "cls_token"]

  /// Matrices by Glorot and Bengio's uniform rule, norms at one, biases at zero; the branches of the encoder's blocks are
  /// scaled down with depth. The heads are zero and their biases say a mean face: random answers teach the trunk to
  /// drown its own signal before it has learned anything.
  static func fill(_ store: inout ParameterStore, _ config: MTCAEConfig, _ random: inout RandomSource) {
    let branch = 2 / Float(2 * config.trunk.numHiddenLayers).squareRoot()
    for parameter in store.parameters {
      let name = store.name(of: parameter)
      var tensor = store[parameter]
      switch (tensor.shape.count, name) {
      case (1, _) where name.contains("norm") && name.hasSuffix(".weight"):
        tensor = Tensor([Float](repeating: 1, count: tensor.count), shape: tensor.shape)
      case (1, _): tensor = bias(name, tensor, config)
      case (_, _) where name.hasPrefix("heads."): break
      case (_, _) where tokens.contains(name):
        for i in tensor.values.indices { tensor.values[i] = 0.02 * random.normal() }
      default:
        let inputs = tensor.count / tensor.shape[0]
        // A convolution's outputs count once for each place of its window; behind a ReLU half of the inputs are silent.
        let isConvolution = tensor.shape.count == 4
        let limit =
          isConvolution
          ? (6 / Float(inputs)).squareRoot() : (6 / Float(inputs + tensor.shape[0])).squareRoot()
        let isBranch =
          name.hasPrefix("encoder.") && (name.hasSuffix("attn.proj.weight") || name.hasSuffix("fc2.weight"))
        for i in tensor.values.indices {
          tensor.values[i] = (2 * random.uniform() - 1) * limit * (isBranch ? branch : 1)
        }
      }
      store[parameter] = tensor
    }
  }

  private static func bias(_ name: String, _ tensor: Tensor, _ config: MTCAEConfig) -> Tensor {
    let pattern: [Float]
    switch name {
    case "heads.box.fc.bias": pattern = [0.5, 0.5, 0.75, 0.77]
    case "heads.landmark.fc.bias" where config.numLandmarks == 5:
      pattern = [0.35, 0.4, 0.65, 0.4, 0.5, 0.56, 0.38, 0.72, 0.62, 0.72]
    case "heads.blendshape.fc.bias": pattern = [-2]
    default: pattern = [0]
    }
    return Tensor(tensor.values.indices.map { pattern[$0 % pattern.count] }, shape: tensor.shape)
  }
}
