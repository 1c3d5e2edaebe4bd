import DferTensor

/// Image MAE's pre-training: the encoder sees a quarter of the patches, a narrow decoder fills in the others.
/// arXiv 2111.06377, as in facebookresearch/mae.
package struct MAEPretraining: Sendable {
  package struct Decoder: Sendable, Hashable {
    package var width, blocks, heads: Int

    package init(width: Int, blocks: Int, heads: Int) { (self.width, self.blocks, self.heads) = (width, blocks, heads) }
  }

  package let config: EmoticMAEConfig
  let encoder: ImageEncoder
  let norm: LayerNorm
  let entry, exit: Linear
  let maskToken: Parameter
  let positions: Tensor
  let blocks: [EncoderBlock]
  let decoderNorm: LayerNorm

  package init(_ config: EmoticMAEConfig, decoder: Decoder, in store: inout ParameterStore) {
    self.config = config
    let (width, epsilon) = (config.hiddenSize, config.layerNormEps)
    encoder = ImageEncoder(config, in: &store)
    norm = LayerNorm(width, epsilon: epsilon, at: "norm", in: &store)
    entry = Linear(width, decoder.width, at: "decoder_embed", in: &store)
    maskToken = store.declare("mask_token", shape: [1, 1, decoder.width])
    positions = sineTable2D(grid: config.grid, width: decoder.width, classToken: true)
    blocks = EncoderBlock.stack(
      decoder.blocks, decoder.width, heads: decoder.heads, hidden: Int(Double(decoder.width) * config.mlpRatio),
      epsilon: epsilon, at: "decoder_blocks", in: &store)
    decoderNorm = LayerNorm(decoder.width, epsilon: epsilon, at: "decoder_norm", in: &store)
    exit = Linear(
      decoder.width, config.patchSize * config.patchSize * config.numChannels, at: "decoder_pred", in: &store)
  }

  /// Images [batch, 3, side, side] -> for every patch its pixels, [batch, patches, patch * patch * 3], ordered row,
  /// column, colour.
  ///
  /// - Parameter order: for each image all patches, the visible ones first.
  /// - Parameter visible: how many are.
  func callAsFunction(_ images: Value, order: [[Int]], visible: Int, _ tape: inout Tape) -> Value {
    let kept = order.map { Array($0.prefix(visible)) }
    let seen = encoder.run(
      encoder.embed(images, kept: kept, &tape), blocks: config.numHiddenLayers, &tape)
    var x = entry(norm(seen, &tape), &tape)
    let (batch, patches, width) = (images.shape[0], config.grid * config.grid, positions.columns)
    let hidden = tape.broadcast(maskToken, [batch, patches - visible, width])
    // The class token stays first; token i of the shuffled rest goes back to the place of its patch.
    let shuffled = tape.concatTokens(x, hidden)
    let places = order.map { list in
      var places = [Int](repeating: 0, count: patches)
      for (i, patch) in list.enumerated() { places[patch] = i + 1 }
      return [0] + places
    }
    x = tape.addConstant(tape.gatherTokens(shuffled, places), positions)
    for block in blocks { x = block(x, &tape) }
    x = exit(decoderNorm(x, &tape), &tape)
    return tape.slice(x, 1..<patches + 1)
  }

  /// Images [batch, 3, side, side] -> pixels of the hidden patches [batch, hidden, patch * patch * 3], in raster order.
  ///
  /// As in `VideoMAEPretraining`, an encoder with a stem must not get the hidden pixels at all.
  ///
  /// - Parameter visible: for each image the patches that the encoder sees, ascending, equally many for each.
  package func callAsFunction(_ images: Value, visible: [[Int]], _ tape: inout Tape) -> Value {
    let hidden = visible.map { MaskedDecoder.masked(visible: $0, of: config.grid * config.grid) }
    let all = self(images, order: zip(visible, hidden).map(+), visible: visible[0].count, &tape)
    return tape.gatherTokens(all, hidden)
  }

  /// Whether a parameter is one of the encoder, in this network and in `EmoticMAE`.
  package static func isOfEncoder(_ name: String) -> Bool { ImageEncoder.parts.contains { name.hasPrefix($0) } }

  /// Random numbers to start with.
  package static func initialize(_ weights: inout ParameterStore, random: inout RandomSource) {
    TransformerInitialization.fill(&weights, random: &random)
  }
}
