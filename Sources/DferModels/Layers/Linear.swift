import DferTensor

/// y = x W' + b over the last dimension: [..., inputs] -> [..., outputs]. Weight [outputs, inputs], bias [outputs].
package struct Linear: Sendable {
  package let weight: Parameter
  package let bias: Parameter?

  package init(_ inputs: Int, _ outputs: Int, bias: Bool = true, at path: String, in store: inout ParameterStore) {
    weight = store.declare("\(path).weight", shape: [outputs, inputs])
    self.bias = bias ? store.declare("\(path).bias", shape: [outputs]) : nil
  }

  package func callAsFunction(_ x: Value, _ tape: inout Tape) -> Value {
    tape.linear(x, weight, bias)
  }

  /// GELU of the answer.
  func withGELU(_ x: Value, _ tape: inout Tape) -> Value {
    bias.map { tape.linearGELU(x, weight, $0) } ?? tape.gelu(tape.linear(x, weight, nil))
  }
}

/// Brings every row of the last dimension to mean 0 and variance 1, then scales and shifts it per column.
package struct LayerNorm: Sendable {
  package let weight, bias: Parameter
  package let epsilon: Float

  package init(_ width: Int, epsilon: Double, at path: String, in store: inout ParameterStore) {
    weight = store.declare("\(path).weight", shape: [width])
    bias = store.declare("\(path).bias", shape: [width])
    self.epsilon = Float(epsilon)
  }

  package func callAsFunction(_ x: Value, _ tape: inout Tape) -> Value {
    tape.layerNorm(x, weight, bias, epsilon: epsilon)
  }
}
