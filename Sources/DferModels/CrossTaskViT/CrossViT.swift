import DferTensor

/// Sizes of a CrossViT: two branches that see one image in small and in large patches. Keys as in the golden numbers.
package struct CrossViTConfig: Sendable, Hashable, Codable {
  /// Side of the image in pixels.
  package var imageSize: Int
  package var numChannels: Int
  /// One number for each branch.
  package var patchSizes, widths, heads: [Int]
  /// For each stage the blocks of each branch; a third number is not used (timm counts more cross blocks there).
  package var depth: [[Int]]
  /// Width inside the layers of a block over its own, for each branch.
  package var mlpRatio: [Double]
  package var layerNormEps: Double
  /// Maps of each stage of a `ConvolutionalStem` in front of the patches; nil for plain patches, as all published sizes
  /// have. Each branch then takes the maps of the stage whose stride is its patch size: the two scales of the image.
  package var stemWidths: [Int]?

  package init(
    imageSize: Int, numChannels: Int, patchSizes: [Int], widths: [Int], heads: [Int], depth: [[Int]],
    mlpRatio: [Double], layerNormEps: Double, stemWidths: [Int]? = nil
  ) {
    self.stemWidths = stemWidths
    (self.imageSize, self.numChannels, self.patchSizes, self.widths) = (imageSize, numChannels, patchSizes, widths)
    (self.heads, self.depth, self.mlpRatio, self.layerNormEps) = (heads, depth, mlpRatio, layerNormEps)
  }

  enum CodingKeys: String, CodingKey {
    case imageSize = "image_size"
    case numChannels = "num_channels"
    case patchSizes = "patch_sizes"
    case widths, heads, depth
    case mlpRatio = "mlp_ratio"
    case layerNormEps = "layer_norm_eps"
    case stemWidths = "stem_widths"
  }

  /// What does not fit together, in words; empty when a network can be built.
  package var faults: [String] {
    var faults: [String] = []
    func check(_ holds: Bool, _ fault: String) { if !holds { faults.append("config: \(fault)") } }
    check((8...512).contains(imageSize), "image_size \(imageSize) is not in 8...512")
    check(
      [patchSizes, widths, heads].allSatisfy { $0.count == 2 }, "patch_sizes, widths and heads are not two numbers each"
    )
    check(mlpRatio.count >= 2, "mlp_ratio has no two numbers")
    check(
      !depth.isEmpty && depth.count <= 32
        && depth.allSatisfy { $0.count >= 2 && $0.allSatisfy { (0...32).contains($0) } },
      "depth is not a list of stages with two counts of blocks")
    guard faults.isEmpty else { return faults }
    for branch in 0..<2 {
      check(
        (1...imageSize).contains(patchSizes[branch]) && imageSize % patchSizes[branch] == 0,
        "patch_sizes: \(patchSizes[branch]) does not divide \(imageSize)")
      check(
        (1...4096).contains(widths[branch]) && heads[branch] > 0 && widths[branch] % max(1, heads[branch]) == 0,
        "widths: \(widths[branch]) is not \(heads[branch]) equal heads")
      check(mlpRatio[branch] > 0 && mlpRatio[branch] <= 16, "mlp_ratio: \(mlpRatio[branch]) is not in 0...16")
    }
    if let stemWidths {
      if let fault = ConvolutionalStem.fault(stemWidths) { faults.append(fault) }
      check(
        patchSizes.allSatisfy { stage(ofStride: $0) != nil },
        "patch_sizes \(patchSizes) are not strides of a stem of \(stemWidths.count) widths")
    }
    check(numChannels == 1 || numChannels == 3, "num_channels \(numChannels) is neither 1 nor 3")
    return faults
  }

  /// Which of the stem's maps have one cell for so many pixels along a side.
  func stage(ofStride stride: Int) -> Int? {
    stemWidths.flatMap { widths in
      widths.indices.first { ConvolutionalStem.stride(of: Array(widths[...$0])) == stride }
    }
  }

  func tokens(of branch: Int) -> Int { (imageSize / patchSizes[branch]) * (imageSize / patchSizes[branch]) }
  func hidden(of branch: Int) -> Int { Int(Double(widths[branch]) * mlpRatio[branch]) }
}

