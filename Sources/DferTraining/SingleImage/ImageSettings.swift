import DferTensor

/// What the training of a network for single images is told to do. Written into its checkpoints: a run goes on only
/// under the same settings.
package struct ImageSettings: LabelledTrainingOptions {
  package var steps = 1000
  package var batch = 32
  /// Highest learning rate.
  package var rate = 1e-3
  package var warmupSteps = 50
  /// Factor on the rate of a convolutional stem; below 1 spares one that has learned before.
  package var stemRate = 1.0
  package var weightDecay = 0.01
  /// Longer gradients are shortened to this length.
  package var maxGradientNorm = 5.0
  /// How slowly the averaged weights follow: 0 not at all, near 1 very.
  package var emaDecay = 0.998
  /// Strength of the random changes of the images, 0...1.
  package var augmentationStrength = 0.35
  /// Clips with fewer votes for a class do not teach expressions.
  package var minimumVotes: Float = 1
  /// This share of an expression's target is spread evenly over all classes.
  package var smoothing: Float = 0
  /// One factor per class; nil: all count alike.
  package var classWeights: [Float]?
  /// See `SoftLabelLoss.temperature`; nil: 1.
  package var distillationTemperature: Float?
  /// Share of the steps in which pairs of faces are faded into each other.
  package var mixup = 0.0
  /// Share of the steps in which a face with a known outline gets a mask drawn on.
  package var drawnMasks = 0.0
  /// Weights of the two losses of networks that also look for masks.
  package var expressionWeight: Float = 1
  package var maskWeight: Float = 1
  /// How much of the classes' prior the loss takes out of the logits, 0...1 (arXiv 2007.07314); nil: nothing.
  package var logitAdjustment: Double?
  /// Changes of images that make one source of faces look like another; nil: none.
  package var randomization: DomainRandomization?
  package var precision: Precision?
  package var seed: UInt64 = 0
  /// Steps between two looks at the validation data, and between two checkpoints.
  package var evaluationInterval = 200
  /// Counts and names of the data, so that a run does not go on with other data.
  package var data = ""

  /// Names in checkpoints, which stay when properties are renamed.
  private enum CodingKeys: String, CodingKey {
    case steps, batch, rate, warmupSteps, stemRate, weightDecay, smoothing, classWeights, mixup, drawnMasks
    case expressionWeight, maskWeight, seed, data, precision
    case logitAdjustment, randomization, distillationTemperature
    case maxGradientNorm = "longestGradient"
    case evaluationInterval = "checkEvery"
    case emaDecay = "averageDecay"
    case augmentationStrength = "strength"
    case minimumVotes = "leastVotes"
  }

  package init() {}
}
