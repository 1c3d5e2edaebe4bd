import Foundation

/// Sizes of a VideoMAE network. Keys are those of the weight files' `config`.
package struct VideoMAEConfig: Sendable, Hashable, Codable {
  /// Height and width of a frame and of a patch, in pixels.
  package var imageSize, patchSize: Int
  /// Frames of a clip, and frames of one tubelet.
  package var numFrames, tubeletSize: Int
  package var numChannels: Int
  package var hiddenSize, numHiddenLayers, numAttentionHeads, intermediateSize: Int
  /// 1e-6 in the original code; Hugging Face files say 1e-12.
  package var layerNormEps: Double
  /// Epsilon of the norm before the classifier; Hugging Face has 1e-5 there.
  package var fcNormEps: Double
  package var numLabels: Int
  /// Maps of each stage of a `ConvolutionalStem` in front of the patches; nil for plain patches, as all published sizes
  /// have. `patchSize` is then the stem's stride.
  package var stemWidths: [Int]?
  /// Set in pre-training only.
  package var decoder: Decoder?

  /// The pre-training decoder.
  package struct Decoder: Sendable, Hashable {
    package var hiddenSize, numHiddenLayers, numAttentionHeads, intermediateSize: Int
    /// Epsilon of the last norm; Hugging Face has 1e-5 there.
    package var normEps: Double

    package init(
      hiddenSize: Int, numHiddenLayers: Int, numAttentionHeads: Int, intermediateSize: Int, normEps: Double
    ) {
      (self.hiddenSize, self.numHiddenLayers) = (hiddenSize, numHiddenLayers)
      (self.numAttentionHeads, self.intermediateSize) = (numAttentionHeads, intermediateSize)
      self.normEps = normEps
    }
  }

  enum CodingKeys: String, CodingKey {
    case imageSize = "image_size"
    case patchSize = "patch_size"
    case numFrames = "num_frames"
    case tubeletSize = "tubelet_size"
    case numChannels = "num_channels"
    case hiddenSize = "hidden_size"
    case numHiddenLayers = "num_hidden_layers"
    case numAttentionHeads = "num_attention_heads"
    case intermediateSize = "intermediate_size"
    case mlpRatio = "mlp_ratio"
    case layerNormEps = "layer_norm_eps"
    case fcNormEps = "fc_norm_eps"
    case numLabels = "num_labels"
    case stemWidths = "stem_widths"
    case decoderHiddenSize = "decoder_hidden_size"
    case decoderNumHiddenLayers = "decoder_num_hidden_layers"
    case decoderNumAttentionHeads = "decoder_num_attention_heads"
    case decoderIntermediateSize = "decoder_intermediate_size"
    case decoderNormEps = "decoder_norm_eps"
  }

  /// Rows and columns of the patch grid of one frame.
  package var grid: Int { imageSize / patchSize }
  /// Temporal indices of a clip.
  package var temporalSize: Int { numFrames / tubeletSize }
  /// Tokens of one temporal index.
  package var tokensPerTemporalIndex: Int { grid * grid }
  package var tokens: Int { temporalSize * tokensPerTemporalIndex }

  /// The sizes that a network of our own needs; the rest is as in the original code.
  package init(
    imageSize: Int, patchSize: Int, numFrames: Int, tubeletSize: Int, hiddenSize: Int, numHiddenLayers: Int,
    numAttentionHeads: Int, stemWidths: [Int]? = nil
  ) {
    (self.imageSize, self.patchSize, self.numFrames, self.tubeletSize) = (imageSize, patchSize, numFrames, tubeletSize)
    (self.hiddenSize, self.numHiddenLayers, self.numAttentionHeads) = (hiddenSize, numHiddenLayers, numAttentionHeads)
    (numChannels, intermediateSize, layerNormEps, fcNormEps, numLabels) = (3, 4 * hiddenSize, 1e-6, 1e-6, 0)
    self.stemWidths = stemWidths
  }

  package init(from decoder: any Swift.Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    imageSize = try values.decode(Int.self, forKey: .imageSize)
    patchSize = try values.decode(Int.self, forKey: .patchSize)
    numFrames = try values.decode(Int.self, forKey: .numFrames)
    tubeletSize = try values.decode(Int.self, forKey: .tubeletSize)
    numChannels = try values.decodeIfPresent(Int.self, forKey: .numChannels) ?? 3
    hiddenSize = try values.decode(Int.self, forKey: .hiddenSize)
    numHiddenLayers = try values.decode(Int.self, forKey: .numHiddenLayers)
    numAttentionHeads = try values.decode(Int.self, forKey: .numAttentionHeads)
    if let size = try values.decodeIfPresent(Int.self, forKey: .intermediateSize) {
      intermediateSize = size
    } else {
      let size = Double(hiddenSize) * (try values.decodeIfPresent(Double.self, forKey: .mlpRatio) ?? 4)
      intermediateSize = Int(exactly: size.rounded(.down)) ?? 0
    }
    layerNormEps = try values.decodeIfPresent(Double.self, forKey: .layerNormEps) ?? 1e-6
    fcNormEps = try values.decodeIfPresent(Double.self, forKey: .fcNormEps) ?? layerNormEps
    numLabels = try values.decodeIfPresent(Int.self, forKey: .numLabels) ?? 0
    stemWidths = try values.decodeIfPresent([Int].self, forKey: .stemWidths)
    guard let width = try values.decodeIfPresent(Int.self, forKey: .decoderHiddenSize) else { return }
    self.decoder = Decoder(
      hiddenSize: width,
      numHiddenLayers: try values.decode(Int.self, forKey: .decoderNumHiddenLayers),
      numAttentionHeads: try values.decode(Int.self, forKey: .decoderNumAttentionHeads),
      intermediateSize: try values.decodeIfPresent(Int.self, forKey: .decoderIntermediateSize) ?? 4 * width,
      normEps: try values.decodeIfPresent(Double.self, forKey: .decoderNormEps) ?? layerNormEps)
  }

  package func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(imageSize, forKey: .imageSize)
    try values.encode(patchSize, forKey: .patchSize)
    try values.encode(numFrames, forKey: .numFrames)
    try values.encode(tubeletSize, forKey: .tubeletSize)
    try values.encode(numChannels, forKey: .numChannels)
    try values.encode(hiddenSize, forKey: .hiddenSize)
    try values.encode(numHiddenLayers, forKey: .numHiddenLayers)
    try values.encode(numAttentionHeads, forKey: .numAttentionHeads)
    try values.encode(intermediateSize, forKey: .intermediateSize)
    try values.encode(layerNormEps, forKey: .layerNormEps)
    try values.encode(fcNormEps, forKey: .fcNormEps)
    try values.encode(numLabels, forKey: .numLabels)
    try values.encodeIfPresent(stemWidths, forKey: .stemWidths)
    guard let decoder else { return }
    try values.encode(decoder.hiddenSize, forKey: .decoderHiddenSize)
    try values.encode(decoder.numHiddenLayers, forKey: .decoderNumHiddenLayers)
    try values.encode(decoder.numAttentionHeads, forKey: .decoderNumAttentionHeads)
    try values.encode(decoder.intermediateSize, forKey: .decoderIntermediateSize)
    try values.encode(decoder.normEps, forKey: .decoderNormEps)
  }

  /// Learned numbers of the products in all blocks: nearly all that the encoder has.
  var weightCount: Int { numHiddenLayers * hiddenSize * (4 * hiddenSize + 2 * intermediateSize) }

  /// Temporal indices of a clip of so many frames. Fewer frames than a tubelet has still fill one.
  package func temporalSize(ofFrames frames: Int) -> Int { max(1, frames / tubeletSize) }

  /// Numbers of a stem's second last maps over one tubelet: twice as fine as the cells. Nil without such maps.
  package var detailSize: Int? {
    guard let widths = stemWidths, widths.count > 1 else { return nil }
    return widths[widths.count - 2] * tubeletSize * 2 * 2
  }

  /// What does not fit together, in words; empty when a network can be built.
  package var faults: [String] {
    var faults: [String] = []
    func check(_ holds: Bool, _ fault: String) { if !holds { faults.append(fault) } }
    let sizes = [
      ("image_size", imageSize), ("patch_size", patchSize), ("num_frames", numFrames), ("tubelet_size", tubeletSize),
      ("num_channels", numChannels), ("hidden_size", hiddenSize), ("num_hidden_layers", numHiddenLayers),
      ("num_attention_heads", numAttentionHeads), ("intermediate_size", intermediateSize),
    ]
    for (key, size) in sizes { check((1...16384).contains(size), "config: \(key) \(size) is not in 1...16384") }
    guard faults.isEmpty else { return faults }
    check(
      imageSize.isMultiple(of: patchSize), "config: image_size \(imageSize) is no multiple of patch_size \(patchSize)")
    check(
      numFrames.isMultiple(of: tubeletSize),
      "config: num_frames \(numFrames) is no multiple of tubelet_size \(tubeletSize)")
    check(
      hiddenSize.isMultiple(of: numAttentionHeads),
      "config: hidden_size \(hiddenSize) is no multiple of num_attention_heads \(numAttentionHeads)")
    if let stemWidths {
      if let fault = ConvolutionalStem.fault(stemWidths) { faults.append(fault) }
      check(
        patchSize == ConvolutionalStem.stride(of: stemWidths),
        "config: patch_size \(patchSize) is not the stride of a stem of \(stemWidths.count) widths")
    }
    check(tokens <= 65536, "config: \(tokens) tokens are more than 65536")
    return faults
  }
}
