import DferModels
import DferTensor

extension ExpressionModel {
  /// The same network with the encoder of a pre-training.
  /// - Throws: `CheckpointError` when it is an encoder of another kind, or one that names every tensor which is missing
  ///   or of another size.
  package func starting(fromEncoder path: String) throws -> ExpressionModel {
    replacing(
      try SafetensorsFile(path: path).encoder(for: weights, .init(card.config.encoder)) { $0.hasPrefix("encoder.") })
  }
}

extension ImageModel {
  /// As in `ExpressionModel`. Systems without a pre-training have no such encoder.
  package func starting(fromEncoder path: String) throws -> ImageModel {
    guard network is EmoticMAE else { throw TrainingError.noPretraining(card.system.rawValue) }
    var store = weights
    let file = try SafetensorsFile(path: path)
    for (name, tensor) in try file.encoder(for: weights, .imageMAE, MAEPretraining.isOfEncoder) {
      if let parameter = store.parameter(named: name) { store[parameter] = tensor }
    }
    return ImageModel(card, network, store)
  }
}

extension SafetensorsFile {
  /// The tensors of a pre-training's file for a network's encoder. Published files do not say of which kind they are.
  fileprivate func encoder(
    for weights: ParameterStore, _ variant: PretrainingSettings.Variant, _ isOfEncoder: (String) -> Bool
  ) throws -> [(name: String, tensor: Tensor)] {
    if let other = metadata["variant"], other != variant.rawValue {
      throw CheckpointError(
        path: path, reason: "an encoder of variant \(other), but the network's is of variant \(variant.rawValue)")
    }
    var tensors: [(name: String, tensor: Tensor)] = []
    var faults: [String] = []
    for (name, mine) in zip(weights.names, weights.tensors) where isOfEncoder(name) {
      switch shape(of: name) {
      case nil: faults.append("\(name) is missing")
      case mine.shape: tensors.append((name, try tensor(name)))
      case let other?: faults.append("\(name): expected shape \(mine.shape), found \(other)")
      }
    }
    guard faults.isEmpty else { throw CheckpointError(path: path, reasons: faults) }
    return tensors
  }
}
