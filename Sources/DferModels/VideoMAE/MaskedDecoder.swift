import DferTensor

/// The small transformer that paints what an encoder was not shown, in masked pre-training.
struct MaskedDecoder: Sendable {
  /// Projection from the encoder's width to the decoder's, without a bias.
  let bridge: Linear
  /// [1, 1, decoder width]: stands in for every token that was not seen.
  let maskToken: Parameter
  /// Fixed sine table [tokens, decoder width].
  let positions: Tensor
  let blocks: [EncoderBlock]
  let norm: LayerNorm
  let head: Linear

  /// `config.decoder` must be set.
  init(_ config: VideoMAEConfig, in store: inout ParameterStore) {
    guard let decoder = config.decoder else { preconditionFailure("MaskedDecoder: the config has no decoder") }
    bridge = Linear(config.hiddenSize, decoder.hiddenSize, bias: false, at: "encoder_to_decoder", in: &store)
    maskToken = store.declare("mask_token", shape: [1, 1, decoder.hiddenSize])
    positions = sineTable(positions: config.tokens, width: decoder.hiddenSize)
    blocks = EncoderBlock.stack(
      decoder.numHiddenLayers, decoder.hiddenSize, heads: decoder.numAttentionHeads, hidden: decoder.intermediateSize,
      epsilon: config.layerNormEps, at: "decoder.blocks", in: &store)
    norm = LayerNorm(decoder.hiddenSize, epsilon: decoder.normEps, at: "decoder.norm", in: &store)
    let pixels = config.tubeletSize * config.patchSize * config.patchSize * config.numChannels
    head = Linear(decoder.hiddenSize, pixels, at: "decoder.head", in: &store)
  }

  /// What the encoder made of the seen tokens [batch, visible, width] -> pixels of the others [batch, masked, pixels],
  /// in raster order.
  ///
  /// - Parameters:
  ///   - visible: for each clip the places whose positions the seen tokens get, equally many for each.
  ///   - tokens: of the clip in all.
  ///   - first: place of the clip's first token in the position table.
  func callAsFunction(
    _ encoded: Value, visible: [[Int]], of tokens: Int, from first: Int = 0, _ tape: inout Tape
  ) -> Value {
    let seen = bridge(encoded, &tape)
    var x = input(seen, visible: visible, of: tokens, from: first, &tape)
    for block in blocks { x = block(x, &tape) }
    let unseen = tape.gatherTokens(x, [[Int]](repeating: Array(seen.shape[1]..<tokens), count: visible.count))
    return head(norm(unseen, &tape), &tape)
  }

  /// Seen tokens with their positions, then one mask token with its position for each unseen one.
  func input(_ seen: Value, visible: [[Int]], of tokens: Int, from first: Int = 0, _ tape: inout Tape) -> Value {
    let masked = visible.map { Self.masked(visible: $0, of: tokens) }
    let seen = tape.addConstant(seen, rows(of: positions, visible, from: first))
    let stand = tape.broadcast(maskToken, [masked.count, masked[0].count, positions.columns])
    return tape.concatTokens(seen, tape.addConstant(stand, rows(of: positions, masked, from: first)))
  }

  /// The tokens that `visible` leaves out, ascending.
  static func masked(visible: [Int], of tokens: Int) -> [Int] {
    let visible = Set(visible)
    return (0..<tokens).filter { !visible.contains($0) }
  }

  /// [batch, chosen, width]
  private func rows(of table: Tensor, _ chosen: [[Int]], from first: Int) -> Tensor {
    let width = table.columns
    let values = chosen.joined().flatMap { table.values[(first + $0) * width..<(first + $0 + 1) * width] }
    return Tensor(values, shape: [chosen.count, chosen[0].count, width])
  }
}
