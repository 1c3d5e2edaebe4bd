import DferTensor
import Foundation

/// Makes a weight file of dfer from a published checkpoint: sizes from the shapes of its tensors, everything else from a
/// card.
package struct CheckpointConversion: Sendable {
  /// What was found, for people.
  package private(set) var summary: [String] = []
  package private(set) var metadata: [String: String]
  package let tensors: [(name: String, tensor: Tensor)]

  /// - Throws: `CheckpointError` with everything that does not fit, in one list.
  package init(_ file: some TensorFile, _ card: ConversionCard) throws {
    guard let naming = CheckpointNaming(file) else { throw Self.unknown(file) }
    guard naming.shape("head.weight", in: file) != nil else {
      throw CheckpointError(
        path: file.path,
        reason: "\(naming.rawValue) without a classifier: pre-trained only, so it names no expressions; "
          + "dfer model convert --encoder makes an initialization of it for dfer train clips")
    }
    let weights: ParameterStore
    if naming.readsClips {
      let clipCard = try Self.clipCard(file, naming, card)
      weights = try ClipClassifier(clipCard, file, ignoring: naming.ignores, names: naming.source).weights
      metadata = clipCard.metadata
      let config = clipCard.config
      summary = Self.summary(
        naming, config.hiddenSize, config.numHiddenLayers, config.numAttentionHeads, config.patchSize)
      summary.append("\(config.numFrames) frames of \(config.imageSize) x \(config.imageSize) pixels")
    } else {
      let (imageCard, config) = try Self.imageCard(file, naming, card)
      var store = ParameterStore()
      _ = VisionTransformer(config, numLabels: card.labels.count, in: &store)
      try store.load(file, from: naming.source, ignoring: naming.ignores)
      (weights, metadata) = (store, imageCard.metadata)
      summary = Self.summary(
        naming, config.hiddenSize, config.numHiddenLayers, config.numAttentionHeads, config.patchSize)
      summary.append("images of \(config.imageSize) x \(config.imageSize) pixels")
    }
    summary.append("mean \(metadata["image_mean"] ?? ""), deviation \(metadata["image_std"] ?? "")")
    summary.append("\(card.labels.count) classes: \(card.labels.joined(separator: ", "))")
    if !card.source.isEmpty { metadata["source"] = card.source }
    tensors = zip(weights.names, weights.tensors).map { ($0, $1) }
  }

  /// The encoder alone, as `dfer train clips --encoder` takes it.
  /// - Throws: `CheckpointError`.
  package init(encoderOf file: some TensorFile, _ card: ConversionCard) throws {
    guard let naming = CheckpointNaming(file), naming.readsClips else { throw Self.unknown(file) }
    let (config, regionSize) = try Self.clipSizes(file, naming, card)
    var store = ParameterStore()
    // Fine-tuned files have no norm behind the last block.
    let norm = naming.shape("encoder.norm.weight", in: file) != nil
    if let regionSize {
      _ = LGIFormer(MAEDFERConfig(trunk: config, regionSize: regionSize), norm: norm, in: &store)
    } else {
      _ = VideoMAEEncoder(config, norm: norm, in: &store)
    }
    let wanted = Set(store.names.flatMap { naming.source(of: $0).resolved(in: file).names })
    try store.load(file, from: naming.source, ignoring: { !wanted.contains($0) })
    metadata = ["variant": regionSize == nil ? "videomae" : "mae-dfer", "licence": card.licence]
    metadata["source"] = card.source.isEmpty ? nil : card.source
    summary = Self.summary(
      naming, config.hiddenSize, config.numHiddenLayers, config.numAttentionHeads, config.patchSize)
    tensors = zip(store.names, store.tensors).map { ($0, $1) }
  }

  private static func unknown(_ file: some TensorFile) -> CheckpointError {
    let all = CheckpointNaming.allCases.map(\.rawValue).joined(separator: ", ")
    return CheckpointError(
      path: file.path,
      reason: "its tensors (\(file.names.prefix(3).joined(separator: ", ")), ...) are those of none of \(all); "
        + "other networks are read as ONNX files")
  }

  private static func summary(
    _ naming: CheckpointNaming, _ width: Int, _ depth: Int, _ heads: Int, _ patch: Int
  ) -> [String] {
    ["\(naming.rawValue): width \(width), \(depth) blocks, \(heads) heads, patches of \(patch) pixels"]
  }

  // MARK: Sizes

  /// Heads are not in any shape; those of all published sizes have 64 columns.
  private static func heads(_ card: ConversionCard, width: Int) -> Int { card.heads ?? max(1, width / 64) }

  private static func clipSizes(
    _ file: some TensorFile, _ naming: CheckpointNaming, _ card: ConversionCard
  ) throws -> (config: VideoMAEConfig, regionSize: [Int]?) {
    guard let patch = naming.shape("encoder.patch_embed.proj.weight", in: file), patch.count == 5, patch[1] == 3,
      let hidden = naming.shape("encoder.blocks.0.mlp.fc1.weight", in: file), hidden.count == 2
    else {
      throw CheckpointError(path: file.path, reason: "\(naming.rawValue) without its patch embedding or first block")
    }
    var config = VideoMAEConfig(
      imageSize: card.imageSize ?? (naming == .maeDFER ? 160 : 224), patchSize: patch[3], numFrames: card.frames,
      tubeletSize: patch[2], hiddenSize: patch[0], numHiddenLayers: naming.depth(in: file),
      numAttentionHeads: heads(card, width: patch[0]))
    config.intermediateSize = hidden[0]
    let isHuggingFace = naming == .huggingFaceVideoMAE
    config.layerNormEps = card.layerNormEps ?? (isHuggingFace ? 1e-12 : 1e-6)
    config.fcNormEps = card.finalNormEps ?? (isHuggingFace ? 1e-5 : 1e-6)
    config.numLabels = naming.shape("head.weight", in: file)?.first ?? 0
    guard config.faults.isEmpty else { throw CheckpointError(path: file.path, reasons: config.faults) }
    guard naming == .maeDFER else { return (config, nil) }
    let regions = card.regionSize.map { MAEDFERConfig(trunk: config, regionSize: $0) } ?? MAEDFERConfig(trunk: config)
    guard regions.faults.isEmpty else { throw CheckpointError(path: file.path, reasons: regions.faults) }
    if let found = naming.shape("encoder.lg_region_tokens", in: file)?.first, found != regions.regions {
      throw CheckpointError(
        path: file.path,
        reason: "it has \(found) regions, and regions of \(regions.regionSize) tokens are \(regions.regions); give "
          + "config: region_size in the card")
    }
    return (config, regions.regionSize)
  }

  private static let imageNet: (mean: [Float], deviation: [Float]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])

  private static func clipCard(
    _ file: some TensorFile, _ naming: CheckpointNaming, _ card: ConversionCard
  ) throws -> ClipClassifierCard {
    let (config, regionSize) = try clipSizes(file, naming, card)
    var result = ClipClassifierCard(
      naming == .maeDFER ? .maeDFER : .videoMAE, config: config, regionSize: regionSize, labels: card.labels,
      mean: card.mean ?? imageNet.mean, standardDeviation: card.standardDeviation ?? imageNet.deviation,
      crop: card.crop, clip: card.clip(frames: config.numFrames), licence: card.licence)
    (result.version, result.temperature) = (card.version, card.temperature)
    guard result.faults.isEmpty else { throw CheckpointError(path: file.path, reasons: result.faults) }
    return result
  }

  private static func imageCard(
    _ file: some TensorFile, _ naming: CheckpointNaming, _ card: ConversionCard
  ) throws -> (ImageModelCard, VisionTransformerConfig) {
    guard let patch = naming.shape("patch_embed.proj.weight", in: file), patch.count == 4,
      let hidden = naming.shape("blocks.0.mlp.fc1.weight", in: file), hidden.count == 2,
      let places = naming.shape("pos_embed", in: file), places.count == 3,
      let grid = (1...64).first(where: { $0 * $0 + 1 == places[1] })
    else {
      throw CheckpointError(
        path: file.path, reason: "\(naming.rawValue) without its patch embedding, first block or square position table")
    }
    var config = VisionTransformerConfig(
      imageSize: grid * patch[3], patchSize: patch[3], hiddenSize: patch[0], numHiddenLayers: naming.depth(in: file),
      numAttentionHeads: heads(card, width: patch[0]), intermediateSize: hidden[0])
    config.layerNormEps = card.layerNormEps ?? (naming == .huggingFaceViT ? 1e-12 : 1e-6)
    config.pooling = naming == .timmViT && naming.shape("fc_norm.weight", in: file) != nil ? .mean : .token
    var faults = config.faults
    if let size = card.imageSize, size != config.imageSize {
      faults.append("input: size \(size), but its position table is that of \(config.imageSize) pixels")
    }
    if let classes = naming.shape("head.weight", in: file)?.first, classes != card.labels.count {
      faults.append("labels: \(card.labels.count) for \(classes) classes")
    }
    let grey: [Float] = [0.5, 0.5, 0.5]
    var result = ImageModelCard(
      .visionTransformer, config: config, labels: card.labels, imageSize: config.imageSize, channels: 3,
      mean: card.mean ?? grey, standardDeviation: card.standardDeviation ?? grey)
    (result.version, result.temperature, result.licence) = (card.version, card.temperature, card.licence)
    (result.crop, result.clip) = (card.crop, card.clip(frames: card.frames))
    faults += CardRanges.faults(
      temperature: result.temperature, mean: result.imageMean, deviation: result.imageStd, crop: result.crop,
      clip: result.clip)
    guard faults.isEmpty else { throw CheckpointError(path: file.path, reasons: faults) }
    return (result, config)
  }
}
