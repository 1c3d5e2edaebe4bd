import DferTensor

/// An exponential moving average of weights: steadier than the weights of any one step, and usually what is kept.
package struct MovingAverage: Sendable, Equatable {
  package let decay: Double
  /// In a short training the average would stay near its start; with this the first updates count more.
  package let warmsUp: Bool
  package internal(set) var updates = 0
  /// The average, in the store's order.
  package internal(set) var tensors: [Tensor]

  /// Starts as a copy of the weights.
  package init(_ store: ParameterStore, decay: Double, warmsUp: Bool = false) {
    precondition(0...1 ~= decay, "MovingAverage: decay \(decay) is not in 0...1")
    (self.decay, self.warmsUp, tensors) = (decay, warmsUp, store.tensors)
  }

  /// average = decay * average + (1 - decay) * weights, without bias correction.
  package mutating func update(_ store: ParameterStore) {
    updates += 1
    let decay = warmsUp ? min(decay, Double(1 + updates) / Double(10 + updates)) : decay
    let (old, new) = (Float(decay), Float(1 - decay))
    for (index, parameter) in store.parameters.enumerated() { tensors[index].blend(old, store[parameter], new) }
  }

  /// `store` with the averaged weights.
  package func applied(to store: ParameterStore) -> ParameterStore {
    var store = store
    for (parameter, tensor) in zip(store.parameters, tensors) { store[parameter] = tensor }
    return store
  }
}
