import DferModels
import DferTensor

/// A network that paints what it was not shown.
enum PretrainingNetwork: Sendable {
  case videoMAE(VideoMAEPretraining)
  case maeDFER(MAEDFERPretraining)
  case imageMAE(MAEPretraining)

  init(_ config: MTCAEConfig, _ settings: PretrainingSettings, in store: inout ParameterStore) {
    var trunk = config.trunk
    let (width, heads) = Self.decoder(trunk)
    trunk.decoder = VideoMAEConfig.Decoder(
      hiddenSize: width, numHiddenLayers: settings.decoderBlocks, numAttentionHeads: heads, intermediateSize: 4 * width,
      normEps: trunk.layerNormEps)
    if settings.variant == .maeDFER {
      var regions = MAEDFERConfig(trunk: trunk)
      if let size = config.regionSize { regions.regionSize = size }
      self = .maeDFER(MAEDFERPretraining(regions, in: &store))
    } else {
      self = .videoMAE(VideoMAEPretraining(trunk, in: &store))
    }
  }

  init(_ config: EmoticMAEConfig, _ settings: PretrainingSettings, in store: inout ParameterStore) {
    let (width, heads) = Self.decoder(config.trunk)
    self = .imageMAE(
      MAEPretraining(config, decoder: .init(width: width, blocks: settings.decoderBlocks, heads: heads), in: &store))
  }

  /// Half as wide as the encoder, with heads of the same width, as published for clips.
  private static func decoder(_ trunk: VideoMAEConfig) -> (width: Int, heads: Int) {
    let heads = max(1, trunk.numAttentionHeads / 2)
    return (trunk.hiddenSize / trunk.numAttentionHeads * heads, heads)
  }

  var trunk: VideoMAEConfig {
    switch self {
    case .videoMAE(let network): network.encoder.config
    case .maeDFER(let network): network.encoder.config.trunk
    case .imageMAE(let network): network.config.trunk
    }
  }

  var target: PixelTarget.Form {
    switch self {
    case .videoMAE: .pixels
    case .maeDFER: .frameDifference
    case .imageMAE: .colours
    }
  }

  func mask(ratio: Double) -> TubeMask {
    switch self {
    case .videoMAE, .imageMAE: TubeMask(trunk.windows(of: nil), ratio: ratio)
    case .maeDFER(let network): TubeMask(trunk.windows(of: network.encoder.config.regionSize), ratio: ratio)
    }
  }

  func callAsFunction(_ clips: Tensor, visible: [[Int]], firstTemporalIndex: Int, _ tape: inout Tape) -> Value {
    switch self {
    case .videoMAE(let network): network(clips, visible: visible, firstTemporalIndex: firstTemporalIndex, &tape)
    case .maeDFER(let network): network(clips, visible: visible, &tape)
    case .imageMAE(let network): network(tape.images(Value(clips)), visible: visible, &tape)
    }
  }

  /// Whether a parameter is one of the encoder, which is what the pre-training is for.
  func isOfEncoder(_ name: String) -> Bool {
    switch self {
    case .videoMAE, .maeDFER: name.hasPrefix("encoder.")
    case .imageMAE: MAEPretraining.isOfEncoder(name)
    }
  }

  /// The encoder's sizes, as JSON.
  var config: String {
    switch self {
    case .videoMAE(let network): CanonicalJSON.text(network.encoder.config)
    case .maeDFER(let network): CanonicalJSON.text(network.encoder.config)
    case .imageMAE(let network): CanonicalJSON.text(network.config)
    }
  }
}

extension Tensor {
  /// Clips [batch, colours, frames, height, width] with everything grey that `visible` leaves out. A stem looks across
  /// the borders of patches, so it must not get the hidden pixels at all. (0 is the mean of normalised pixels.)
  func hiding(allBut visible: [[Int]], _ config: VideoMAEConfig) -> Tensor {
    var clips = self
    let (colours, frames, side) = (shape[1], shape[2], shape[3])
    let (cells, patch) = (config.tokensPerTemporalIndex, config.patchSize)
    for (sample, tokens) in visible.enumerated() {
      let seen = Set(tokens)
      for token in 0..<config.temporalSize(ofFrames: frames) * cells where !seen.contains(token) {
        let (temporalIndex, cell) = token.quotientAndRemainder(dividingBy: cells)
        let (top, left) = (cell / config.grid * patch, cell % config.grid * patch)
        for frame in temporalIndex * config.tubeletSize..<min(frames, (temporalIndex + 1) * config.tubeletSize) {
          for colour in 0..<colours {
            let plane = ((sample * colours + colour) * frames + frame) * side * side
            for y in top..<top + patch {
              for x in left..<left + patch { clips.values[plane + y * side + x] = 0 }
            }
          }
        }
      }
    }
    return clips
  }
}
