import DferTensor

/// MAE-DFER's encoder: tubelets in regions, each with a learned token that represents it. arXiv 2307.02227.
///
/// Parameters have the original code's names, `encoder.blocks.3.first_attn.q.weight`; fine-tuned files leave out
/// `encoder.` (see `VideoMAENames.original`).
package struct LGIFormer: Sendable {
  package let config: MAEDFERConfig
  let embedding: ClipEmbedding
  /// [regions, width]; they get no position.
  let representatives: Parameter
  let blocks: [LGIBlock]
  let norm: LayerNorm?
  /// As in `VideoMAEEncoder`.
  package var gradientCheckpointing = false

  /// - Parameter norm: a layer norm behind the last block, as in pre-training; the classifier has none.
  package init(_ config: MAEDFERConfig, norm: Bool, at path: String = "encoder", in store: inout ParameterStore) {
    let trunk = config.trunk
    precondition(config.faults.isEmpty, "LGIFormer: \(config.faults)")
    self.config = config
    embedding = ClipEmbedding(trunk, at: path, in: &store)
    representatives = store.declare("\(path).lg_region_tokens", shape: [config.regions, trunk.hiddenSize])
    var blocks: [LGIBlock] = []
    for i in 0..<trunk.numHiddenLayers {
      blocks.append(
        LGIBlock(
          trunk.hiddenSize, heads: trunk.numAttentionHeads, hidden: trunk.intermediateSize,
          epsilon: trunk.layerNormEps, at: "\(path).blocks.\(i)", in: &store))
    }
    self.blocks = blocks
    self.norm = norm ? LayerNorm(trunk.hiddenSize, epsilon: trunk.layerNormEps, at: "\(path).norm", in: &store) : nil
  }

  /// Clips [batch, channels, frames, height, width] -> representatives [batch, regions, width] and local tokens
  /// [batch, tokens, width] in the order of regions, and inside them of time, row and column. Clips have all the frames
  /// of the network: a shorter one has not all regions.
  ///
  /// - Parameter kept: for each clip the tokens to look at, ascending, equally many for each clip and for each region;
  ///   nil for all.
  package func callAsFunction(
    _ clips: Tensor, kept: [[Int]]? = nil, _ tape: inout Tape
  ) -> (representatives: Value, tokens: Value) {
    let (regions, frames) = (config.regions, config.trunk.numFrames)
    precondition(clips.shape[2] == frames, "LGIFormer: clips of \(clips.shape[2]) frames, not of \(frames)")
    var x = embed(clips, kept: kept, &tape)
    for block in blocks {
      x =
        gradientCheckpointing
        ? tape.recomputed([x]) { block($1[0], regions: regions, &$0) } : block(x, regions: regions, &tape)
    }
    let (batch, size, width) = (clips.shape[0], x.shape[1], x.shape[2])
    let first = tape.reshape(tape.slice(x, 0..<1), [batch, regions, width])
    let rest = tape.reshape(tape.slice(x, 1..<size), [batch, regions * (size - 1), width])
    guard let norm else { return (first, rest) }
    return (norm(first, &tape), norm(rest, &tape))
  }

  /// The same with the local tokens in raster order, as an encoder with joint attention gives them.
  func raster(_ clips: Tensor, kept: [[Int]]? = nil, _ tape: inout Tape) -> Value {
    let tokens = self(clips, kept: kept, &tape).tokens
    let places = all(kept, clips).map { tokens in
      let ordered = inRegions(tokens)
      return ordered.indices.sorted { ordered[$0] < ordered[$1] }
    }
    return tape.gatherTokens(tokens, places)
  }

  /// Tokens with their positions, cut into regions: [batch * regions, 1 + tokens of a region, width].
  func embed(_ clips: Tensor, kept: [[Int]]?, _ tape: inout Tape) -> Value {
    let (batch, width) = (clips.shape[0], config.trunk.hiddenSize)
    let placed = embedding(clips, kept: all(kept, clips).map(inRegions), &tape)
    let cut = tape.reshape(placed, [batch * config.regions, placed.shape[1] / config.regions, width])
    let first = tape.broadcast(representatives, [batch, config.regions, width])
    return tape.concatTokens(tape.reshape(first, [batch * config.regions, 1, width]), cut)
  }

  /// The tokens to look at of each clip, where nil stands for all.
  private func all(_ kept: [[Int]]?, _ clips: Tensor) -> [[Int]] {
    kept ?? [[Int]](repeating: Array(0..<config.trunk.tokens), count: clips.shape[0])
  }

  /// The same tokens region by region.
  func inRegions(_ tokens: [Int]) -> [Int] {
    var parts = [[Int]](repeating: [], count: config.regions)
    for token in tokens { parts[config.region(of: token)].append(token) }
    precondition(
      parts.allSatisfy { $0.count == parts[0].count }, "LGIFormer: regions keep \(parts.map(\.count)) tokens, not alike"
    )
    return parts.flatMap { $0 }
  }
}

/// MAE-DFER's classifier: the mean of the regions' representatives, a norm, a product.
package struct MAEDFERClassifier: Sendable {
  package var encoder: LGIFormer
  let norm: LayerNorm
  let head: Linear

  package init(_ config: MAEDFERConfig, in store: inout ParameterStore) {
    encoder = LGIFormer(config, norm: false, in: &store)
    norm = LayerNorm(config.trunk.hiddenSize, epsilon: config.trunk.fcNormEps, at: "fc_norm", in: &store)
    head = Linear(config.trunk.hiddenSize, config.trunk.numLabels, at: "head", in: &store)
  }

  /// Clips [batch, channels, frames, height, width] -> logits [batch, labels].
  package func callAsFunction(_ clips: Tensor, _ tape: inout Tape) -> Value {
    head(pooled(encoder(clips, &tape).representatives, &tape), &tape)
  }

  func pooled(_ representatives: Value, _ tape: inout Tape) -> Value {
    norm(tape.meanOfTokens(representatives), &tape)
  }
}
