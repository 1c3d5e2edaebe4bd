import DferModels
import DferTensor

/// What a pre-training is told to do. Written into its checkpoints: a run goes on only under the same settings.
package struct PretrainingSettings: TrainingOptions {
  /// Which published method.
  package enum Variant: String, Sendable, Codable, CaseIterable {
    /// Joint attention, tubes over the whole frame, pixels (arXiv 2203.12602).
    case videoMAE = "videomae"
    /// Attention by regions, tubes in each region, first frame and frame difference (arXiv 2307.02227). Whole clips only.
    case maeDFER = "mae-dfer"
    /// Single images, patches anywhere, pixels (arXiv 2111.06377).
    case imageMAE = "mae"

    package init(_ kind: ClipEncoder.Kind) {
      switch kind {
      case .videoMAE: self = .videoMAE
      case .maeDFER: self = .maeDFER
      }
    }

    /// Share of the patch positions that is hidden in the paper.
    package var usualRatio: Double { self == .imageMAE ? 0.75 : 0.9 }
  }

  package var variant = Variant.videoMAE
  /// Share of the patch positions that are hidden.
  package var ratio = 0.9
  package var steps = 2000
  /// Stills of one step. A step on whole clips takes a quarter of it.
  package var batch = 64
  /// Highest learning rate.
  package var rate = 1e-3
  package var warmupSteps = 100
  package var weightDecay = 0.05
  package var beta2 = 0.95
  /// Longer gradients are shortened to this length.
  package var maxGradientNorm = 1.0
  /// Share of the steps that see whole clips; the others see one temporal index.
  package var clipShare = 0.25
  /// Strength of the random changes of the images, 0...1.
  package var augmentationStrength = 0.3
  /// Blocks of the decoder.
  package var decoderBlocks = 2
  package var precision: Precision?
  package var seed: UInt64 = 0
  /// Steps between two checkpoints, and between two images of what is rebuilt.
  package var evaluationInterval = 200
  /// Counts and names of the data, so that a run does not go on with other data.
  package var data = ""

  /// Names in checkpoints, which stay when properties are renamed.
  private enum CodingKeys: String, CodingKey {
    case variant, ratio, steps, batch, rate, warmupSteps, weightDecay, beta2, clipShare, decoderBlocks, seed, data
    case precision
    case maxGradientNorm = "longestGradient"
    case evaluationInterval = "checkEvery"
    case augmentationStrength = "strength"
  }

  package init() {}
}
