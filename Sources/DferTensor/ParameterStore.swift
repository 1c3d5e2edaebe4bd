/// Names one array of learned numbers. Layers hold parameters; the numbers live in a `ParameterStore`.
package struct Parameter: Sendable, Hashable {
  let slot: Int
}

/// All learned numbers of a model, in the order in which its layers declared them.
///
/// Gradients, optimiser moments and checkpoints are arrays in the same order, so no layer needs to know about them.
package struct ParameterStore: Sendable {
  package private(set) var names: [String] = []
  private var shapes: [[Int]] = []
  /// nil for what `source` has, and is read from there when somebody asks for it.
  private var kept: [Tensor?] = []
  private var source: SafetensorsFile?
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
    shapes.append(shape)
    kept.append(Tensor(zeros: shape))
    return Parameter(slot: names.count - 1)
  }

  package subscript(parameter: Parameter) -> Tensor {
    get { kept[parameter.slot] ?? readAgain(parameter.slot) }
    set {
      precondition(
        newValue.shape == shapes[parameter.slot],
        "\(names[parameter.slot]): shape \(newValue.shape) is not \(shapes[parameter.slot])")
      kept[parameter.slot] = newValue
      prepared = nil
    }
  }

  /// Changes a parameter's numbers where they lie.
  package mutating func update(_ parameter: Parameter, _ change: (inout Tensor) -> Void) {
    var tensor = self[parameter]
    kept[parameter.slot] = nil
    change(&tensor)
    kept[parameter.slot] = tensor
    prepared = nil
  }

  /// All tensors, in the order of `names`.
  package var tensors: [Tensor] { parameters.map { self[$0] } }

  package func shape(of parameter: Parameter) -> [Int] { shapes[parameter.slot] }

  /// For weights that are used again and again: kernels keep what they make of them. Ends with the next write.
  ///
  /// - Parameter precision: what products are made of, where nothing is recorded for gradients.
  package mutating func keepPrepared(_ precision: Precision = Compute.precision) {
    prepared = PreparedWeights(precision: precision)
  }

  /// Lets go of the numbers of large matrices, as long as nobody changes them: what kernels make of those is all that the
  /// forward pass needs (`keepPrepared`), and would double them. Whoever asks for them nevertheless gets them from the file.
  ///
  /// - Parameters:
  ///   - file: that they have just been read from, each under its own name.
  ///   - isLarge: true for matrices whose products always have many rows.
  package mutating func letGo(of isLarge: (_ name: String) -> Bool, readFrom file: SafetensorsFile) {
    guard Kernels.packsLinear || precision.linearFormat != nil else { return }
    source = file
    for (slot, name) in names.enumerated() where shapes[slot].count == 2 && isLarge(name) { kept[slot] = nil }
  }

  /// The same with all numbers in memory.
  package var inMemory: ParameterStore {
    var store = self
    for slot in kept.indices where kept[slot] == nil { store.kept[slot] = readAgain(slot) }
    store.source = nil
    return store
  }

  private func readAgain(_ slot: Int) -> Tensor {
    do {
      guard let tensor = try source?.tensor(names[slot]), tensor.shape == shapes[slot] else {
        fatalError("\(source?.path ?? names[slot]): changed while it was in use")
      }
      return tensor
    } catch { fatalError("\(error): changed while it was in use") }
  }

  /// What products of the forward pass are made of.
  package var precision: Precision { prepared?.precision ?? .fp32 }

  package func parameter(named name: String) -> Parameter? {
    slots[name].map { Parameter(slot: $0) }
  }

  package func name(of parameter: Parameter) -> String { names[parameter.slot] }
  package var parameters: [Parameter] { names.indices.map { Parameter(slot: $0) } }
  package var count: Int { shapes.reduce(0) { $0 + $1.reduce(1, *) } }
}
