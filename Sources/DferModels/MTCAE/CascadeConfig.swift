/// Sizes of MTCAE's decoders and heads. Keys are those of the weight files' `config`.
package struct CascadeConfig: Sendable, Hashable, Codable {
  /// The two published forms of the decoders.
  package enum Variant: String, Sendable, Codable {
    /// The paper's flow chart: one projection per task, heads norm every token and then average.
    case flowChart = "F"
    /// The authors' notebook: one shared projection without bias, a GELU behind the MLP too, heads average first.
    case notebook = "N"
  }

  /// What a head averages over.
  package enum Pooling: String, Sendable, Codable {
    /// All tokens of the clip: one answer per clip.
    case clip
    /// The tokens of one temporal index: one answer per temporal index, for the frames of its tubelets.
    case temporalIndex = "slot"
  }

  /// Pooling of each head.
  package struct HeadPooling: Sendable, Hashable, Codable {
    package var box, landmark, expression: Pooling
    package var blendshape: Pooling?

    package init(box: Pooling, landmark: Pooling, expression: Pooling, blendshape: Pooling? = nil) {
      self.box = box
      self.landmark = landmark
      self.expression = expression
      self.blendshape = blendshape
    }
  }

  package var variant: Variant
  /// Width of the encoder's tokens.
  package var hiddenSize: Int
  package var decoderHiddenSize, decoderNumHiddenLayers, decoderNumAttentionHeads: Int
  /// Columns of one head: `decoder_hidden_size / heads` in variant F, the full width in variant N.
  package var decoderHeadDim: Int
  package var decoderIntermediateSize: Int
  package var layerNormEps: Double
  /// A layer norm on each decoder's memory. The notebook has it, the flow chart does not draw it.
  package var memoryNorm: Bool
  package var numLabels: Int
  /// Numbers of one answer of the box and landmark heads: 4 and 10 for each of its frames.
  package var boxOutputs, landmarkOutputs: Int
  /// Zero when the network has no blendshape head.
  package var numBlendshapes: Int
  package var headPooling: HeadPooling

  /// Variant F with one block a decoder; box and landmark heads answer for each temporal index.
  package init(
    hiddenSize: Int, decoderHiddenSize: Int, decoderNumAttentionHeads: Int, decoderIntermediateSize: Int,
    numLabels: Int, framesPerTemporalIndex: Int, numLandmarks: Int, numBlendshapes: Int
  ) {
    variant = .flowChart
    (self.hiddenSize, self.decoderHiddenSize) = (hiddenSize, decoderHiddenSize)
    (decoderNumHiddenLayers, self.decoderNumAttentionHeads) = (1, decoderNumAttentionHeads)
    decoderHeadDim = decoderHiddenSize / decoderNumAttentionHeads
    (self.decoderIntermediateSize, layerNormEps, memoryNorm) = (decoderIntermediateSize, 1e-6, true)
    (self.numLabels, self.numBlendshapes) = (numLabels, numBlendshapes)
    (boxOutputs, landmarkOutputs) = (4 * framesPerTemporalIndex, 2 * numLandmarks * framesPerTemporalIndex)
    headPooling = HeadPooling(box: .temporalIndex, landmark: .temporalIndex, expression: .clip, blendshape: .clip)
  }

  enum CodingKeys: String, CodingKey {
    case variant
    case hiddenSize = "hidden_size"
    case decoderHiddenSize = "decoder_hidden_size"
    case decoderNumHiddenLayers = "decoder_num_hidden_layers"
    case decoderNumAttentionHeads = "decoder_num_attention_heads"
    case decoderHeadDim = "decoder_head_dim"
    case decoderIntermediateSize = "decoder_intermediate_size"
    case layerNormEps = "layer_norm_eps"
    case memoryNorm = "memory_norm"
    case numLabels = "num_labels"
    case boxOutputs = "box_outputs"
    case landmarkOutputs = "landmark_outputs"
    case numBlendshapes = "num_blendshapes"
    case headPooling = "head_pooling"
    case numFrames = "num_frames"
  }

  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    variant = try values.decode(Variant.self, forKey: .variant)
    hiddenSize = try values.decode(Int.self, forKey: .hiddenSize)
    decoderHiddenSize = try values.decode(Int.self, forKey: .decoderHiddenSize)
    decoderNumHiddenLayers = try values.decode(Int.self, forKey: .decoderNumHiddenLayers)
    decoderNumAttentionHeads = try values.decode(Int.self, forKey: .decoderNumAttentionHeads)
    decoderHeadDim = try values.decode(Int.self, forKey: .decoderHeadDim)
    decoderIntermediateSize = try values.decode(Int.self, forKey: .decoderIntermediateSize)
    layerNormEps = try values.decodeIfPresent(Double.self, forKey: .layerNormEps) ?? 1e-6
    memoryNorm = try values.decodeIfPresent(Bool.self, forKey: .memoryNorm) ?? true
    numLabels = try values.decode(Int.self, forKey: .numLabels)
    let frames = try values.decode(Int.self, forKey: .numFrames)
    guard (1...16384).contains(frames) else {
      throw DecodingError.dataCorruptedError(forKey: .numFrames, in: values, debugDescription: "\(frames) frames")
    }
    boxOutputs = try values.decodeIfPresent(Int.self, forKey: .boxOutputs) ?? 4 * frames
    landmarkOutputs = try values.decodeIfPresent(Int.self, forKey: .landmarkOutputs) ?? 10 * frames
    numBlendshapes = try values.decodeIfPresent(Int.self, forKey: .numBlendshapes) ?? 0
    headPooling =
      try values.decodeIfPresent(HeadPooling.self, forKey: .headPooling)
      ?? HeadPooling(box: .clip, landmark: .clip, expression: .clip)
  }

  package func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(variant, forKey: .variant)
    try values.encode(hiddenSize, forKey: .hiddenSize)
    try values.encode(decoderHiddenSize, forKey: .decoderHiddenSize)
    try values.encode(decoderNumHiddenLayers, forKey: .decoderNumHiddenLayers)
    try values.encode(decoderNumAttentionHeads, forKey: .decoderNumAttentionHeads)
    try values.encode(decoderHeadDim, forKey: .decoderHeadDim)
    try values.encode(decoderIntermediateSize, forKey: .decoderIntermediateSize)
    try values.encode(layerNormEps, forKey: .layerNormEps)
    try values.encode(memoryNorm, forKey: .memoryNorm)
    try values.encode(numLabels, forKey: .numLabels)
    try values.encode(boxOutputs, forKey: .boxOutputs)
    try values.encode(landmarkOutputs, forKey: .landmarkOutputs)
    try values.encode(numBlendshapes, forKey: .numBlendshapes)
    try values.encode(headPooling, forKey: .headPooling)
  }
}
