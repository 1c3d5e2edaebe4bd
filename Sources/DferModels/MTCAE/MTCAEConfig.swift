/// Sizes of a whole MTCAE network: the VideoMAE trunk and the cascade behind it, in one flat list of keys.
public struct MTCAEConfig: Sendable, Hashable, Codable {
  public var trunk: VideoMAEConfig
  public var cascade: CascadeConfig

  public init(trunk: VideoMAEConfig, cascade: CascadeConfig) {
    (self.trunk, self.cascade) = (trunk, cascade)
  }

  public init(from decoder: any Decoder) throws {
    trunk = try VideoMAEConfig(from: decoder)
    // The same keys describe a pre-training decoder in VideoMAE files and the cascade here.
    trunk.decoder = nil
    cascade = try CascadeConfig(from: decoder)
  }

  public func encode(to encoder: any Encoder) throws {
    try trunk.encode(to: encoder)
    try cascade.encode(to: encoder)
  }

  /// Landmarks of one frame.
  public var numLandmarks: Int { cascade.landmarkOutputs / 2 / frames(of: cascade.headPooling.landmark) }

  /// Frames that one answer of a head speaks for.
  func frames(of pooling: CascadeConfig.Pooling) -> Int {
    pooling == .slot ? trunk.tubeletSize : trunk.numFrames
  }

  /// Learned numbers of the products in all blocks: nearly all that the network has.
  var weightCount: Int {
    let block =
      cascade.decoderHiddenSize * (4 * cascade.decoderNumAttentionHeads * cascade.decoderHeadDim)
      + 2 * cascade.decoderHiddenSize * cascade.decoderIntermediateSize
    return trunk.weightCount + Cascade.tasks.count * cascade.decoderNumHiddenLayers * block
  }

  /// What does not fit together, in words; empty when a network can be built.
  public var faults: [String] {
    var faults = trunk.faults
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
