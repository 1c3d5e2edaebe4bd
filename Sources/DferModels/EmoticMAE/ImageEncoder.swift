import DferTensor

/// The encoder of image MAE: a plain vision transformer with a class token and a fixed two-dimensional sine table, in
/// the names of facebookresearch/mae.
struct ImageEncoder: Sendable {
  /// Starts of the names of its parameters.
  static let parts = ["stem.", "patch_embed.", "cls_token", "blocks."]

  let stem: ConvolutionalStem?
  let embedding: ImageEmbedding
  let classToken: Parameter
  /// [1 + patches, width]; not stored in weight files.
  let positions: Tensor
  let blocks: [EncoderBlock]

  init(_ config: EmoticMAEConfig, in store: inout ParameterStore) {
    let width = config.hiddenSize
    stem = config.stemWidths.map { ConvolutionalStem($0, channels: config.numChannels, at: "stem", in: &store) }
    embedding = ImageEmbedding(
      width, channels: config.stemWidths?.last ?? config.numChannels,
      patch: config.stemWidths == nil ? config.patchSize : 1,
      at: "patch_embed", in: &store)
    classToken = store.declare("cls_token", shape: [1, 1, width])
    positions = sineTable2D(grid: config.grid, width: width, classToken: true)
    blocks = EncoderBlock.stack(
      config.numHiddenLayers, width, heads: config.numAttentionHeads, hidden: config.hidden,
      epsilon: config.layerNormEps, at: "blocks", in: &store)
  }

  /// Images [batch, 3, side, side] -> tokens [batch, 1 + kept, width] before the first block, the class token first.
  ///
  /// - Parameter kept: for each image the patches to look at, in the order in which they will stand; nil for all.
  func embed(_ images: Value, kept: [[Int]]? = nil, _ tape: inout Tape) -> Value {
    let (batch, width) = (images.shape[0], positions.columns)
    let table = Tensor(Array(positions.values.dropFirst(width)), shape: [positions.rows - 1, width])
    let maps = stem.map { $0(images, &tape) } ?? images
    var patches = tape.addConstant(embedding(maps, &tape), table)
    if let kept { patches = tape.gatherTokens(patches, kept) }
    // The table has zeros for the class token.
    return tape.concatTokens(tape.broadcast(classToken, [batch, 1, width]), patches)
  }

  /// Runs the first `count` blocks.
  func run(_ tokens: Value, blocks count: Int, _ tape: inout Tape) -> Value {
    var x = tokens
    for block in blocks.prefix(count) { x = block(x, &tape) }
    return x
  }
}
