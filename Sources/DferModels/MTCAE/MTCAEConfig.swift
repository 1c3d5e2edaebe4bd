/// Sizes of a whole MTCAE network: the encoder and the cascade behind it, in one flat list of keys.
package struct MTCAEConfig: Sendable, Hashable, Codable {
  package var trunk: VideoMAEConfig
  /// Tokens of a region along time, rows and columns, where the encoder is an LGI-Former (`region_size`); nil: joint
  /// attention over all tokens.
  package var regionSize: [Int]?
  package var cascade: CascadeConfig

  package init(trunk: VideoMAEConfig, regionSize: [Int]? = nil, cascade: CascadeConfig) {
    (self.trunk, self.regionSize, self.cascade) = (trunk, regionSize, cascade)
  }

  package var encoder: ClipEncoder.Kind { regionSize == nil ? .videoMAE : .maeDFER }

  /// Whether the network also reads a few temporal indices instead of a whole clip, down to a still of one.
  package var readsShortClips: Bool {
    regionSize == nil && cascade.headPooling.box == .temporalIndex && cascade.headPooling.landmark == .temporalIndex
  }

  /// The cells of a frame, window by window; where some are left out, every window has to keep equally many.
  package var windows: [[Int]] { trunk.windows(of: regionSize) }

  package init(from decoder: any Decoder) throws {
    trunk = try VideoMAEConfig(from: decoder)
    // The same keys describe a pre-training decoder in VideoMAE files and the cascade here.
    trunk.decoder = nil
    regionSize = try decoder.container(keyedBy: MAEDFERConfig.CodingKeys.self)
      .decodeIfPresent([Int].self, forKey: .regionSize)
    cascade = try CascadeConfig(from: decoder)
  }

  package func encode(to encoder: any Encoder) throws {
    try trunk.encode(to: encoder)
    try cascade.encode(to: encoder)
    var values = encoder.container(keyedBy: MAEDFERConfig.CodingKeys.self)
    try values.encodeIfPresent(regionSize, forKey: .regionSize)
  }

  var regions: MAEDFERConfig? { regionSize.map { MAEDFERConfig(trunk: trunk, regionSize: $0) } }

  /// Landmarks of one frame.
  package var numLandmarks: Int { cascade.landmarkOutputs / 2 / frames(of: cascade.headPooling.landmark) }

  /// Frames that one answer of a head speaks for.
  func frames(of pooling: CascadeConfig.Pooling) -> Int {
    pooling == .temporalIndex ? trunk.tubeletSize : trunk.numFrames
  }

  /// Learned numbers of the products in all blocks: nearly all that the network has.
  var weightCount: Int {
    let block =
      cascade.decoderHiddenSize * (4 * cascade.decoderNumAttentionHeads * cascade.decoderHeadDim)
      + 2 * cascade.decoderHiddenSize * cascade.decoderIntermediateSize
    let encoder = regions?.weightCount ?? trunk.weightCount
    return encoder + Cascade.tasks.count * cascade.decoderNumHiddenLayers * block
  }

  /// What does not fit together, in words; empty when a network can be built.
  package var faults: [String] {
    var faults = regions?.faults ?? trunk.faults
    func check(_ holds: Bool, _ fault: String) { if !holds { faults.append("config: \(fault)") } }
    let sizes = [
      ("decoder_hidden_size", cascade.decoderHiddenSize), ("decoder_num_hidden_layers", cascade.decoderNumHiddenLayers),
      ("decoder_num_attention_heads", cascade.decoderNumAttentionHeads), ("decoder_head_dim", cascade.decoderHeadDim),
      ("decoder_intermediate_size", cascade.decoderIntermediateSize), ("num_labels", cascade.numLabels),
      ("box_outputs", cascade.boxOutputs), ("landmark_outputs", cascade.landmarkOutputs),
    ]
    for (key, size) in sizes { check((1...16384).contains(size), "\(key) \(size) is not in 1...16384") }
    check((0...16384).contains(cascade.numBlendshapes), "num_blendshapes \(cascade.numBlendshapes) is not in 0...16384")
    guard faults.isEmpty else { return faults }
    let pooling = cascade.headPooling
    check(
      cascade.boxOutputs == 4 * frames(of: pooling.box),
      "box_outputs \(cascade.boxOutputs) are not 4 for each of \(frames(of: pooling.box)) frames")
    check(
      cascade.landmarkOutputs.isMultiple(of: 2 * frames(of: pooling.landmark)),
      "landmark_outputs \(cascade.landmarkOutputs) are not x and y for each of \(frames(of: pooling.landmark)) frames")
    check(pooling.expression == .clip, "head_pooling of expression is not clip")
    check(pooling.blendshape ?? .clip == .clip, "head_pooling of blendshape is not clip")
    return faults
  }
}
