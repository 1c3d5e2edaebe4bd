import DferModels
import DferTensor

/// What a training is told to do. Written into its checkpoints: a run goes on only under the same settings.
package struct TrainingSettings: LabelledTrainingOptions {
  package var steps = 1000
  /// Stills of one step. A step on whole clips takes an eighth of it, which costs about as much.
  package var batch = 32
  /// Highest learning rate.
  package var rate = 1e-4
  package var warmupSteps = 50
  package var weightDecay = 0.05
  /// Factor on the rate from each encoder layer to the one before it; below 1 spares what early layers have learned.
  package var layerDecay = 0.85
  /// Factor on the rate of the heads.
  package var headRate = 1.0
  /// Factor on the rate of a convolutional stem; below 1 spares one that has learned before.
  package var stemRate = 1.0
  /// Starts of names of weights that do not move, as `encoder.`.
  package var frozen: [String] = []
  /// Longer gradients are shortened to this length.
  package var maxGradientNorm = 1.0
  /// How slowly the averaged weights follow: 0 not at all, near 1 very.
  package var emaDecay = 0.998
  /// Share of the patch positions that the network sees in a step, drawn anew for each clip.
  package var keepTubes = 0.6
  /// Share of the steps that see whole clips; the others see one temporal index.
  package var clipShare = 0.0
  /// Views of each face that a frozen encoder reads, once for all; 0: it reads a new one in every step.
  package var cachedAugmentations = 0
  /// Whether the encoder's blocks are run again for their gradients instead of kept: slower, with far less memory.
  package var gradientCheckpointing = false
  /// Strength of the random changes of the images, 0...1.
  package var augmentationStrength = 0.35
  /// Share of the steps in which pairs of faces are faded into each other; such steps teach expressions only.
  package var mixup = 0.0
  /// Share of the stills of whole-clip steps that come out of another face at rest and go back; see `Episode`.
  package var episodes = 0.0
  /// Share of the steps in which a mask is drawn on a face with known points.
  package var drawnMasks = 0.0
  /// Whether the losses' weights move towards the tasks that are learned worst; see `TaskWeighting`.
  package var weighsTasks = false
  /// Clips with fewer votes for a class do not teach expressions.
  package var minimumVotes: Float = 1
  package var loss = CascadeLoss()
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
    case steps, batch, rate, warmupSteps, weightDecay, layerDecay, headRate, stemRate, frozen, keepTubes, clipShare
    case mixup, episodes, drawnMasks, weighsTasks, loss, seed, data, precision
    case logitAdjustment, randomization
    case maxGradientNorm = "longestGradient"
    case evaluationInterval = "checkEvery"
    case emaDecay = "averageDecay"
    case cachedAugmentations = "cachedViews"
    case gradientCheckpointing = "recomputes"
    case augmentationStrength = "strength"
    case minimumVotes = "leastVotes"
  }

  package init() {}

  /// Which tubes a step sees of its clips.
  func tubes(_ config: MTCAEConfig) -> TubeMask { TubeMask(config.windows, keeping: keepTubes) }

  var freezesEncoder: Bool { frozen.contains { "encoder.".hasPrefix($0) } }
}
