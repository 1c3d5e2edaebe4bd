import DferTensor

/// MTCAE-DFER: an encoder of clips read by three cascaded decoders. arXiv 2412.18988.
public struct MTCAE: Sendable {
  public let config: MTCAEConfig
  public var encoder: ClipEncoder
  public let cascade: Cascade

  public init(_ config: MTCAEConfig, in store: inout ParameterStore) {
    self.config = config
    encoder = ClipEncoder(config, in: &store)
    cascade = Cascade(config.cascade, in: &store)
  }

  /// Normalised clips [batch, channels, frames, height, width] -> answers.
  ///
  /// Where `config.readsSlots`, clips may have fewer slots than `config` has, down to a still of one slot.
  ///
  /// - Parameters:
  ///   - kept: for each clip the tokens to look at, ascending, equally many of each time slot and of each region; nil for
  ///     all.
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
