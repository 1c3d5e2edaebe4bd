import DferImage
import DferTensor

/// What a pipeline reads faces with, whichever system its weights belong to. Free to copy and to use from many threads.
package enum FaceReader: Sendable {
  /// MTCAE-DFER: whole clips.
  case clips(ExpressionModel)
  /// Systems for single images: means over the frames of a clip.
  case images(ImageModel)
  /// Published classifiers, networks that ONNX Runtime runs, and several networks that are averaged.
  case classifier(any ExpressionClassifier)

  /// Names of all systems that weight files of our own format say they belong to.
  package static let systems =
    ["mtcae-dfer"] + ImageSystem.allCases.map(\.rawValue) + ClipSystem.allCases.map(\.rawValue)

  /// Opens a weight file; it says itself which system it belongs to.
  ///
  /// - Parameter keepTubes: for systems that read clips, as in `ExpressionModel`.
  /// - Throws: `CheckpointError` with everything that is wrong with the file.
  package init(weights path: String, keepTubes: Double = 1) throws {
    let name = try SafetensorsFile(path: path).metadata["model"] ?? ""
    if ImageSystem(rawValue: name) != nil {
      self = .images(try ImageModel(weights: path))
    } else if ClipSystem(rawValue: name) != nil {
      self = .classifier(try ClipClassifier(weights: path))
    } else {
      self = .clips(try ExpressionModel(weights: path, keepTubes: keepTubes))
    }
  }

  /// What the weights say of themselves, as far as all systems say it.
  package struct ModelInfo: Sendable, Hashable {
    package let system, version, licence: String
    package let labels: [String]
    /// Names of the blendshapes it gives; often none.
    package let blendshapes: [String]
    package let givesLandmarks, looksForMasks: Bool
    package let temperature: Double
    package let crop: ModelCard.Crop
    package let clip: ModelCard.Clip
    /// Side of a crop, in pixels.
    package let imageSize: Int
    package let imageMean, imageStd: [Float]
    /// Learned numbers.
    package let parameters: Int
    /// How common the classes were in training; nil: not recorded.
    package let prior: ClassPrior?
  }

  package var modelInfo: ModelInfo {
    switch self {
    case .clips(let model):
      let card = model.card
      return ModelInfo(
        system: card.model, version: card.version, licence: card.licence, labels: card.labels,
        blendshapes: card.blendshapes, givesLandmarks: true, looksForMasks: false, temperature: card.temperature,
        crop: card.crop, clip: card.clip, imageSize: card.input.imageSize, imageMean: card.imageMean,
        imageStd: card.imageStd, parameters: model.weights.count, prior: card.prior)
    case .images(let model):
      let card = model.card
      return ModelInfo(
        system: card.system.rawValue, version: card.version, licence: card.licence, labels: card.labels,
        blendshapes: [], givesLandmarks: false, looksForMasks: card.system.looksForMasks, temperature: card.temperature,
        crop: card.crop, clip: card.clip, imageSize: card.imageSize, imageMean: card.imageMean,
        imageStd: card.imageStd, parameters: model.parameterCount, prior: card.prior)
    case .classifier(let model): return model.modelInfo
    }
  }

  /// One reading for each clip of as many crops as `modelInfo.clip` says, of `modelInfo.imageSize` pixels a side.
  ///
  /// - Parameters:
  ///   - points: for each clip and crop five landmarks in 0...1 of it, from the detector; empty when not known.
  ///   - single: for each clip the one frame whose behaviour is wanted; nil for all frames.
  /// - Throws: an `ONNXError` when another program computes and fails.
  package func read(
    _ clips: [[Image]], points: [[[Point]]] = [], behaviourOf single: [Int]? = nil
  ) throws -> [ExpressionReading] {
    switch self {
    case .clips(let model): model.read(clips, behaviourOf: single)
    case .images(let model): model.read(clips, points: points)
    case .classifier(let model): try model.read(clips, points: points)
    }
  }

  /// The same for clips of number `clip` of a video, whose halves may be in `cache`: the same readings, sooner.
  package func read(
    _ clips: [[Image]], points: [[[Point]]], cache: EmbeddingCache?, clip: Int, behaviourOf single: [Int]?
  ) throws -> [ExpressionReading] {
    guard case .clips(let model) = self else { return try read(clips, points: points) }
    return model.read(clips, cache: cache, clip: clip, behaviourOf: single)
  }

  /// Whether another program computes, with threads of its own.
  package var isComputedElsewhere: Bool {
    switch self {
    case .clips, .images: false
    case .classifier(let model): model.isComputedElsewhere
    }
  }

  /// What a face does in each of some frames in a row; empty without a behaviour decoder.
  package func behaviours(of frames: [Image]) -> [FaceBehaviour] {
    guard case .clips(let model) = self else { return [] }
    return model.behaviours(of: frames)
  }

  /// What the network looks at of one crop: several images for systems of several views, else the crop itself.
  package func views(of crop: Image, points: [Point]) -> [Image] {
    switch self {
    case .clips: [crop]
    case .images(let model): model.network.views(of: crop, points: points)
    case .classifier(let model): model.views(of: crop, points: points)
    }
  }

  /// Multiplications of one clip, each with its addition; 0 when not known.
  package var multiplications: Int {
    let grey = Image(width: modelInfo.imageSize, height: modelInfo.imageSize)
    switch self {
    case .clips(let model):
      return model.multiplications(model.card.input.tensor([[Image](repeating: grey, count: modelInfo.clip.frames)]))
    case .images(let model): return model.multiplications(of: grey) * modelInfo.clip.frames
    case .classifier(let model): return model.multiplications
    }
  }
}
