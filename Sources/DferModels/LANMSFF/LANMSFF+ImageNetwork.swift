import DferTensor
import Foundation

/// LANMSFF has one size; only dropout is a choice.
package struct LANMSFFConfig: Sendable, Hashable, Codable {
  /// Share of the numbers behind each block that a training step drops.
  package var dropout: Float

  /// - Parameter dropout: 0.4 as published.
  package init(dropout: Float = 0.4) { self.dropout = dropout }
}

extension LANMSFF: ImageNetwork {
  init(_ config: LANMSFFConfig, numLabels: Int, in store: inout ParameterStore) {
    self.init(numLabels: numLabels, dropout: config.dropout, in: &store)
  }

  package func callAsFunction(_ images: Value, _ tape: inout Tape) -> ImageOutput {
    let logits: Value = self(images, &tape)
    return ImageOutput(expression: logits)
  }

  package var expressionBiases: [String] { ["head.bias"] }

  package func forInference(_ weights: ParameterStore) -> (network: any ImageNetwork, weights: ParameterStore) {
    let folded = Self.folded(self, weights)
    return (folded.0, folded.1)
  }

  /// He's uniform distribution for kernels and layers, as in the authors' code; norms begin as the identity.
  package func initialize(_ weights: inout ParameterStore, random: inout RandomSource) {
    for parameter in weights.parameters {
      let name = weights.name(of: parameter)
      let shape = weights[parameter].shape
      let isNorm = name.contains("bn")
      if shape.count > 1 {
        let limit = (6 / Float(shape.dropFirst().reduce(1, *))).squareRoot()
        weights[parameter] = Tensor(
          (0..<shape.reduce(1, *)).map { _ in (2 * random.uniform() - 1) * limit }, shape: shape)
      } else if isNorm && (name.hasSuffix(".weight") || name.hasSuffix("running_var")) {
        weights[parameter] = Tensor([Float](repeating: 1, count: shape[0]), shape: shape)
      }
    }
  }
}
