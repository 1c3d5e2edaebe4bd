import DferTensor

/// Gradients of all parameters, in the store's order; nil where the loss does not depend on one.
package enum Gradients {
  /// The length of all gradients taken as one vector.
  package static func norm(_ gradients: [Tensor?]) -> Double {
    gradients.reduce(0) { $0 + ($1?.sumOfSquares ?? 0) }.squareRoot()
  }

  /// Shortens the gradients so that their common length is at most `longest`.
  /// - Returns: the length before; not finite when a gradient is not.
  @discardableResult
  package static func clip(_ gradients: inout [Tensor?], to longest: Double) -> Double {
    let norm = norm(gradients)
    let factor = longest / (norm + 1e-6)
    guard factor < 1 else { return norm }
    for index in gradients.indices { gradients[index]?.scale(by: Float(factor)) }
    return norm
  }
}
