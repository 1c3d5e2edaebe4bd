import DferModels
import DferTensor

/// Networks that name other classes than they did: everything that they know of faces stays, and only the last layer of the
/// expressions begins anew.
extension ExpressionModel {
  /// - Parameter labels: two or more different names.
  package func naming(_ labels: [String]) -> ExpressionModel {
    precondition(labels.count > 1 && Set(labels).count == labels.count, "naming: not two or more different labels")
    var card = card
    card.config.cascade.numLabels = labels.count
    card.label(labels)
    let heads = "heads.expression.fc."
    return ExpressionModel(card: card) { store in
      // The new head is zero: it says the same of all classes until it has learned something.
      for (name, tensor) in zip(weights.names, weights.tensors) where !name.hasPrefix(heads) {
        if let parameter = store.parameter(named: name) { store[parameter] = tensor }
      }
    }
  }
}

extension ImageModel {
  /// As in `ExpressionModel`.
  package func naming(_ labels: [String]) throws -> ImageModel {
    precondition(labels.count > 1 && Set(labels).count == labels.count, "naming: not two or more different labels")
    var card = card
    (card.labels, card.temperature, card.prior, card.metrics) = (labels, 1, nil, "{}")
    let fresh = try ImageModel(fresh: card, seed: 0)
    let heads = Set(network.expressionBiases.flatMap { [$0, $0.replacing(/\.bias$/, with: ".weight")] })
    var store = fresh.weights
    for parameter in store.parameters {
      let name = store.name(of: parameter)
      if heads.contains(name) {
        store[parameter] = Tensor(zeros: store[parameter].shape)
      } else if let own = weights.parameter(named: name) {
        store[parameter] = weights[own]
      }
    }
    return ImageModel(card, fresh.network, store)
  }
}

extension ModelCard {
  /// What was measured and fitted for other classes says nothing of these.
  fileprivate mutating func label(_ names: [String]) { (labels, temperature, prior, metrics) = (names, 1, nil, "{}") }
}
