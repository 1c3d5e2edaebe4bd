/// A tensor on its way through a network. `node` is nil when nothing upstream wants a gradient; on a tracing tape, when
/// it is the same for every input of the network.
package struct Value: Sendable {
  package let tensor: Tensor
  package let node: Int?

  package init(_ tensor: Tensor) {
    self.tensor = tensor
    node = nil
  }

  init(_ tensor: Tensor, node: Int?) {
    self.tensor = tensor
    self.node = node
  }

  package var shape: [Int] { tensor.shape }
}

/// Turns the gradient of an operation's output into gradients of its inputs and parameters.
typealias Pullback = (_ dy: Tensor, _ adjoints: inout Adjoints) -> Void

/// Gradients on their way back: one per value of the tape and one per parameter, made when first reached.
struct Adjoints {
  fileprivate(set) var values: [Tensor?]
  fileprivate(set) var parameters: [Tensor?]
  fileprivate let frozen: Set<Parameter>

  /// Adds `gradient` to what has already arrived for `value`.
  mutating func add(_ gradient: @autoclosure () -> Tensor, to value: Value) {
    guard let node = value.node else { return }
    Self.accumulate(gradient(), in: &values[node])
  }

  mutating func add(_ gradient: @autoclosure () -> Tensor, to parameter: Parameter) {
    guard !frozen.contains(parameter) else { return }
    Self.accumulate(gradient(), in: &parameters[parameter.slot])
  }

  private static func accumulate(_ gradient: Tensor, in slot: inout Tensor?) {
    guard var sum = slot.take() else {
      slot = gradient
      return
    }
    precondition(sum.shape == gradient.shape, "gradient of shape \(gradient.shape) meets one of \(sum.shape)")
    Kernels.accumulate(gradient, into: &sum)
    slot = sum
  }
}

