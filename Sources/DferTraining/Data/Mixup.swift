import DferTensor
import Foundation

/// Mixup (arXiv 1710.09412): a batch and the same batch in another order, faded into each other, images and votes alike.
/// A network that learns from such images is less sure of what lies between two expressions.
struct Mixup: Sendable, Hashable {
  /// Share of each sample itself; its partner has the rest.
  let share: Float
  /// Whom each sample is mixed with.
  let partners: [Int]

  /// - Parameter alpha: the share is drawn from Beta(alpha, alpha); 0.8 is what VideoMAE is fine-tuned with.
  init(_ count: Int, alpha: Double = 0.8, random: inout RandomSource) {
    share = Self.beta(alpha, random: &random)
    partners = Array(0..<count).shuffled(using: &random)
  }

  /// Beta(alpha, alpha) by Jöhnk's method, which is quick where alpha is not far above 1.
  private static func beta(_ alpha: Double, random: inout RandomSource) -> Float {
    while true {
      let x = pow(Double(random.uniform()), 1 / alpha)
      let y = pow(Double(random.uniform()), 1 / alpha)
      if x + y > 0, x + y <= 1 { return Float(x / (x + y)) }
    }
  }

  /// Images or clips, [batch, ...].
  func mixed(_ input: Tensor) -> Tensor {
    let size = input.count / partners.count
    var result = input
    for (row, partner) in partners.enumerated() where partner != row {
      for i in 0..<size {
        result.values[row * size + i] =
          share * input.values[row * size + i] + (1 - share) * input.values[partner * size + i]
      }
    }
    return result
  }

  /// Shares of votes [batch, labels], with the weight of each row; a row without votes has none and gives none.
  func mixed(_ shares: Tensor, weights: [Float]) -> (shares: Tensor, weights: [Float]) {
    var (result, sums) = (shares, weights)
    for (row, partner) in partners.enumerated() {
      let (own, other) = (share * weights[row], (1 - share) * weights[partner])
      sums[row] = own + other
      guard sums[row] > 0 else { continue }
      for label in 0..<shares.columns {
        let mixed =
          own * shares.values[row * shares.columns + label] + other * shares.values[partner * shares.columns + label]
        result.values[row * shares.columns + label] = mixed / sums[row]
      }
    }
    return (result, sums)
  }
}
