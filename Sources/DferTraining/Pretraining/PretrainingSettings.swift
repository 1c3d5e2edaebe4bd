import DferModels

/// What a pre-training is told to do. Written into its checkpoints: a run goes on only under the same settings.
public struct PretrainingSettings: TrainingOptions {
  /// Which published method.
  public enum Variant: String, Sendable, Codable, CaseIterable {
    /// Joint attention, tubes over the whole frame, pixels (arXiv 2203.12602).
    case videoMAE = "videomae"
    /// Attention by regions, tubes in each region, first frame and frame difference (arXiv 2307.02227). Whole clips only.
    case maeDFER = "mae-dfer"
    /// Single images, patches anywhere, pixels (arXiv 2111.06377).
    case imageMAE = "mae"

    public init(_ kind: ClipEncoder.Kind) {
      switch kind {
      case .videoMAE: self = .videoMAE
      case .maeDFER: self = .maeDFER
      }
    }

    /// Share of the patch positions that is hidden in the paper.
    public var usualRatio: Double { self == .imageMAE ? 0.75 : 0.9 }
  }

  public var variant = Variant.videoMAE
  /// Share of the patch positions that are hidden.
  public var ratio = 0.9
  public var steps = 2000
  /// Stills of one step. A step on whole clips takes a quarter of it.
  public var batch = 64
  /// Highest learning rate.
  public var rate = 1e-3
  public var warmupSteps = 100
  public var weightDecay = 0.05
  public var beta2 = 0.95
  /// Longer gradients are shortened to this length.
  public var maxGradientNorm = 1.0
  /// Share of the steps that see whole clips; the others see one temporal index.
  public var clipShare = 0.25
  /// Strength of the random changes of the images, 0...1.
  public var augmentationStrength = 0.3
  /// Blocks of the decoder.
  public var decoderBlocks = 2
  public var seed: UInt64 = 0
  /// Steps between two checkpoints, and between two images of what is rebuilt.
  public var evaluationInterval = 200
  /// Counts and names of the data, so that a run does not go on with other data.
  public var data = ""

  /// Names in checkpoints, which stay when properties are renamed.
  private enum CodingKeys: String, CodingKey {
    case variant, ratio, steps, batch, rate, warmupSteps, weightDecay, beta2, clipShare, decoderBlocks, seed, data
    case maxGradientNorm = "longestGradient"
    case evaluationInterval = "checkEvery"
    case augmentationStrength = "strength"
  }

  public init() {}
}
