import DferTensor

/// MTCAE-DFER: a VideoMAE encoder read by three cascaded decoders. arXiv 2412.18988.
public struct MTCAE: Sendable {
  public let config: MTCAEConfig
  public var encoder: VideoMAEEncoder
  public let cascade: Cascade

  public init(_ config: MTCAEConfig, in store: inout ParameterStore) {
    self.config = config
    // The notebook takes the trunk's tokens as they leave the last block.
    encoder = VideoMAEEncoder(config.trunk, norm: config.cascade.variant == .flowChart, in: &store)
    cascade = Cascade(config.cascade, in: &store)
  }

  /// Normalised clips [batch, channels, frames, height, width] -> answers.
  ///
  /// Heads that pool over time slots also read clips with fewer slots than `config` has, down to a still of one slot.
  ///
  /// - Parameters:
  ///   - kept: for each clip the tokens to look at, ascending, equally many of each time slot; nil for all.
  ///   - firstSlot: where in time such a shorter clip begins, in time slots.
  public func callAsFunction(
    _ clips: Tensor, kept: [[Int]]? = nil, firstSlot: Int = 0, _ tape: inout Tape
  ) -> MTCAEOutput {
    let tokens = encoder(clips, kept: kept, firstSlot: firstSlot, &tape)
    let slots = config.trunk.slots(ofFrames: clips.shape[2])
    precondition(
      tokens.shape[1].isMultiple(of: slots),
      "MTCAE: \(tokens.shape[1]) kept tokens do not spread over \(slots) time slots")
    return cascade(tokens, tokensPerSlot: tokens.shape[1] / slots, &tape)
  }
}