/// The trunk of CrossViT (arXiv 2103.14899): per-branch blocks, then each branch's class token looks at the other
/// branch's patches, stage by stage.
package struct CrossViT: Sendable {
  let config: CrossViTConfig
  let stem: ConvolutionalStem?
  let embeddings: [ImageEmbedding]
  let classTokens, positions: [Parameter]
  let stages: [Stage]

  package init(_ config: CrossViTConfig, at path: String = "", in store: inout ParameterStore) {
    self.config = config
    let branches = 0..<2
    stem = config.stemWidths.map {
      ConvolutionalStem($0, channels: config.numChannels, at: "\(path)stem", in: &store)
    }
    embeddings = branches.map { branch in
      let patch = config.patchSizes[branch]
      let maps = config.stage(ofStride: patch).flatMap { config.stemWidths?[$0] }
      return ImageEmbedding(
        config.widths[branch], channels: maps ?? config.numChannels, patch: maps == nil ? patch : 1,
        at: "\(path)patch_embed.\(branch)", in: &store)
    }
    classTokens = branches.map { store.declare("\(path)cls_token_\($0)", shape: [1, 1, config.widths[$0]]) }
    positions = branches.map {
      store.declare("\(path)pos_embed_\($0)", shape: [1, config.tokens(of: $0) + 1, config.widths[$0]])
    }
    stages = config.depth.indices.map { Stage(config, config.depth[$0], at: "\(path)blocks.\($0)", in: &store) }
  }

  /// Images [batch, channels, side, side] -> for each branch [batch, 1 + patches, width], the class token first.
  package func callAsFunction(_ images: Value, _ tape: inout Tape) -> [Value] {
    let scales = stem?.scales(images, &tape)
    var branches: [Value] = []
    for branch in 0..<2 {
      let maps = config.stage(ofStride: config.patchSizes[branch]).flatMap { scales?[$0] }
      let patches = embeddings[branch](maps ?? images, &tape)
      let token = tape.broadcast(classTokens[branch], [patches.shape[0], 1, config.widths[branch]])
      branches.append(tape.addParameter(tape.concatTokens(token, patches), positions[branch]))
    }
    for stage in stages { branches = stage(branches, &tape) }
    return branches
  }

  struct Stage: Sendable {
    let blocks: [[EncoderBlock]]
    /// A class token on its way to the other branch's width, and back.
    let there, back: [TokenMap]
    let fusions: [TokenAttention]

    init(_ config: CrossViTConfig, _ depth: [Int], at path: String, in store: inout ParameterStore) {
      blocks = (0..<2).map { branch in
        EncoderBlock.stack(
          depth[branch], config.widths[branch], heads: config.heads[branch], hidden: config.hidden(of: branch),
          epsilon: config.layerNormEps, at: "\(path).blocks.\(branch)", in: &store)
      }
      let (widths, epsilon) = (config.widths, config.layerNormEps)
      there = [0, 1].map {
        TokenMap(widths[$0], widths[1 - $0], epsilon: epsilon, at: "\(path).projs.\($0)", in: &store)
      }
      // It works at the other branch's width, with that branch's heads.
      fusions = [0, 1].map {
        TokenAttention(
          widths[1 - $0], heads: config.heads[1 - $0], epsilon: epsilon, at: "\(path).fusion.\($0)", in: &store)
      }
      back = [0, 1].map {
        TokenMap(widths[1 - $0], widths[$0], epsilon: epsilon, at: "\(path).revert_projs.\($0)", in: &store)
      }
    }

    func callAsFunction(_ branches: [Value], _ tape: inout Tape) -> [Value] {
      var mixed: [Value] = []
      for (branch, list) in zip(branches, blocks) {
        var x = branch
        for block in list { x = block(x, &tape) }
        mixed.append(x)
      }
      let patches = mixed.map { tape.slice($0, 1..<$0.shape[1]) }
      var result: [Value] = []
      for i in 0..<2 {
        let visitor = there[i](tape.slice(mixed[i], 0..<1), &tape)
        let token = back[i](fusions[i](visitor, over: patches[1 - i], &tape), &tape)
        result.append(tape.concatTokens(token, patches[i]))
      }
      return result
    }
  }

  /// Norm, GELU, linear. Files number the three and store the first and the last.
  struct TokenMap: Sendable {
    let norm: LayerNorm
    let linear: Linear

    init(_ inputs: Int, _ outputs: Int, epsilon: Double, at path: String, in store: inout ParameterStore) {
      norm = LayerNorm(inputs, epsilon: epsilon, at: "\(path).0", in: &store)
      linear = Linear(inputs, outputs, at: "\(path).2", in: &store)
    }

    func callAsFunction(_ x: Value, _ tape: inout Tape) -> Value { linear(tape.gelu(norm(x, &tape)), &tape) }
  }
}

extension CrossViT {
  /// Where the parameters of such networks lie in files with timm's names: `qkv.bias` also holds a bias of the keys,
  /// which softmax takes away again, and the maps of a cross-attention are called wq, wk and wv.
  static func timmName(_ name: String) -> TensorSource {
    for (ours, part) in [("attn.q_bias", 0), ("attn.v_bias", 2)] where name.hasSuffix(ours) {
      return .rows(name.dropLast(ours.count) + "attn.qkv.bias", part: part, of: 3)
    }
    for letter in ["q", "k", "v"] where name.contains(".attn.\(letter).") {
      return .tensor(name.replacing(".attn.\(letter).", with: ".attn.w\(letter)."))
    }
    return .tensor(name)
  }
}
