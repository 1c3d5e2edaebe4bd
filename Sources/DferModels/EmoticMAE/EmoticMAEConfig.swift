/// Sizes of an Emotic MAE network. Keys as in the golden numbers.
package struct EmoticMAEConfig: Sendable, Hashable, Codable {
  /// How the views are joined.
  package enum Fusion: String, Sendable, Hashable, Codable, CaseIterable {
    /// The main view alone.
    case none
    /// The mean of the pooled main tokens and the pooled fused ones.
    case mean
    /// Both side by side.
    case concat
    /// The fused tokens alone.
    case attention
  }

  /// Parts of the face that the auxiliary view shows.
  package enum Part: String, Sendable, Hashable, Codable, CaseIterable {
    case eyes, nose, mouth
  }

  /// Side of a view and of a patch, in pixels.
  package var imageSize, patchSize: Int
  package var numChannels = 3
  package var hiddenSize, numHiddenLayers, numAttentionHeads: Int
  /// Width inside the layers of a block over its own.
  package var mlpRatio: Double
  /// Blocks behind which the auxiliary view's tokens are taken: early, so that they are low-level ones.
  package var auxBlock: Int
  package var fusionHeads: Int
  package var fusion: Fusion
  package var parts: [Part]
  package var layerNormEps = 1e-6
  /// Maps of each stage of a `ConvolutionalStem` in front of the patches; nil for plain patches, as MAE-Face has.
  /// `patchSize` is then the stem's stride.
  package var stemWidths: [Int]?

  package init(
    imageSize: Int, patchSize: Int, hiddenSize: Int, numHiddenLayers: Int, numAttentionHeads: Int, mlpRatio: Double,
    auxBlock: Int, fusionHeads: Int, fusion: Fusion = .concat, parts: [Part] = [.eyes, .mouth],
    stemWidths: [Int]? = nil
  ) {
    self.stemWidths = stemWidths
    (self.imageSize, self.patchSize, self.hiddenSize) = (imageSize, patchSize, hiddenSize)
    (self.numHiddenLayers, self.numAttentionHeads, self.mlpRatio) = (numHiddenLayers, numAttentionHeads, mlpRatio)
    (self.auxBlock, self.fusionHeads, self.fusion, self.parts) = (auxBlock, fusionHeads, fusion, parts)
  }

  enum CodingKeys: String, CodingKey {
    case imageSize = "image_size"
    case patchSize = "patch_size"
    case numChannels = "num_channels"
    case hiddenSize = "hidden_size"
    case numHiddenLayers = "num_hidden_layers"
    case numAttentionHeads = "num_attention_heads"
    case mlpRatio = "mlp_ratio"
    case auxBlock = "aux_block"
    case fusionHeads = "fusion_heads"
    case fusion, parts
    case layerNormEps = "layer_norm_eps"
    case stemWidths = "stem_widths"
  }

  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    imageSize = try values.decode(Int.self, forKey: .imageSize)
    patchSize = try values.decode(Int.self, forKey: .patchSize)
    numChannels = try values.decodeIfPresent(Int.self, forKey: .numChannels) ?? 3
    hiddenSize = try values.decode(Int.self, forKey: .hiddenSize)
    numHiddenLayers = try values.decode(Int.self, forKey: .numHiddenLayers)
    numAttentionHeads = try values.decode(Int.self, forKey: .numAttentionHeads)
    mlpRatio = try values.decode(Double.self, forKey: .mlpRatio)
    auxBlock = try values.decodeIfPresent(Int.self, forKey: .auxBlock) ?? numHiddenLayers / 3
    fusionHeads = try values.decodeIfPresent(Int.self, forKey: .fusionHeads) ?? numAttentionHeads
    fusion = try values.decodeIfPresent(Fusion.self, forKey: .fusion) ?? .concat
    parts = try values.decodeIfPresent([Part].self, forKey: .parts) ?? [.eyes, .mouth]
    layerNormEps = try values.decodeIfPresent(Double.self, forKey: .layerNormEps) ?? 1e-6
    stemWidths = try values.decodeIfPresent([Int].self, forKey: .stemWidths)
  }

  var grid: Int { imageSize / patchSize }

  /// The same sizes as those of a clip of one frame: what is hidden and painted in pre-training is cut alike.
  package var trunk: VideoMAEConfig {
    VideoMAEConfig(
      imageSize: imageSize, patchSize: patchSize, numFrames: 1, tubeletSize: 1, hiddenSize: hiddenSize,
      numHiddenLayers: numHiddenLayers, numAttentionHeads: numAttentionHeads, stemWidths: stemWidths)
  }

  var hidden: Int { Int(Double(hiddenSize) * mlpRatio) }

  /// What does not fit together, in words; empty when a network can be built.
  package var faults: [String] {
    var faults: [String] = []
    func check(_ holds: Bool, _ fault: String) { if !holds { faults.append("config: \(fault)") } }
    check((8...512).contains(imageSize), "image_size \(imageSize) is not in 8...512")
    check(
      (1...imageSize).contains(patchSize) && imageSize % max(1, patchSize) == 0,
      "patch_size \(patchSize) does not divide image_size \(imageSize)")
    check(
      (4...4096).contains(hiddenSize) && hiddenSize % 4 == 0,
      "hidden_size \(hiddenSize) is not a multiple of 4 in 4...4096")
    check((1...64).contains(numHiddenLayers), "num_hidden_layers \(numHiddenLayers) is not in 1...64")
    for (key, heads) in [("num_attention_heads", numAttentionHeads), ("fusion_heads", fusionHeads)] {
      check(heads > 0 && hiddenSize % max(1, heads) == 0, "\(key): \(hiddenSize) is not \(heads) equal heads")
    }
    check((1...max(1, numHiddenLayers)).contains(auxBlock), "aux_block \(auxBlock) is not in 1...\(numHiddenLayers)")
    check(mlpRatio > 0 && mlpRatio <= 16, "mlp_ratio \(mlpRatio) is not in 0...16")
    check(numChannels == 3, "num_channels is \(numChannels), not 3")
    if let stemWidths {
      if let fault = ConvolutionalStem.fault(stemWidths) { faults.append(fault) }
      check(
        patchSize == ConvolutionalStem.stride(of: stemWidths),
        "patch_size \(patchSize) is not the stride of a stem of \(stemWidths.count) widths")
    }
    check(fusion == .none || !parts.isEmpty, "parts: an auxiliary view without any")
    return faults
  }
}
