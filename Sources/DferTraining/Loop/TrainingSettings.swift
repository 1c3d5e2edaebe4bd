import DferModels

/// What a training is told to do. Written into its checkpoints: a run goes on only under the same settings.
public struct TrainingSettings: TrainingOptions {
  public var steps = 1000
  /// Stills of one step. A step on whole clips takes an eighth of it, which costs about as much.
  public var batch = 32
  /// Highest learning rate.
  public var rate = 1e-4
  public var warmupSteps = 50
  public var weightDecay = 0.05
  /// Factor on the rate from each encoder layer to the one before it; below 1 spares what early layers have learned.
  public var layerDecay = 0.85
  /// Factor on the rate of the heads.
  public var headRate = 1.0
  /// Factor on the rate of a convolutional stem; below 1 spares one that has learned before.
  public var stemRate = 1.0
  /// Starts of names of weights that do not move, as `encoder.`.
  public var frozen: [String] = []
  /// Longer gradients are shortened to this length.
  public var maxGradientNorm = 1.0
  /// How slowly the averaged weights follow: 0 not at all, near 1 very.
  public var emaDecay = 0.998
  /// Share of the patch positions that the network sees in a step, drawn anew for each clip.
  public var keepTubes = 0.6
  /// Share of the steps that see whole clips; the others see one temporal index.
  public var clipShare = 0.0
  /// Views of each face that a frozen encoder reads, once for all; 0: it reads a new one in every step.
  public var cachedAugmentations = 0
  /// Whether the encoder's blocks are run again for their gradients instead of kept: slower, with far less memory.
  public var gradientCheckpointing = false
  /// Strength of the random changes of the images, 0...1.
  public var augmentationStrength = 0.35
  /// Share of the steps in which pairs of faces are faded into each other; such steps teach expressions only.
  public var mixup = 0.0
  /// Share of the stills of whole-clip steps that come out of another face at rest and go back; see `Episode`.
  public var episodes = 0.0
  /// Share of the steps in which a mask is drawn on a face with known points.
  public var drawnMasks = 0.0
  /// Whether the losses' weights move towards the tasks that are learned worst; see `TaskWeighting`.
  public var weighsTasks = false
  /// Clips with fewer votes for a class do not teach expressions.
  public var minimumVotes: Float = 1
  public var loss = CascadeLoss()
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
    case steps, batch, rate, warmupSteps, weightDecay, layerDecay, headRate, stemRate, frozen, keepTubes, clipShare
    case mixup, episodes, drawnMasks, weighsTasks, loss, seed, data
    case logitAdjustment, randomization
    case maxGradientNorm = "longestGradient"
    case evaluationInterval = "checkEvery"
    case emaDecay = "averageDecay"
    case cachedAugmentations = "cachedViews"
    case gradientCheckpointing = "recomputes"
    case augmentationStrength = "strength"
    case minimumVotes = "leastVotes"
  }

  public init() {}

  /// Which tubes a step sees of its clips.
  func tubes(_ config: MTCAEConfig) -> TubeMask { TubeMask(config.windows, keeping: keepTubes) }

  var freezesEncoder: Bool { frozen.contains { "encoder.".hasPrefix($0) } }
}
