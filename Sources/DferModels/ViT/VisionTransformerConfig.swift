/// Sizes of a `VisionTransformer`. Keys are those of Hugging Face.
package struct VisionTransformerConfig: Sendable, Hashable, Codable {
  /// What the classifier reads.
  package enum Pooling: String, Sendable, Hashable, Codable {
    /// The class token behind the last norm.
    case token
    /// The normed mean of all patches.
    case mean
  }

  /// Side of the image and of a patch, in pixels.
  package var imageSize, patchSize: Int
  package var hiddenSize, numHiddenLayers, numAttentionHeads, intermediateSize: Int
  /// 1e-6 in timm; Hugging Face files say 1e-12.
  package var layerNormEps = 1e-6
  package var pooling = Pooling.token

  package init(
    imageSize: Int, patchSize: Int, hiddenSize: Int, numHiddenLayers: Int, numAttentionHeads: Int,
    intermediateSize: Int
  ) {
    (self.imageSize, self.patchSize, self.hiddenSize) = (imageSize, patchSize, hiddenSize)
    (self.numHiddenLayers, self.numAttentionHeads) = (numHiddenLayers, numAttentionHeads)
    self.intermediateSize = intermediateSize
  }

  enum CodingKeys: String, CodingKey {
    case imageSize = "image_size"
    case patchSize = "patch_size"
    case hiddenSize = "hidden_size"
    case numHiddenLayers = "num_hidden_layers"
    case numAttentionHeads = "num_attention_heads"
    case intermediateSize = "intermediate_size"
    case layerNormEps = "layer_norm_eps"
    case pooling
  }

  var grid: Int { imageSize / patchSize }

  /// What does not fit together, in words; empty when a network can be built.
  package var faults: [String] {
    var faults: [String] = []
    func check(_ holds: Bool, _ fault: String) { if !holds { faults.append("config: \(fault)") } }
    check((8...512).contains(imageSize), "image_size \(imageSize) is not in 8...512")
    check(
      (1...max(1, imageSize)).contains(patchSize) && imageSize % max(1, patchSize) == 0,
      "patch_size \(patchSize) does not divide image_size \(imageSize)")
    check((1...4096).contains(hiddenSize), "hidden_size \(hiddenSize) is not in 1...4096")
    check((1...64).contains(numHiddenLayers), "num_hidden_layers \(numHiddenLayers) is not in 1...64")
    check((1...16384).contains(intermediateSize), "intermediate_size \(intermediateSize) is not in 1...16384")
    check(
      numAttentionHeads > 0 && hiddenSize % max(1, numAttentionHeads) == 0,
      "num_attention_heads: \(hiddenSize) is not \(numAttentionHeads) equal heads")
    check(layerNormEps > 0 && layerNormEps < 1, "layer_norm_eps \(layerNormEps) is not in 0...1")
    return faults
  }
}