/// Records what a forward pass did, so that gradients can be read off backwards.
///
/// With `recording: false` nothing is kept and the same forward pass is plain inference. A tape is used once. Nothing is
/// recorded of operations that no gradient reaches: where all parameters so far are frozen, a network costs what
/// inference costs.
///
/// A tracing tape (`init(tracing:)`) notes what was done, instead: see `Graph`.
package struct Tape: ~Copyable {
  package let parameters: ParameterStore
  package let isRecording: Bool
  /// Whether dropout drops and batch norm looks at its batch.
  package let isTraining: Bool
  /// New running statistics of batch norms, in the order in which they arose. The trainer writes them to the store.
  package internal(set) var statistics: [(parameter: Parameter, tensor: Tensor)] = []
  /// The source of all randomness of this pass. Save it before a segment that will be run again.
  package var random: RandomSource
  /// Multiplications of matrix products, attention and convolutions so far, each with its addition: the usual measure
  /// of what a network costs, whatever method computes them.
  package internal(set) var multiplications = 0
  /// What has been done so far, where the tape is tracing.
  package private(set) var graph: Graph?
  private var pullbacks: [Pullback] = []
  /// Parameters that get no gradient.
  let frozen: Set<Parameter>
  /// What linear layers and their gradients are made of while weights are learned; nil where nothing is.
  private let learningPrecision: Precision?
  /// Whether any operation so far has a parameter that is not frozen, recorded or not.
  var learnsAnything = false

  /// - Parameter precision: of linear layers and their gradients, with sums and weights in 32 bits; fp32 or bf16. Everything
  ///   else that is recorded is in fp32.
  package init(
    _ parameters: ParameterStore, recording: Bool = false, training: Bool = false, frozen: Set<Parameter> = [],
    random: RandomSource = RandomSource(seed: 0), precision: Precision? = nil
  ) {
    precondition(precision == nil || precision == .fp32 || precision == .bf16, "Tape: gradients in \(precision!)")
    self.parameters = parameters
    learningPrecision = precision ?? (recording ? .fp32 : nil)
    self.frozen = frozen
    self.random = random
    isRecording = recording
    isTraining = training
  }

  /// A tape that notes the operations of an inference with one sample, so that they can be written down elsewhere.
  package init(tracing parameters: ParameterStore) {
    self.init(parameters)
    graph = Graph()
  }

  /// What linear layers are made of.
  var precision: Precision { learningPrecision ?? parameters.precision }
  /// What attention and convolutions are made of: their gradients need 32-bit floats.
  var readingPrecision: Precision { learningPrecision == nil ? parameters.precision : .fp32 }

  func weight(_ parameter: Parameter) -> Weight { parameters.weight(parameter, precision) }

  /// Adds an operation's output to the tape. `pullback` is dropped when the tape is not recording.
  mutating func record(_ y: Tensor, _ pullback: @escaping Pullback) -> Value {
    precondition(graph == nil, "Tape: a traced network does something that no other format is told of")
    guard isRecording else { return Value(y) }
    pullbacks.append(pullback)
    return Value(y, node: pullbacks.count - 1)
  }

  /// The same for an operation of a network, which a tracing tape notes. With no gradient wanted upstream and no parameter to
  /// learn, there is nothing to record.
  mutating func record(
    _ y: Tensor, _ operation: @autoclosure () -> GraphOperation, from inputs: Value...,
    learning parameters: Parameter?..., pullback: @escaping Pullback
  ) -> Value {
    if graph != nil { return note(y, operation(), inputs, isLearned: parameters.contains { $0 != nil }) }
    guard wantsGradients(from: inputs, learning: parameters) else { return Value(y) }
    return record(y, pullback)
  }

  /// The output of an operation that took its quickest form because nothing is recorded.
  mutating func unrecorded(
    _ y: Tensor, _ operation: @autoclosure () -> GraphOperation, from inputs: Value...
  ) -> Value {
    graph == nil ? Value(y) : note(y, operation(), inputs, isLearned: true)
  }

  mutating func note(_ y: Tensor, _ operation: GraphOperation, _ inputs: [Value], isLearned: Bool) -> Value {
    guard isLearned || inputs.contains(where: { $0.node != nil }) else { return Value(y) }
    return Value(y, node: graph?.add(operation, inputs, shape: y.shape))
  }

  /// Whether an operation has to be recorded. Where not, it may take its quickest form.
  mutating func wantsGradients(from inputs: [Value], learning parameters: [Parameter?]) -> Bool {
    let learns = parameters.contains { $0.map { !frozen.contains($0) } ?? false }
    learnsAnything = learnsAnything || learns
    return isRecording && (learns || inputs.contains { $0.node != nil })
  }

  /// A value whose own gradient is wanted, as an input of a gradient check; on a tracing tape, an input of the network.
  package mutating func input(_ tensor: Tensor) -> Value {
    if graph != nil { return Value(tensor, node: graph?.add(nil, [], shape: tensor.shape)) }
    return record(tensor) { _, _ in }
  }

  /// What a network reads, where nobody asks for its gradient.
  package mutating func networkInput(_ tensor: Tensor) -> Value { graph == nil ? Value(tensor) : input(tensor) }

  /// Gradients of a scalar `loss` for all parameters and for the given `inputs`; nil where the loss does not depend on
  /// one.
  package consuming func gradients(of loss: Value, inputs: [Value] = []) -> (parameters: [Tensor?], inputs: [Tensor?]) {
    precondition(loss.tensor.count == 1, "gradients(of:): the loss has shape \(loss.shape), not one number")
    return gradients(from: [(loss, Tensor([1], shape: loss.shape))], inputs: inputs)
  }

  /// Gradients of the sum of all numbers of each value times its factor.
  package consuming func gradients(
    from seeds: [(value: Value, factor: Tensor)], inputs: [Value] = []
  ) -> (parameters: [Tensor?], inputs: [Tensor?]) {
    var adjoints = Adjoints(
      values: [Tensor?](repeating: nil, count: pullbacks.count),
      parameters: [Tensor?](repeating: nil, count: parameters.names.count), frozen: frozen)
    for seed in seeds { adjoints.add(seed.factor, to: seed.value) }
    let wanted = Set(inputs.compactMap(\.node))
    while let pullback = pullbacks.popLast() {  // frees what it captured as soon as it has run
      let node = pullbacks.count
      let dy = wanted.contains(node) ? adjoints.values[node] : adjoints.values[node].take()
      if let dy { pullback(dy, &adjoints) }
    }
    return (adjoints.parameters, inputs.map { $0.node.flatMap { adjoints.values[$0] } })
  }
}
