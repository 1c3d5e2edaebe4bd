import DferTensor

/// One operation, or a small network, whose pullbacks are checked against differences of its output.
package struct OpCase: Sendable, CustomStringConvertible {
  package let name: String
  package var description: String { name }
  let inputs: [[Int]]
  let parameters: [[Int]]
  let training: Bool
  /// Whether the output has kinks (a maximum, a rectifier): then inputs keep clear of each other and of zero.
  let kinks: Bool
  let body: @Sendable (inout Tape, [Value], [Parameter]) -> Value

  package init(
    _ name: String, inputs: [[Int]], parameters: [[Int]] = [], training: Bool = false, kinks: Bool = false,
    body: @escaping @Sendable (inout Tape, [Value], [Parameter]) -> Value
  ) {
    self.name = name
    self.inputs = inputs
    self.parameters = parameters
    self.training = training
    self.kinks = kinks
    self.body = body
  }

  /// The worst relative error of any gradient: the output is projected on a fixed random vector, summed in `Double`,
  /// and compared with a central difference of step 1e-2. Numbers below 1e-2 count as 1e-2.
  package func worstError() -> Double {
    var random = RandomSource(seed: 7)
    var store = ParameterStore()
    let slots = parameters.enumerated().map { index, shape in
      let slot = store.declare("p\(index)", shape: shape)
      store[slot] = numbers(shape, &random)
      return slot
    }
    let tensors = inputs.map { numbers($0, &random) }

    var tape = Tape(store, recording: true, training: training)
    let values = tensors.map { tape.input($0) }
    let y = body(&tape, values, slots)
    let factor = Tensor((0..<y.tensor.count).map { _ in random.normal() }, shape: y.shape)
    let gradients = tape.gradients(from: [(y, factor)], inputs: values)

    func project(_ store: ParameterStore, _ tensors: [Tensor]) -> Double {
      var tape = Tape(store, training: training)
      let y = body(&tape, tensors.map { Value($0) }, slots)
      return zip(y.tensor.values, factor.values).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    func error(_ gradient: Tensor?, _ i: Int, _ moved: (Float) -> Double) -> Double {
      let step: Float = 1e-2
      let expected = (moved(step) - moved(-step)) / (2 * Double(step))
      let found = Double(gradient?.values[i] ?? 0)
      let result = abs(found - expected) / max(abs(found), abs(expected), 1e-2 * scale(gradient), 1e-2)
      return result.isNaN ? .infinity : result
    }

    var worst = 0.0
    for (index, tensor) in tensors.enumerated() {
      for i in places(tensor.count) {
        worst = max(
          worst,
          error(gradients.inputs[index], i) { step in
            var moved = tensors
            moved[index].values[i] += step
            return project(store, moved)
          })
      }
    }
    for (index, slot) in slots.enumerated() {
      for i in places(store[slot].count) {
        worst = max(
          worst,
          error(gradients.parameters[index], i) { step in
            var moved = store
            moved[slot].values[i] += step
            return project(moved, tensors)
          })
      }
    }
    return worst
  }

  /// Large gradients carry rounding noise into the small ones beside them, so those are judged by the large.
  private func scale(_ gradient: Tensor?) -> Double {
    Double(gradient?.values.map { abs($0) }.max() ?? 0)
  }

  /// At most 60 places spread over `count`.
  private func places(_ count: Int) -> [Int] {
    Array(stride(from: 0, to: count, by: max(1, count / 60)))
  }

  private func numbers(_ shape: [Int], _ random: inout RandomSource) -> Tensor {
    let count = shape.reduce(1, *)
    guard kinks else { return Tensor((0..<count).map { _ in random.normal() }, shape: shape) }
    let spread = (0..<count).map { 0.05 * (Float($0 - count / 2) + 0.5) }
    return Tensor(spread.shuffled(using: &random), shape: shape)
  }
}
