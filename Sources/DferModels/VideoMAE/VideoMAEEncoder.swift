import DferTensor

/// VideoMAE's encoder: a plain vision transformer over tubelets, without a class token. arXiv 2203.12602.
package struct VideoMAEEncoder: Sendable {
  package let config: VideoMAEConfig
  let embedding: ClipEmbedding
  let blocks: [EncoderBlock]
  let norm: LayerNorm?
  /// Whether blocks keep only their input until gradients are wanted and then run again: a third more arithmetic for a
  /// fraction of the memory.
  package var gradientCheckpointing = false

  /// - Parameter norm: a layer norm behind the last block, as in pre-training and in MTCAE; the classifier has none.
  package init(_ config: VideoMAEConfig, norm: Bool, at path: String = "encoder", in store: inout ParameterStore) {
    self.config = config
    embedding = ClipEmbedding(config, at: path, in: &store)
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
  /// - Parameter firstTemporalIndex: where in time a clip shorter than the network's begins, in temporal indices.
  package func callAsFunction(
    _ clips: Tensor, kept: [[Int]]? = nil, firstTemporalIndex: Int = 0, _ tape: inout Tape
  ) -> Value {
    read(embedding(clips, kept: kept, firstTemporalIndex: firstTemporalIndex, &tape), &tape)
  }

  /// The same tokens, and beside each the stem's finer maps, [batch, tokens, `config.detailSize`]; nil without a stem.
  func detailed(
    _ clips: Tensor, kept: [[Int]]? = nil, firstTemporalIndex: Int = 0, _ tape: inout Tape
  ) -> (tokens: Value, detail: Value)? {
    embedding.detailed(clips, kept: kept, firstTemporalIndex: firstTemporalIndex, &tape)
      .map { (read($0.tokens, &tape), $0.detail) }
  }

  /// The same of clips whose halves are embedded; details where all halves have them.
  func callAsFunction(
    _ halves: [[EmbeddedHalf]], kept: [[Int]]?, _ tape: inout Tape
  ) -> (tokens: Value, detail: Value?) {
    let (tokens, detail) = embedding.joined(halves, kept: kept, &tape)
    return (read(tokens, &tape), detail)
  }

  private func read(_ embedded: Value, _ tape: inout Tape) -> Value {
    var x = embedded
    for block in blocks {
      x = gradientCheckpointing ? tape.recomputed([x]) { block($1[0], &$0) } : block(x, &tape)
    }
    return norm.map { $0(x, &tape) } ?? x
  }
}
