import DferTensor

/// MAE-DFER in masked pre-training: an LGI-Former sees a few tubes of every region, a small transformer with joint
/// attention paints the rest. arXiv 2307.02227.
package struct MAEDFERPretraining: Sendable {
  package var encoder: LGIFormer
  let decoder: MaskedDecoder

  /// `config.trunk.decoder` must be set.
  package init(_ config: MAEDFERConfig, in store: inout ParameterStore) {
    encoder = LGIFormer(config, norm: true, in: &store)
    decoder = MaskedDecoder(config.trunk, in: &store)
  }

  /// Clips [batch, channels, frames, height, width] -> pixels of the masked tubelets [batch, masked, pixels], as
  /// `VideoMAEPretraining` gives them.
  ///
  /// As in the original code the decoder gives seen tokens, which stand in the order of regions, positions in raster
  /// order: where a frame has several regions, some tokens get a neighbour's position.
  ///
  /// - Parameter visible: for each clip the tokens that the encoder sees, ascending, equally many for each region.
  package func callAsFunction(_ clips: Tensor, visible: [[Int]], _ tape: inout Tape) -> Value {
    let tokens = encoder(clips, kept: visible, &tape).tokens
    return decoder(tokens, visible: visible, of: encoder.config.trunk.tokens, &tape)
  }
}
