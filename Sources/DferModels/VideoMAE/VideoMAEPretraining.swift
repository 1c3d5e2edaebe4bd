import DferTensor

/// VideoMAE in masked pre-training: the encoder sees a few tubes, a small decoder paints the rest.
package struct VideoMAEPretraining: Sendable {
  package var encoder: VideoMAEEncoder
  let decoder: MaskedDecoder

  /// `config.decoder` must be set.
  package init(_ config: VideoMAEConfig, in store: inout ParameterStore) {
    encoder = VideoMAEEncoder(config, norm: true, in: &store)
    decoder = MaskedDecoder(config, in: &store)
  }

  /// Clips [batch, channels, frames, height, width] -> pixels of the masked tubelets [batch, masked, pixels]. A row is
  /// ordered frame, row, column, colour; rows are in raster order. A clip of one frame is a still: it fills a tubelet.
  ///
  /// An encoder with a convolutional stem sees across the borders of patches: what it must not know has to be painted
  /// over in `clips` before.
  ///
  /// - Parameters:
  ///   - visible: for each clip the tokens that the encoder sees, ascending, equally many for each.
  ///   - firstTemporalIndex: where in time a clip shorter than the network's begins, in temporal indices.
  package func callAsFunction(
    _ clips: Tensor, visible: [[Int]], firstTemporalIndex: Int = 0, _ tape: inout Tape
  ) -> Value {
    let config = encoder.config
    let tokens = config.temporalSize(ofFrames: clips.shape[2]) * config.tokensPerTemporalIndex
    let encoded = encoder(clips, kept: visible, firstTemporalIndex: firstTemporalIndex, &tape)
    return decoder(
      encoded, visible: visible, of: tokens, from: firstTemporalIndex * config.tokensPerTemporalIndex, &tape)
  }
}
