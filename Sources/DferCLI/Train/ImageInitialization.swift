import ArgumentParser
import Dfer
import DferModels
import DferTensor
import DferTraining
import Foundation

/// What a training of a network for single images starts with.
struct ImageInitialization {
  let system: ImageSystem
  /// From nothing with `--new`, else from given or installed weights.
  let isNew: Bool
  /// Values of the new network's config, as `--set` says them.
  let set: [String]
  /// Side of the images; nil: as in the weights.
  var size: Int?
  /// Weights of a network whose first layers the new one starts with.
  let stem: String?
  let weights: String?
  let seed: UInt64

  func model() throws -> ImageModel {
    if isNew {
      var card = system.start
      do {
        try card.set(set)
        if let size { card.imageSize = size }
        return try started(ImageModel(fresh: card, seed: seed))
      } catch let error as ImageConfigError {
        throw ValidationError("--set: \(error)")
      } catch let error as DecodingError {
        throw ValidationError("--set: \(ModelCard.explain(error))")
      }
    }
    let path = try weights ?? Installation.pipeline(system.rawValue).modelWeights.path
    var model = try ImageModel(weights: path)
    guard model.card.system == system else {
      throw CheckpointError(path: path, reason: "weights of \(model.card.system.rawValue), not of \(system.rawValue)")
    }
    if let size { model = model.reading(size: size) }
    return model
  }

  /// With the first layers of the network that `--stem` names.
  private func started(_ model: ImageModel) throws -> ImageModel {
    guard let stem else { return model }
    guard let start = model.starting(from: try ImageClassifier(weights: stem)) else {
      throw CheckpointError(path: stem, reason: "its layers do not match the stem of this \(system.rawValue) network")
    }
    return start
  }
}
