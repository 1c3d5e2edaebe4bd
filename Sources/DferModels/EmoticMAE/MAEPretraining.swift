import DferTensor

/// Image MAE's pre-training: the encoder sees a quarter of the patches, a narrow decoder fills in the others.
/// arXiv 2111.06377, as in facebookresearch/mae.
struct MAEPretraining: Sendable {
  struct Decoder: Sendable, Hashable {
    var width, blocks, heads: Int
  }

  let config: EmoticMAEConfig
  let encoder: PictureEncoder
  let norm: LayerNorm
  let entry, exit: Linear
  let maskToken: Parameter
  let positions: Tensor
  let blocks: [EncoderBlock]
  let decoderNorm: LayerNorm

  init(_ config: EmoticMAEConfig, decoder: Decoder, in store: inout ParameterStore) {
    self.config = config
    let (width, epsilon) = (config.hiddenSize, config.layerNormEps)
    encoder = PictureEncoder(config, in: &store)
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

  /// Pictures [batch, 3, side, side] -> for every patch its pixels, [batch, patches, patch * patch * 3], ordered row,
  /// column, colour.
  ///
  /// - Parameter order: for each picture all patches, the visible ones first.
  /// - Parameter visible: how many are.
  func callAsFunction(_ pictures: Value, order: [[Int]], visible: Int, _ tape: inout Tape) -> Value {
    let kept = order.map { Array($0.prefix(visible)) }
    let seen = encoder.run(
      encoder.embed(pictures, kept: kept, &tape), blocks: config.numHiddenLayers, &tape)
    var x = entry(norm(seen, &tape), &tape)
    let (batch, patches, width) = (pictures.shape[0], config.grid * config.grid, positions.columns)
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

  /// The mean squared error over the hidden patches, each normalised by its own mean and deviation.
  func loss(_ prediction: Value, _ pictures: Tensor, order: [[Int]], visible: Int, _ tape: inout Tape) -> Value {
    let wanted = target(pictures)
    let size = wanted.columns
    let hidden = order.map { $0.dropFirst(visible).sorted() }
    let picked = hidden.enumerated().flatMap { sample, list in
      list.flatMap { patch in
        let start = (sample * wanted.shape[1] + patch) * size
        return wanted.values[start..<start + size]
      }
    }
    let found = tape.gatherTokens(prediction, hidden)
    return tape.meanSquared(found, Value(Tensor(picked, shape: found.shape)))
  }

  /// Every patch less its mean, over sqrt(variance + 1e-6), all colours together; the variance is the unbiased one.
  func target(_ pictures: Tensor) -> Tensor {
    let (s, patch, grid) = (pictures.shape, config.patchSize, config.grid)
    let size = patch * patch * s[1]
    var values: [Float] = []
    values.reserveCapacity(s[0] * grid * grid * size)
    for sample in 0..<s[0] {
      for cell in 0..<grid * grid {
        let (top, left) = (cell / grid * patch, cell % grid * patch)
        var row: [Float] = []
        for y in 0..<patch {
          for x in 0..<patch {
            for colour in 0..<s[1] {
              row.append(pictures.values[((sample * s[1] + colour) * s[2] + top + y) * s[3] + left + x])
            }
          }
        }
        let mean = row.reduce(0.0) { $0 + Double($1) } / Double(size)
        let variance = row.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(size - 1)
        let factor = 1 / (variance + 1e-6).squareRoot()
        values += row.map { Float((Double($0) - mean) * factor) }
      }
    }
    return Tensor(values, shape: [s[0], grid * grid, size])
  }
}
