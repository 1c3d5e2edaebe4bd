import DferTensor
import Foundation

/// How a predicted expression is compared with a soft label: the share that each class has in it.
struct SoftLabelLoss {
  /// This share of a label is spread evenly over all classes.
  var smoothing: Float
  /// One factor per class; nil: all count alike.
  var classWeights: [Float]?
  /// Both sides are divided by this in the logits, and the loss multiplied by its square ("Distilling the Knowledge in a Neural
  /// Network", arXiv 1503.02531, section 2). At 1 a class with a share of a thousandth teaches next to nothing; at 3 a teacher's
  /// answers tell how far every class is from the best one, also those that the faces hardly ever show.
  var temperature: Float

  /// The mean over all rows with a weight; 0 when there is none.
  /// - Parameters:
  ///   - logits: [rows, classes].
  ///   - shares: [rows, classes], each row with the sum 1.
  ///   - weights: one per row.
  func callAsFunction(_ logits: Value, _ shares: Tensor, weights: [Float], _ tape: inout Tape) -> Value {
    let (classes, total) = (shares.columns, weights.reduce(0, +))
    guard total > 0 else { return tape.scale(tape.crossEntropy(logits, targets: shares), by: 0) }
    // A certain label is a person's or a renderer's, not a teacher's: it says nothing of the other classes.
    let isSoft = weights.indices.map {
      temperature != 1 && (shares.values[$0 * classes..<($0 + 1) * classes].max() ?? 1) < 0.999
    }
    var (targets, softened) = (shares, shares)
    for row in weights.indices {
      let range = row * classes..<(row + 1) * classes
      var label = shares.values[range].map { (1 - smoothing) * $0 + smoothing / Float(classes) }
      if isSoft[row] { label = Self.softened(label, by: temperature) }
      for (index, share) in zip(range, label) {
        let target = share * weights[row] * (classWeights?[index - range.lowerBound] ?? 1)
        (targets.values[index], softened.values[index]) = isSoft[row] ? (0, target) : (target, 0)
      }
    }
    let mean = Float(weights.count) / total
    let plain = tape.crossEntropy(logits, targets: targets)
    guard isSoft.contains(true) else { return tape.scale(plain, by: mean) }
    let soft = tape.crossEntropy(tape.scale(logits, by: 1 / temperature), targets: softened)
    return tape.weightedSum([(mean, plain), (temperature * temperature * mean, soft)])
  }

  /// softmax(log(label) / temperature). A share of 0 counts as `leastShare`: nobody is sure beyond that.
  static func softened(_ label: [Float], by temperature: Float) -> [Float] {
    let powers = label.map { pow(max($0, leastShare), 1 / temperature) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }

  static let leastShare: Float = 0.0005
}
