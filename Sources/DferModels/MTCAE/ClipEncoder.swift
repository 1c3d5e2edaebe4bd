import DferTensor

/// What MTCAE reads clips with: one of two transformers over the same tubelets.
package enum ClipEncoder: Sendable {
  /// Attention over all tokens.
  case joint(VideoMAEEncoder)
  /// Attention inside regions and among their representatives. Whole clips only.
  case regions(LGIFormer)

  /// Which one, as commands and weight files call it.
  package enum Kind: String, Sendable, Codable, CaseIterable {
    case videoMAE = "videomae"
    case maeDFER = "mae-dfer"
  }

  init(_ config: MTCAEConfig, in store: inout ParameterStore) {
    // The notebook takes the trunk's tokens as they leave the last block.
    let norm = config.cascade.variant == .flowChart
    if let regions = config.regions {
      self = .regions(LGIFormer(regions, norm: norm, in: &store))
    } else {
      self = .joint(VideoMAEEncoder(config.trunk, norm: norm, in: &store))
    }
  }

  /// Clips [batch, channels, frames, height, width] -> tokens [batch, tokens, width] in raster order: time, row, column.
  ///
  /// - Parameters:
  ///   - kept: for each clip the tokens to look at, ascending, equally many for each clip and for each region; nil for
  ///     all.
  ///   - firstTemporalIndex: where in time a clip shorter than the network's begins, in temporal indices.
  package func callAsFunction(
    _ clips: Tensor, kept: [[Int]]? = nil, firstTemporalIndex: Int = 0, _ tape: inout Tape
  ) -> Value {
    switch self {
    case .joint(let encoder): encoder(clips, kept: kept, firstTemporalIndex: firstTemporalIndex, &tape)
    case .regions(let encoder): encoder.raster(clips, kept: kept, &tape)
    }
  }

  /// The same tokens, and beside each the stem's finer maps, [batch, tokens, `detailSize`]; nil for networks without them.
  func detailed(
    _ clips: Tensor, kept: [[Int]]? = nil, firstTemporalIndex: Int = 0, _ tape: inout Tape
  ) -> (tokens: Value, detail: Value)? {
    guard case .joint(let encoder) = self else { return nil }
    return encoder.detailed(clips, kept: kept, firstTemporalIndex: firstTemporalIndex, &tape)
  }

  /// As in `VideoMAEEncoder`.
  package var gradientCheckpointing: Bool {
    get {
      switch self {
      case .joint(let encoder): encoder.gradientCheckpointing
      case .regions(let encoder): encoder.gradientCheckpointing
      }
    }
    set {
      switch self {
      case .joint(var encoder):
        encoder.gradientCheckpointing = newValue
        self = .joint(encoder)
      case .regions(var encoder):
        encoder.gradientCheckpointing = newValue
        self = .regions(encoder)
      }
    }
  }
}
