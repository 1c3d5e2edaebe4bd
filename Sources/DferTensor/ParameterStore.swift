/// Names one array of learned numbers. Layers hold parameters; the numbers live in a `ParameterStore`.
package struct Parameter: Sendable, Hashable {
  let slot: Int
}

/// All learned numbers of a model, in the order in which its layers declared them.
///
/// Gradients, optimiser moments and checkpoints are arrays in the same order, so no layer needs to know about them.
package struct ParameterStore: Sendable {
  package private(set) var names: [String] = []
  package private(set) var tensors: [Tensor] = []
  private var slots: [String: Int] = [:]
  /// nil while weights may still change.
  private(set) var prepared: PreparedWeights?

  package init() {}

  /// Declares a parameter, filled with zeros until a checkpoint or an initialiser fills it.
  package mutating func declare(_ name: String, shape: [Int]) -> Parameter {
    precondition(slots[name] == nil, "ParameterStore: \(name) is declared twice")
    slots[name] = names.count
    prepared = nil
    names.append(name)
    tensors.append(Tensor(zeros: shape))
    return Parameter(slot: names.count - 1)
  }

  package subscript(parameter: Parameter) -> Tensor {
    get { tensors[parameter.slot] }
    set {
      precondition(
        newValue.shape == tensors[parameter.slot].shape,
        "\(names[parameter.slot]): shape \(newValue.shape) is not \(tensors[parameter.slot].shape)")
      tensors[parameter.slot] = newValue
      prepared = nil
    }
  }

  /// Changes a parameter's numbers where they lie.
  package mutating func update(_ parameter: Parameter, _ change: (inout Tensor) -> Void) {
    change(&tensors[parameter.slot])
    prepared = nil
  }

  /// For weights that are used again and again: kernels keep what they make of them. Ends with the next write.
  ///
  /// - Parameter precision: what products are made of, where nothing is recorded for gradients.
  package mutating func keepPrepared(_ precision: Precision = Compute.precision) {
    prepared = PreparedWeights(precision: precision)
  }

  /// What products of the forward pass are made of.
  package var precision: Precision { prepared?.precision ?? .fp32 }

  package func parameter(named name: String) -> Parameter? {
    slots[name].map { Parameter(slot: $0) }
  }

  package func name(of parameter: Parameter) -> String { names[parameter.slot] }
  package var parameters: [Parameter] { names.indices.map { Parameter(slot: $0) } }
  package var count: Int { tensors.reduce(0) { $0 + $1.count } }
}
