import Synchronization

/// What kernels make of weights before they can use them, kept for the next pass: packed panels of a linear layer,
/// Winograd's form of a convolution. As large as the weights of the first kind, four times those of the second; half of that in
/// 16 bits.
final class PreparedWeights: Sendable {
  enum Form: Hashable { case panels, winograd, reducedPanels, reducedRows }

  /// What products with these weights are made of.
  let precision: Precision

  init(precision: Precision) { self.precision = precision }

  private struct Key: Hashable {
    let parameter: Parameter
    let form: Form
  }

  /// One form of one weight: whoever wants it first makes it, and others wait.
  private final class Slot: Sendable {
    let numbers = Mutex<PackedNumbers?>(nil)
  }

  private let slots = Mutex<[Key: Slot]>([:])

  func numbers(_ parameter: Parameter, _ form: Form, _ make: () -> PackedNumbers) -> PackedNumbers {
    let key = Key(parameter: parameter, form: form)
    let slot = slots.withLock { slots in
      if let known = slots[key] { return known }
      let fresh = Slot()
      slots[key] = fresh
      return fresh
    }
    // Threads that read clips at the same time would make all weights twice, and memory would keep that mark.
    return slot.numbers.withLock { known in
      if let known { return known }
      let made = make()
      known = made
      return made
    }
  }
}

/// One weight as a kernel gets it.
struct Weight {
  private enum Numbers {
    case given(Tensor)
    case stored(ParameterStore)
  }

  private let numbers: Numbers
  let shape: [Int]
  fileprivate let parameter: Parameter?
  fileprivate let prepared: PreparedWeights?
  /// What products with it are made of.
  let precision: Precision

  /// The numbers themselves: read from their file when the store has let go of them.
  var tensor: Tensor {
    switch numbers {
    case .given(let tensor): tensor
    case .stored(let store): parameter.map { store[$0] } ?? Tensor(zeros: shape)
    }
  }

  /// The weight in another form, from an earlier pass if it was kept.
  func form(_ form: PreparedWeights.Form, _ make: () -> PackedNumbers) -> PackedNumbers {
    guard let parameter, let prepared else { return make() }
    return prepared.numbers(parameter, form, make)
  }
}

extension ParameterStore {
  func weight(_ parameter: Parameter, _ precision: Precision) -> Weight {
    Weight(parameter, of: self, precision)
  }
}

extension Weight {
  init(_ parameter: Parameter, of store: ParameterStore, _ precision: Precision) {
    (numbers, shape) = (.stored(store), store.shape(of: parameter))
    (self.parameter, prepared, self.precision) = (parameter, store.prepared, precision)
  }

  /// Numbers that nothing is kept of.
  init(_ tensor: Tensor) {
    (numbers, shape, parameter, prepared, precision) = (.given(tensor), tensor.shape, nil, nil, .fp32)
  }
}
