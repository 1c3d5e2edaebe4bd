/// A tensor on its way through a network. `node` is nil when nothing upstream wants a gradient.
public struct Value: Sendable {
  public let tensor: Tensor
  public let node: Int?

  public init(_ tensor: Tensor) {
    self.tensor = tensor
    node = nil
  }

  init(_ tensor: Tensor, node: Int?) {
    self.tensor = tensor
    self.node = node
  }

  public var shape: [Int] { tensor.shape }
}

/// Turns the gradient of an operation's output into gradients of its inputs and parameters.
typealias Pullback = (_ dy: Tensor, _ adjoints: inout Adjoints) -> Void

/// Gradients on their way back: one per value of the tape and one per parameter, made when first reached.
struct Adjoints {
  fileprivate(set) var values: [Tensor?]
  fileprivate(set) var parameters: [Tensor?]

  /// Adds `gradient` to what has already arrived for `value`.
  mutating func add(_ gradient: @autoclosure () -> Tensor, to value: Value) {
    guard let node = value.node else { return }
    Self.accumulate(gradient(), in: &values[node])
  }

  mutating func add(_ gradient: @autoclosure () -> Tensor, to parameter: Parameter) {
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
/// With `recording: false` nothing is kept and the same forward pass is plain inference. A tape is used once.
public struct Tape: ~Copyable {
  public let parameters: ParameterStore
  public let isRecording: Bool
  private var pullbacks: [Pullback] = []

  public init(_ parameters: ParameterStore, recording: Bool = false) {
    self.parameters = parameters
    isRecording = recording
  }

  /// Adds an operation's output to the tape. `pullback` is dropped when the tape is not recording.
  mutating func record(_ y: Tensor, _ pullback: @escaping Pullback) -> Value {
    guard isRecording else { return Value(y) }
    pullbacks.append(pullback)
    return Value(y, node: pullbacks.count - 1)
  }

  /// A value whose own gradient is wanted, as an input of a gradient check.
  public mutating func input(_ tensor: Tensor) -> Value {
    record(tensor) { _, _ in }
  }

  /// Gradients of a scalar `loss` for all parameters and for the given `inputs`.
  public consuming func gradients(of loss: Value, inputs: [Value] = []) -> (parameters: [Tensor?], inputs: [Tensor?]) {
    precondition(loss.tensor.count == 1, "gradients(of:): the loss has shape \(loss.shape), not one number")
    guard let last = loss.node else { return ([Tensor?](repeating: nil, count: parameters.names.count), []) }
    var adjoints = Adjoints(
      values: [Tensor?](repeating: nil, count: pullbacks.count),
      parameters: [Tensor?](repeating: nil, count: parameters.names.count))
    adjoints.values[last] = Tensor([1], shape: loss.shape)
    let wanted = Set(inputs.compactMap(\.node))
    for node in stride(from: last, through: 0, by: -1) {
      let pullback = pullbacks.removeLast(through: node)
      let dy = wanted.contains(node) ? adjoints.values[node] : adjoints.values[node].take()
      if let dy { pullback(dy, &adjoints) }
    }
    return (adjoints.parameters, inputs.map { $0.node.flatMap { adjoints.values[$0] } })
  }
}

extension [Pullback] {
  /// Frees the pullbacks above `node` and takes the one at `node`, with everything that it captured.
  fileprivate mutating func removeLast(through node: Int) -> Pullback {
    removeLast(count - node - 1)
    return removeLast()
  }
}
