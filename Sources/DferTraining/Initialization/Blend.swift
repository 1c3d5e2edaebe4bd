import DferModels
import DferTensor

/// The mean of two networks' weights. When one was trained on from the other, the mean keeps what the first could do and
/// much of what the second has learned beside it (WiSE-FT, arXiv 2109.01903).
package struct Blend: Sendable {
  package let model: ExpressionModel
  private let made: Provenance

  private struct Provenance: Encodable {
    var by = "dfer blend"
    var share: Float
    /// The stages that made the second network; those of the first come before this one.
    var with: String
  }

  /// - Parameter share: of the second network, 0...1.
  /// - Throws: `CheckpointError` naming `path` when the two are not networks of one kind and size.
  package init(_ first: ExpressionModel, _ second: ExpressionModel, share: Float, path: String) throws {
    guard first.card.config == second.card.config, first.card.labels == second.card.labels,
      first.card.imageMean == second.card.imageMean, first.card.imageStd == second.card.imageStd
    else {
      throw CheckpointError(path: path, reason: "a network of another size, other classes or other input: no blend")
    }
    model = first.replacing(
      zip(first.weights.names, zip(first.weights.tensors, second.weights.tensors)).map { name, pair in
        let values = zip(pair.0.values, pair.1.values).map { (1 - share) * $0 + share * $1 }
        return (name, Tensor(values, shape: pair.0.shape))
      })
    made = Provenance(share: share, with: second.card.training)
  }

  /// Writes the blend as a weight file; `result` is what it reads of data that neither has learned from.
  package func write(to path: String, _ result: Evaluation?) throws {
    try WeightFile.write(model.weights, model.card, result, stage: made, to: path)
  }
}
