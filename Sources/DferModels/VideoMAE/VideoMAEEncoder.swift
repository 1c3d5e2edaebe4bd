import DferTensor

/// VideoMAE's encoder: a plain vision transformer over tubelets, without a class token. arXiv 2203.12602.
public struct VideoMAEEncoder: Sendable {
  public let config: VideoMAEConfig
  let stem: ConvolutionalStem?
  let patches: PatchEmbedding
  /// Fixed sine table [tokens, width]; not stored in weight files.
  let positions: Tensor
  let blocks: [EncoderBlock]
  let norm: LayerNorm?
  /// Whether blocks keep only their input until gradients are wanted and then run again: a third more arithmetic for a
  /// fraction of the memory.
  public var recomputesBlocks = false

  /// - Parameter norm: a layer norm behind the last block, as in pre-training and in MTCAE; the classifier has none.
  public init(_ config: VideoMAEConfig, norm: Bool, at path: String = "encoder", in store: inout ParameterStore) {
    self.config = config
    stem = config.stemWidths.map {
      ConvolutionalStem($0, channels: config.numChannels, at: "\(path).stem", in: &store)
    }
    patches = PatchEmbedding(config, at: "\(path).patch_embed", in: &store)
    positions = sineTable(positions: config.tokens, width: config.hiddenSize)
    blocks = EncoderBlock.stack(
      config.numHiddenLayers, config.hiddenSize, heads: config.numAttentionHeads, hidden: config.intermediateSize,
      epsilon: config.layerNormEps, at: "\(path).blocks", in: &store)
    self.norm = norm ? LayerNorm(config.hiddenSize, epsilon: config.layerNormEps, at: "\(path).norm", in: &store) : nil
  }

  /// Clips [batch, channels, frames, height, width] -> tokens [batch, tokens, width]. The clips get no gradient. A clip
  /// of one frame is a still: it fills a whole tubelet.
  ///
  /// - Parameter kept: for each clip the tokens to look at, ascending, equally many for each; nil for all. Masked
  ///   pre-training and faster inference are both this.
  /// - Parameter firstSlot: where in time a clip shorter than the network's begins, in time slots.
  public func callAsFunction(
    _ clips: Tensor, kept: [[Int]]? = nil, firstSlot: Int = 0, _ tape: inout Tape
  ) -> Value {
    var x = embed(clips, kept: kept, firstSlot: firstSlot, &tape)
    for block in blocks {
      x = recomputesBlocks ? tape.recomputed([x]) { block($1[0], &$0) } : block(x, &tape)
    }
    return norm.map { $0(x, &tape) } ?? x
  }

  /// Tokens with their positions, before the first block.
  func embed(_ clips: Tensor, kept: [[Int]]?, firstSlot: Int = 0, _ tape: inout Tape) -> Value {
    let tokens = patches(maps(clips, &tape), kept: kept, &tape)
    let first = firstSlot * config.tokensPerSlot
    guard let kept else { return tape.addConstant(tokens, positions(of: tokens.shape[1], from: first)) }
    let table = Value(positions.reshaped([1] + positions.shape))
    let places = tape.gatherTokens(table, [kept.flatMap { $0.map { first + $0 } }])
    return tape.add(tokens, tape.reshape(places, tokens.shape))
  }

  /// What the patches are cut from: the pixels, or what the stem makes of them.
  private func maps(_ clips: Tensor, _ tape: inout Tape) -> Value {
    var maps = Value(clips)
    if let stem { maps = tape.clips(stem(tape.pictures(maps), &tape), frames: clips.shape[2]) }
    return clips.shape[2] == 1 ? tape.repeatFrame(maps, config.tubeletSize) : maps
  }

  /// Rows of the table for `count` tokens from `first` on.
  private func positions(of count: Int, from first: Int) -> Tensor {
    guard count < config.tokens else { return positions }
    precondition(first + count <= config.tokens, "VideoMAEEncoder: tokens up to \(first + count) of \(config.tokens)")
    let width = config.hiddenSize
    return Tensor(Array(positions.values[first * width..<(first + count) * width]), shape: [count, width])
  }
}
