import DferTensor

/// Where the parameters of our VideoMAE networks live in published weight files.
///
/// Our own names are those of the original pre-training files: `encoder.blocks.3.attn.qkv.weight`.
package enum VideoMAENames {
  /// Files of the original code (MCG-NJU/VideoMAE). Fine-tuned ones leave out `encoder.`.
  package static func original(_ parameter: String) -> TensorSource {
    guard parameter.hasPrefix("encoder.") else { return .tensor(parameter) }
    return .firstOf([.tensor(parameter), .tensor(String(parameter.dropFirst("encoder.".count)))])
  }

  /// Files of Hugging Face transformers (`VideoMAEForVideoClassification`, `VideoMAEForPreTraining`).
  package static func huggingFace(_ parameter: String) -> TensorSource {
    let parts = parameter.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    let end = parts.last ?? ""
    switch parts.first {
    case "encoder" where parts.count > 3 && parts[1] == "blocks":
      return huggingFaceBlock("videomae.encoder.layer.\(parts[2])", parts.dropFirst(3).joined(separator: "."))
    case "decoder" where parts.count > 3 && parts[1] == "blocks":
      return huggingFaceBlock("decoder.decoder_layers.\(parts[2])", parts.dropFirst(3).joined(separator: "."))
    case "encoder" where parts[1] == "patch_embed":
      return .tensor("videomae.embeddings.patch_embeddings.projection.\(end)")
    case "encoder" where parts[1] == "norm": return .tensor("videomae.layernorm.\(end)")
    case "head": return .tensor("classifier.\(end)")
    default: return .tensor(parameter)
    }
  }

  /// A parameter of a block; vision transformers for images have the same.
  static func huggingFaceBlock(_ path: String, _ name: String) -> TensorSource {
    let attention = "\(path).attention.attention"
    let end = name.split(separator: ".").last ?? ""
    switch name {
    case "attn.qkv.weight": return .stacked(["query", "key", "value"].map { "\(attention).\($0).weight" })
    // Files written by newer versions of the library give the two biases the names of their layers.
    case "attn.q_bias": return .firstOf([.tensor("\(attention).q_bias"), .tensor("\(attention).query.bias")])
    case "attn.v_bias": return .firstOf([.tensor("\(attention).v_bias"), .tensor("\(attention).value.bias")])
    case "attn.proj.weight", "attn.proj.bias": return .tensor("\(path).attention.output.dense.\(end)")
    case "norm1.weight", "norm1.bias": return .tensor("\(path).layernorm_before.\(end)")
    case "norm2.weight", "norm2.bias": return .tensor("\(path).layernorm_after.\(end)")
    case "mlp.fc1.weight", "mlp.fc1.bias": return .tensor("\(path).intermediate.dense.\(end)")
    case "mlp.fc2.weight", "mlp.fc2.bias": return .tensor("\(path).output.dense.\(end)")
    default: return .tensor("\(path).\(name)")
    }
  }
}
