import DferTensor

/// VideoMAE in masked pre-training: the encoder sees a few tubes, a small decoder paints the rest.
public struct VideoMAEPretraining: Sendable {
  public var encoder: VideoMAEEncoder
  /// Projection to the decoder's width, without a bias.
  let bridge: Linear
  /// [1, 1, decoder width]: stands in for every token that was not seen.
  let maskToken: Parameter
  /// Fixed sine table [tokens, decoder width].
  let positions: Tensor
  let blocks: [EncoderBlock]
  let norm: LayerNorm
  let head: Linear

  /// `config.decoder` must be set.
  public init(_ config: VideoMAEConfig, in store: inout ParameterStore) {
    guard let decoder = config.decoder else { preconditionFailure("VideoMAEPretraining: the config has no decoder") }
    encoder = VideoMAEEncoder(config, norm: true, in: &store)
    bridge = Linear(config.hiddenSize, decoder.hiddenSize, bias: false, at: "encoder_to_decoder", in: &store)
    maskToken = store.declare("mask_token", shape: [1, 1, decoder.hiddenSize])
    positions = sineTable(positions: config.tokens, width: decoder.hiddenSize)
    var blocks: [EncoderBlock] = []
    for i in 0..<decoder.numHiddenLayers {
      blocks.append(
        EncoderBlock(
          decoder.hiddenSize, heads: decoder.numAttentionHeads, hidden: decoder.intermediateSize,
          epsilon: config.layerNormEps, at: "decoder.blocks.\(i)", in: &store))
    }
    self.blocks = blocks
    norm = LayerNorm(decoder.hiddenSize, epsilon: decoder.normEps, at: "decoder.norm", in: &store)
    let pixels = config.tubeletSize * config.patchSize * config.patchSize * config.numChannels
    head = Linear(decoder.hiddenSize, pixels, at: "decoder.head", in: &store)
  }

  /// Clips [batch, channels, frames, height, width] -> pixels of the masked tubelets [batch, masked, pixels]. A row is
  /// ordered frame, row, column, colour; rows are in raster order.
  ///
  /// - Parameter visible: for each clip the tokens that the encoder sees, ascending, equally many for each.
  public func callAsFunction(_ clips: Tensor, visible: [[Int]], _ tape: inout Tape) -> Value {
    let seen = bridge(encoder(clips, kept: visible, &tape), &tape)
    var x = decoderInput(seen, visible: visible, &tape)
    for block in blocks { x = block(x, &tape) }
    let masked = encoder.config.tokens - seen.shape[1]
    let last = Array(seen.shape[1]..<seen.shape[1] + masked)
    let unseen = tape.gatherTokens(x, [[Int]](repeating: last, count: visible.count))
    return head(norm(unseen, &tape), &tape)
  }

  /// Seen tokens with their positions, then one mask token with its position for each unseen one.
  func decoderInput(_ seen: Value, visible: [[Int]], _ tape: inout Tape) -> Value {
    let masked = visible.map { Self.masked(visible: $0, of: encoder.config.tokens) }
    let seen = tape.addConstant(seen, rows(of: positions, visible))
    let stand = tape.broadcast(maskToken, [masked.count, masked[0].count, positions.columns])
    return tape.concatTokens(seen, tape.addConstant(stand, rows(of: positions, masked)))
  }

  /// The tokens that `visible` leaves out, ascending.
  static func masked(visible: [Int], of tokens: Int) -> [Int] {
    let visible = Set(visible)
    return (0..<tokens).filter { !visible.contains($0) }
  }

  /// [batch, chosen, width]
  private func rows(of table: Tensor, _ chosen: [[Int]]) -> Tensor {
    let width = table.columns
    let values = chosen.joined().flatMap { table.values[$0 * width..<($0 + 1) * width] }
    return Tensor(values, shape: [chosen.count, chosen[0].count, width])
  }
}
