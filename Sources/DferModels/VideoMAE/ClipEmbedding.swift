import DferTensor

/// Turns clips into tokens that know where they lie: tubelets of the pixels, or of what a stem makes of them, mapped to
/// the network's width, with a fixed sine table added.
struct ClipEmbedding: Sendable {
  let config: VideoMAEConfig
  let stem: ConvolutionalStem?
  let patches: PatchEmbedding
  /// [tokens, width]; not stored in weight files.
  let positions: Tensor

  init(_ config: VideoMAEConfig, at path: String, in store: inout ParameterStore) {
    self.config = config
    stem = config.stemWidths.map {
      ConvolutionalStem($0, channels: config.numChannels, at: "\(path).stem", in: &store)
    }
    patches = PatchEmbedding(config, at: "\(path).patch_embed", in: &store)
    positions = sineTable(positions: config.tokens, width: config.hiddenSize)
  }

  /// Clips [batch, channels, frames, height, width] -> tokens [batch, tokens, width]. A clip of one frame is a still: it
  /// fills a whole tubelet.
  ///
  /// - Parameters:
  ///   - kept: for each clip the tokens to make, in the order in which they will stand, equally many for each; nil for
  ///     all in raster order.
  ///   - firstTemporalIndex: where in time a clip shorter than the network's begins, in temporal indices.
  func callAsFunction(_ clips: Tensor, kept: [[Int]]?, firstTemporalIndex: Int = 0, _ tape: inout Tape) -> Value {
    embedded(maps(clips, &tape), kept: kept, firstTemporalIndex: firstTemporalIndex, &tape)
  }

  /// The same tokens, and beside each the stem's maps of twice the resolution over the same tubelet: [batch, tokens,
  /// `config.detailSize`].
  func detailed(
    _ clips: Tensor, kept: [[Int]]?, firstTemporalIndex: Int, _ tape: inout Tape
  ) -> (tokens: Value, detail: Value)? {
    guard let (maps, detail) = scales(clips, &tape) else { return nil }
    return (
      embedded(maps, kept: kept, firstTemporalIndex: firstTemporalIndex, &tape),
      kept.map { tape.gatherTokens(detail, $0) } ?? detail
    )
  }

  /// What the patches are cut from, and the maps of twice the resolution, cut; nil without a stem that gives them.
  private func scales(_ clips: Tensor, _ tape: inout Tape) -> (maps: Value, detail: Value)? {
    guard let stem, config.detailSize != nil else { return nil }
    let images = tape.images(Value(clips))
    let scales = stem.scales(images, &tape).suffix(2).map { tubeletMaps($0, frames: clips.shape[2], &tape) }
    return (scales[1], tape.tubelets(scales[0], tubelet: config.tubeletSize, patch: 2))
  }

  /// One half of a clip, [1, channels, frames / 2, height, width], before its tokens are told where in time they lie.
  ///
  /// - Parameters:
  ///   - cells: cells of a frame to make tokens of; nil for all.
  ///   - isDetailed: whether the stem's finer maps are wanted too.
  func half(_ frames: Tensor, cells: [Int]?, isDetailed: Bool, _ tape: inout Tape) -> EmbeddedHalf {
    let kept = cells.map { cells in
      [
        (0..<frames.shape[2] / config.tubeletSize).flatMap { time in
          cells.map { time * config.tokensPerTemporalIndex + $0 }
        }
      ]
    }
    guard isDetailed, let (maps, detail) = scales(frames, &tape) else {
      return EmbeddedHalf(tokens: patches(maps(frames, &tape), kept: kept, &tape).tensor, detail: nil, frames: nil)
    }
    return EmbeddedHalf(
      tokens: patches(maps, kept: kept, &tape).tensor,
      detail: (kept.map { tape.gatherTokens(detail, $0) } ?? detail).tensor,
      frames: tape.images(Value(frames)).tensor)
  }

  /// What whole clips would have been embedded as, out of two halves each.
  func joined(
    _ halves: [[EmbeddedHalf]], kept: [[Int]]?, _ tape: inout Tape
  ) -> (tokens: Value, detail: Value?) {
    func join(_ parts: [Tensor]) -> Value {
      var shape = parts[0].shape
      (shape[0], shape[1]) = (halves.count, shape[1] * parts.count / halves.count)
      return Value(Tensor(Array(parts.map(\.values).joined()), shape: shape))
    }
    let all = Array(halves.joined())
    let details = all.compactMap(\.detail)
    return (
      placed(join(all.map(\.tokens)), kept: kept, firstTemporalIndex: 0, &tape),
      details.count == all.count ? join(details) : nil
    )
  }

  private func embedded(_ maps: Value, kept: [[Int]]?, firstTemporalIndex: Int, _ tape: inout Tape) -> Value {
    placed(patches(maps, kept: kept, &tape), kept: kept, firstTemporalIndex: firstTemporalIndex, &tape)
  }

  private func placed(_ tokens: Value, kept: [[Int]]?, firstTemporalIndex: Int, _ tape: inout Tape) -> Value {
    let first = firstTemporalIndex * config.tokensPerTemporalIndex
    guard let kept else { return tape.addConstant(tokens, positions(of: tokens.shape[1], from: first)) }
    let table = Value(positions.reshaped([1] + positions.shape))
    let places = tape.gatherTokens(table, [kept.flatMap { $0.map { first + $0 } }])
    return tape.add(tokens, tape.reshape(places, tokens.shape))
  }

  /// What the patches are cut from: the pixels, or what the stem makes of them.
  private func maps(_ clips: Tensor, _ tape: inout Tape) -> Value {
    let (frames, input) = (clips.shape[2], tape.networkInput(clips))
    guard let stem else {
      return frames == 1 ? tape.repeatFrame(input, config.tubeletSize) : input
    }
    return tubeletMaps(stem(tape.images(input), &tape), frames: frames, &tape)
  }

  /// Maps of single frames as clips; those of a still fill a tubelet.
  private func tubeletMaps(_ maps: Value, frames: Int, _ tape: inout Tape) -> Value {
    let clips = tape.clips(maps, frames: frames)
    return frames == 1 ? tape.repeatFrame(clips, config.tubeletSize) : clips
  }

  /// Rows of the table for `count` tokens from `first` on.
  private func positions(of count: Int, from first: Int) -> Tensor {
    guard count < config.tokens else { return positions }
    precondition(first + count <= config.tokens, "ClipEmbedding: tokens up to \(first + count) of \(config.tokens)")
    let width = config.hiddenSize
    return Tensor(Array(positions.values[first * width..<(first + count) * width]), shape: [count, width])
  }
}
