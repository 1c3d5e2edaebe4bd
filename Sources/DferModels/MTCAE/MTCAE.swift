import DferTensor

/// MTCAE-DFER: an encoder of clips read by three cascaded decoders. arXiv 2412.18988.
package struct MTCAE: Sendable {
  package let config: MTCAEConfig
  package var encoder: ClipEncoder
  package let cascade: Cascade

  package init(_ config: MTCAEConfig, in store: inout ParameterStore) {
    self.config = config
    encoder = ClipEncoder(config, in: &store)
    cascade = Cascade(config.cascade, in: &store)
  }

  /// Normalised clips [batch, channels, frames, height, width] -> answers.
  ///
  /// Where `config.readsShortClips`, clips may have fewer temporal indices than `config` has, down to a still of one tubelet.
  ///
  /// - Parameters:
  ///   - kept: for each clip the tokens to look at, ascending, equally many of each temporal index and of each region; nil for
  ///     all.
  ///   - firstTemporalIndex: where in time such a shorter clip begins, in temporal indices.
  package func callAsFunction(
    _ clips: Tensor, kept: [[Int]]? = nil, firstTemporalIndex: Int = 0, _ tape: inout Tape
  ) -> MTCAEOutput {
    output(
      encoder(clips, kept: kept, firstTemporalIndex: firstTemporalIndex, &tape), frames: clips.shape[2], &tape)
  }

  /// The same answers, with what a behaviour decoder reads; nil for networks without a stem's finer maps.
  package func detailed(
    _ clips: Tensor, kept: [[Int]]? = nil, firstTemporalIndex: Int = 0, _ tape: inout Tape
  ) -> (output: MTCAEOutput, features: BehaviourFeatures)? {
    guard
      let (tokens, detail) = encoder.detailed(clips, kept: kept, firstTemporalIndex: firstTemporalIndex, &tape)
    else { return nil }
    let output = output(tokens, frames: clips.shape[2], &tape)
    let frames = tape.images(Value(clips)).tensor
    return (output, BehaviourFeatures(tokens: tokens, state: output.landmarkState, detail: detail, frames: frames))
  }

  /// The encoder, where it can embed clips half by half; else nil.
  var halvingEncoder: VideoMAEEncoder? {
    guard case .joint(let encoder) = encoder, config.trunk.temporalSize.isMultiple(of: 2) else { return nil }
    return encoder
  }

  /// The answers for clips whose two halves `encoder` has embedded, with what a behaviour decoder reads where the halves are
  /// detailed.
  func callAsFunction(
    _ halves: [[EmbeddedHalf]], kept: [[Int]]?, from encoder: VideoMAEEncoder, _ tape: inout Tape
  ) -> (output: MTCAEOutput, features: BehaviourFeatures?) {
    let (tokens, detail) = encoder(halves, kept: kept, &tape)
    let output = output(tokens, frames: config.trunk.numFrames, &tape)
    let images = halves.joined().compactMap(\.frames)
    guard let detail, let first = images.first else { return (output, nil) }
    let frames = Tensor(
      images.flatMap(\.values), shape: [images.reduce(0) { $0 + $1.shape[0] }] + first.shape.dropFirst())
    return (
      output, BehaviourFeatures(tokens: tokens, state: output.landmarkState, detail: detail, frames: frames)
    )
  }

  private func output(_ tokens: Value, frames: Int, _ tape: inout Tape) -> MTCAEOutput {
    let temporalSize = config.trunk.temporalSize(ofFrames: frames)
    precondition(
      tokens.shape[1].isMultiple(of: temporalSize),
      "MTCAE: \(tokens.shape[1]) kept tokens do not spread over \(temporalSize) time slots")
    return cascade(tokens, tokensPerTemporalIndex: tokens.shape[1] / temporalSize, &tape)
  }
}
