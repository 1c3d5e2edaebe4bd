import DferModels
import DferTensor

/// What every training is told: how long, how fast, how often to look, and on what.
package protocol TrainingOptions: Sendable, Hashable, Codable {
  init()
  var steps: Int { get set }
  /// Images of one step.
  var batch: Int { get set }
  /// Highest learning rate.
  var rate: Double { get set }
  var warmupSteps: Int { get set }
  /// Gradients are clipped to this norm.
  var maxGradientNorm: Double { get }
  /// Steps between two evaluations on the validation data, and between two checkpoints.
  var evaluationInterval: Int { get set }
  var seed: UInt64 { get set }
  /// Counts and names of the data, so that a run does not go on with other data.
  var data: String { get set }
  /// What linear layers and their gradients are made of; nil: fp32. Weights, sums and everything else are in 32 bits.
  var precision: Precision? { get }
}

/// What every training on labelled faces is told beside that. Each has defaults of its own.
package protocol LabelledTrainingOptions: TrainingOptions {
  /// Factor on the rate of a convolutional stem; below 1 spares one that has learned before.
  var stemRate: Double { get set }
  /// Strength of the random changes of the images, 0...1.
  var augmentationStrength: Double { get set }
  /// Fraction of the steps that mix pairs of faces.
  var mixup: Double { get set }
  /// Fraction of the steps in which a mask is drawn on a face with known landmarks.
  var drawnMasks: Double { get set }
  /// How much of the classes' prior the loss takes out of the logits, 0...1 (arXiv 2007.07314); nil: nothing.
  var logitAdjustment: Double? { get set }
  /// Changes of images that make one source of faces look like another; nil: none.
  var randomization: DomainRandomization? { get set }
}

extension TrainingOptions {
  package var precision: Precision? { nil }

  /// The same options always give the same text. It is written into checkpoints: a run goes on only under the same.
  var json: String { CanonicalJSON.text(self) }

  /// A rise over the warm-up, then half a cosine down to a hundredth.
  var schedule: WarmupCosine {
    WarmupCosine(
      base: rate, start: rate / Double(max(1, warmupSteps)), minimum: rate / 100,
      warmupSteps: min(warmupSteps, steps), steps: steps)
  }

  /// Whether the files are written and the validation data looked at after this step.
  func isChecked(_ step: Int) -> Bool { step.isMultiple(of: evaluationInterval) || step == steps }
}
