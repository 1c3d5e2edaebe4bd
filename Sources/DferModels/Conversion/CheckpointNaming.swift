import DferTensor

/// The networks whose published checkpoints can be converted, with the names that their files use.
package enum CheckpointNaming: String, Sendable, CaseIterable {
  /// MCG-NJU/VideoMAE: `encoder.blocks.0.attn.qkv.weight`, in fine-tuned files without `encoder.`.
  case videoMAE = "VideoMAE"
  /// Hugging Face transformers: `videomae.encoder.layer.0...`.
  case huggingFaceVideoMAE = "VideoMAE of Hugging Face"
  /// sunlicai/MAE-DFER: `blocks.0.first_attn.q.weight`.
  case maeDFER = "MAE-DFER"
  /// timm: `blocks.0.attn.qkv.weight` behind patches of one image.
  case timmViT = "ViT of timm"
  /// Hugging Face transformers: `vit.encoder.layer.0...`, in memory of version 5 `vit.layers.0...`.
  case huggingFaceViT = "ViT of Hugging Face"

  /// By the names in a file; nil for other networks.
  package init?(_ file: some TensorFile) {
    func has(_ name: String) -> Bool { file.contains(name) || file.contains("encoder.\(name)") }
    let patch = file.shape(of: "patch_embed.proj.weight") ?? file.shape(of: "encoder.patch_embed.proj.weight") ?? []
    if file.contains("videomae.encoder.layer.0.layernorm_before.weight") {
      self = .huggingFaceVideoMAE
    } else if ["encoder.layer", "layers"].contains(where: { file.contains("vit.\($0).0.layernorm_before.weight") }) {
      self = .huggingFaceViT
    } else if has("blocks.0.first_attn.q.weight") {
      self = .maeDFER
    } else if has("blocks.0.attn.qkv.weight"), patch.count == 5 {
      self = .videoMAE
    } else if has("blocks.0.attn.qkv.weight"), patch.count == 4, file.contains("cls_token") {
      self = .timmViT
    } else {
      return nil
    }
  }

  var readsClips: Bool { self == .videoMAE || self == .huggingFaceVideoMAE || self == .maeDFER }

  /// Where a parameter of ours lies in such a file.
  package func source(of parameter: String) -> TensorSource {
    switch self {
    case .videoMAE, .maeDFER: VideoMAENames.original(parameter)
    case .huggingFaceVideoMAE: VideoMAENames.huggingFace(parameter)
    case .timmViT: VisionTransformer.timmName(parameter)
    case .huggingFaceViT: VisionTransformer.huggingFaceName(parameter)
    }
  }

  /// Tensors that the network does without: fixed tables, and key biases, which softmax takes away again.
  package func ignores(_ tensor: String) -> Bool {
    if tensor.hasSuffix("key.bias") || tensor.hasSuffix("k_proj.bias") || tensor.hasSuffix("k_bias")
      || tensor.hasSuffix("mask_token")
    {
      return true
    }
    return readsClips && (tensor.hasSuffix("position_embeddings") || tensor.hasSuffix("pos_embed"))
  }

  /// The tensor of a first name that the file has, by our name of a parameter.
  func shape(_ parameter: String, in file: some TensorFile) -> [Int]? {
    let source = source(of: parameter).resolved(in: file)
    return source.shape(in: file)
  }

  /// How many blocks there are.
  func depth(in file: some TensorFile) -> Int {
    let path = readsClips ? "encoder." : ""
    var depth = 0
    while depth < 1000, shape("\(path)blocks.\(depth).norm2.weight", in: file) != nil { depth += 1 }
    return depth
  }
}
