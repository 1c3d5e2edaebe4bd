/// What the training of a network for single images is told to do. Written into its checkpoints: a run goes on only
/// under the same settings.
public struct ImageSettings: TrainingOptions {
  public var steps = 1000
  public var batch = 32
  /// Highest learning rate.
  public var rate = 1e-3
  public var warmupSteps = 50
  /// Factor on the rate of a convolutional stem; below 1 spares one that has learned before.
  public var stemRate = 1.0
  public var weightDecay = 0.01
  /// Longer gradients are shortened to this length.
  public var maxGradientNorm = 5.0
  /// How slowly the averaged weights follow: 0 not at all, near 1 very.
  public var emaDecay = 0.998
  /// Strength of the random changes of the images, 0...1.
  public var augmentationStrength = 0.35
  /// Clips with fewer votes for a class do not teach expressions.
  public var minimumVotes: Float = 1
  /// This share of an expression's target is spread evenly over all classes.
  public var smoothing: Float = 0
  /// One factor per class; nil: all count alike.
  public var classWeights: [Float]?
  /// Share of the steps in which pairs of faces are faded into each other.
  public var mixup = 0.0
  /// Share of the steps in which a face with a known outline gets a mask drawn on.
  public var drawnMasks = 0.0
  /// Weights of the two losses of networks that also look for masks.
  public var expressionWeight: Float = 1
  public var maskWeight: Float = 1
  /// How much of the classes' prior the loss takes out of the logits, 0...1 (arXiv 2007.07314); nil: nothing.
  public var logitAdjustment: Double?
  /// Changes of images that make one source of faces look like another; nil: none.
  public var randomization: DomainRandomization?
  public var seed: UInt64 = 0
  /// Steps between two looks at the validation data, and between two checkpoints.
  public var evaluationInterval = 200
  /// Counts and names of the data, so that a run does not go on with other data.
  public var data = ""

  /// Names in checkpoints, which stay when properties are renamed.
  private enum CodingKeys: String, CodingKey {
    case steps, batch, rate, warmupSteps, stemRate, weightDecay, smoothing, classWeights, mixup, drawnMasks
    case expressionWeight, maskWeight, seed, data
    case logitAdjustment, randomization
    case maxGradientNorm = "longestGradient"
    case evaluationInterval = "checkEvery"
    case emaDecay = "averageDecay"
    case augmentationStrength = "strength"
    case minimumVotes = "leastVotes"
  }

  public init() {}
}
