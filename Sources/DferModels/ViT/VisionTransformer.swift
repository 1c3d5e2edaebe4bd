import DferTensor

/// A plain vision transformer for single images, as timm and Hugging Face publish it: patches, a class token, a learned
/// position table, pre-norm blocks. arXiv 2010.11929.
///
/// Names are those of timm, except for the biases of a block's queries and values (see `timmName`).
package struct VisionTransformer: Sendable {
  package let config: VisionTransformerConfig
  let embedding: ImageEmbedding
  let classToken, positions: Parameter
  let blocks: [EncoderBlock]
  let norm: LayerNorm
  let head: Linear

  package init(_ config: VisionTransformerConfig, numLabels: Int, in store: inout ParameterStore) {
    self.config = config
    let (width, epsilon) = (config.hiddenSize, config.layerNormEps)
    embedding = ImageEmbedding(width, channels: 3, patch: config.patchSize, at: "patch_embed", in: &store)
    classToken = store.declare("cls_token", shape: [1, 1, width])
    positions = store.declare("pos_embed", shape: [1, 1 + config.grid * config.grid, width])
    blocks = EncoderBlock.stack(
      config.numHiddenLayers, width, heads: config.numAttentionHeads, hidden: config.intermediateSize,
      epsilon: epsilon, at: "blocks", in: &store)
    norm = LayerNorm(width, epsilon: epsilon, at: config.pooling == .token ? "norm" : "fc_norm", in: &store)
    head = Linear(width, numLabels, at: "head", in: &store)
  }

  /// Images [batch, 3, side, side] -> logits [batch, labels].
  package func callAsFunction(_ images: Value, _ tape: inout Tape) -> Value {
    let patches = embedding(images, &tape)
    let (batch, width) = (patches.shape[0], config.hiddenSize)
    var x = tape.concatTokens(tape.broadcast(classToken, [batch, 1, width]), patches)
    x = tape.addParameter(x, positions)
    for block in blocks { x = block(x, &tape) }
    switch config.pooling {
    case .token:
      // The norm looks at each token alone, so only the class token needs it.
      let token = norm(tape.slice(x, 0..<1), &tape)
      return head(tape.reshape(token, [batch, width]), &tape)
    case .mean:
      return head(norm(tape.meanOfTokens(tape.slice(x, 1..<x.shape[1])), &tape), &tape)
    }
  }
}

extension VisionTransformer: ImageNetwork {
  package func callAsFunction(_ images: Value, _ tape: inout Tape) -> ImageOutput {
    let logits: Value = self(images, &tape)
    return ImageOutput(expression: logits)
  }

  package var expressionBiases: [String] { ["head.bias"] }

  package func forInference(_ weights: ParameterStore) -> (network: any ImageNetwork, weights: ParameterStore) {
    (self, weights)
  }

  package func initialize(_ weights: inout ParameterStore, random: inout RandomSource) {
    TransformerInitialization.fill(&weights, random: &random)
  }
}

extension VisionTransformer {
  /// Where the parameters lie in timm's files: `qkv.bias` also holds a bias of the keys, which adds the same number to
  /// all scores of a query, so that softmax takes it away again.
  package static func timmName(_ name: String) -> TensorSource { CrossViT.timmName(name) }

  /// Where they lie in files of Hugging Face transformers (`ViTForImageClassification`): under the names of version 4, which
  /// all published files have, or under those that version 5 gives its tensors in memory.
  package static func huggingFaceName(_ name: String) -> TensorSource {
    let parts = name.split(separator: ".").map(String.init)
    let end = parts.last ?? ""
    switch parts[0] {
    case "cls_token": return .tensor("vit.embeddings.cls_token")
    case "pos_embed": return .tensor("vit.embeddings.position_embeddings")
    case "patch_embed": return .tensor("vit.embeddings.patch_embeddings.projection.\(end)")
    case "norm": return .tensor("vit.layernorm.\(end)")
    case "head": return .tensor("classifier.\(end)")
    case "blocks":
      let rest = parts.dropFirst(2).joined(separator: ".")
      return .firstOf([
        VideoMAENames.huggingFaceBlock("vit.encoder.layer.\(parts[1])", rest),
        newBlock("vit.layers.\(parts[1])", rest),
      ])
    default: return .tensor(name)
    }
  }

  /// A parameter of a block as version 5 of transformers names it.
  private static func newBlock(_ path: String, _ name: String) -> TensorSource {
    let end = name.split(separator: ".").last ?? ""
    switch name {
    case "attn.qkv.weight": return .stacked(["q", "k", "v"].map { "\(path).attention.\($0)_proj.weight" })
    case "attn.q_bias": return .tensor("\(path).attention.q_proj.bias")
    case "attn.v_bias": return .tensor("\(path).attention.v_proj.bias")
    case "attn.proj.weight", "attn.proj.bias": return .tensor("\(path).attention.o_proj.\(end)")
    case "norm1.weight", "norm1.bias": return .tensor("\(path).layernorm_before.\(end)")
    case "norm2.weight", "norm2.bias": return .tensor("\(path).layernorm_after.\(end)")
    default: return .tensor("\(path).\(name)")
    }
  }
}
