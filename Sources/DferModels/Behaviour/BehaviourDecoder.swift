import DferImage
import DferTensor

/// Sizes of the behaviour decoder. Keys are those of its weight file's `config`.
package struct BehaviourConfig: Sendable, Hashable, Codable {
  /// Width of the encoder's tokens, and of the landmark decoder's state.
  package var hiddenSize, decoderHiddenSize: Int
  /// Numbers of the stem's finer maps for each token.
  package var detailSize: Int
  package var decoderNumAttentionHeads, decoderIntermediateSize: Int
  /// Frames of a temporal index.
  package var tubeletSize: Int
  /// Cells along each side of a frame.
  package var grid: Int
  /// Colours of a frame.
  package var channels: Int
  package var numStrengths: Int

  enum CodingKeys: String, CodingKey {
    case hiddenSize = "hidden_size"
    case decoderHiddenSize = "decoder_hidden_size"
    case detailSize = "detail_size"
    case decoderNumAttentionHeads = "decoder_num_attention_heads"
    case decoderIntermediateSize = "decoder_intermediate_size"
    case tubeletSize = "tubelet_size"
    case grid
    case channels = "num_channels"
    case numStrengths = "num_strengths"
  }

  /// For a network of joint attention behind a stem; nil for others, which give no finer maps.
  package init?(_ base: MTCAEConfig) {
    guard let detail = base.trunk.detailSize, base.regionSize == nil, base.cascade.variant == .flowChart else {
      return nil
    }
    (hiddenSize, decoderHiddenSize) = (base.trunk.hiddenSize, base.cascade.decoderHiddenSize)
    (detailSize, tubeletSize, grid) = (detail, base.trunk.tubeletSize, base.trunk.grid)
    decoderNumAttentionHeads = base.cascade.decoderNumAttentionHeads
    decoderIntermediateSize = base.cascade.decoderIntermediateSize
    (channels, numStrengths) = (base.trunk.numChannels, ActionUnit.all.count)
  }
}

/// What the behaviour decoder reads of one network pass, for each token of each temporal index.
package struct BehaviourFeatures: Sendable {
  /// Encoder tokens, [batch, tokens, hidden].
  package var tokens: Value
  /// State of the landmark decoder, [batch, tokens, decoder].
  package var state: Value
  /// The stem's finer maps, cut like the tokens, [batch, tokens, detail].
  package var detail: Value
  /// The frames themselves, normalised, [batch * frames, channels, side, side]. A still has one for each temporal index.
  package var frames: Tensor

  package init(tokens: Value, state: Value, detail: Value, frames: Tensor) {
    (self.tokens, self.state, self.detail, self.frames) = (tokens, state, detail, frames)
  }
}

/// What the behaviour decoder says; each row stands for one temporal index of one clip.
package struct BehaviourOutput: Sendable {
  /// [rows, frames * 136]: x and y of 68 points in 0...1 of the crop, by frame.
  package let points: Value
  /// [rows, frames * 6]: `HeadRotation.sixNumbers`.
  package let rotation: Value
  /// [rows, frames * 6]: yaw and pitch in radians and opening of the eye on the left of the picture, then of the other.
  package let eyes: Value
  /// [rows, frames * strengths] before the sigmoid.
  package let strengths: Value
}

extension BehaviourFeatures {
  /// What belongs to one temporal index of each clip.
  ///
  /// - Parameters:
  ///   - indices: the temporal index of each clip.
  ///   - cells: tokens of a temporal index.
  ///   - frames: frames of a temporal index.
  func only(_ indices: [Int], cells: Int, frames: Int, _ tape: inout Tape) -> BehaviourFeatures {
    let kept = indices.map { Array($0 * cells..<($0 + 1) * cells) }
    let perClip = self.frames.shape[0] / indices.count
    let size = self.frames.count / self.frames.shape[0]
    // A still has one image for each temporal index.
    let images = min(frames, max(1, perClip * cells / tokens.shape[1]))
    var values: [Float] = []
    for (clip, index) in indices.enumerated() {
      let first = clip * perClip + index * images
      values += self.frames.values[first * size..<(first + images) * size]
    }
    return BehaviourFeatures(
      tokens: tape.gatherTokens(tokens, kept), state: tape.gatherTokens(state, kept),
      detail: tape.gatherTokens(detail, kept),
      frames: Tensor(values, shape: [indices.count * images] + self.frames.shape.dropFirst()))
  }
}

/// The fourth decoder of the cascade: points, head rotation, eyes and movements of each frame.
///
/// It asks with the landmark decoder's state, like every decoder of the cascade with the state before it. Its memory is the
/// encoder's tokens joined by the stem's finer maps, because where an eyelid is within a cell is lost in the tokens. It
/// looks at one temporal index at a time: where a point is now is not seen earlier or later. The 68 points are voted for by
/// the cells; a learned query reads from the decoder's state what close-ups of the face are judged with. Those say how far
/// the points are off, and all the rest.
package struct BehaviourDecoder: Sendable {
  package let config: BehaviourConfig
  let projection, detail: Linear
  let tokenNorm, detailNorm, norm, queryNorm: LayerNorm
  let decoder: CascadedDecoder
  let votes: Linear
  let queries: Parameter
  let reader: CrossAttention
  let parts: PartReader

  static let pointCount = 68

  package init(_ config: BehaviourConfig, in store: inout ParameterStore) {
    self.config = config
    let (width, frames) = (config.decoderHiddenSize, config.tubeletSize)
    tokenNorm = LayerNorm(config.hiddenSize, epsilon: 1e-6, at: "token_norm", in: &store)
    detailNorm = LayerNorm(config.detailSize, epsilon: 1e-6, at: "detail_norm", in: &store)
    projection = Linear(config.hiddenSize, width, at: "projections.behaviour", in: &store)
    detail = Linear(config.detailSize, width, at: "projections.detail", in: &store)
    var sizes = CascadeConfig(
      hiddenSize: config.hiddenSize, decoderHiddenSize: width,
      decoderNumAttentionHeads: config.decoderNumAttentionHeads,
      decoderIntermediateSize: config.decoderIntermediateSize, numLabels: 1, framesPerTemporalIndex: frames,
      numLandmarks: Self.pointCount, numBlendshapes: 0)
    sizes.decoderNumHiddenLayers = 1
    decoder = CascadedDecoder(sizes, at: "decoders.behaviour", in: &store)
    norm = LayerNorm(width, epsilon: 1e-6, at: "norm", in: &store)
    votes = Linear(width, 3 * Self.pointCount * frames, at: "heads.points.fc", in: &store)
    queries = store.declare("queries", shape: [1, 1, width])
    reader = CrossAttention(
      width, heads: config.decoderNumAttentionHeads, headWidth: width / config.decoderNumAttentionHeads, at: "reader",
      in: &store)
    queryNorm = LayerNorm(width, epsilon: 1e-6, at: "reader.norm", in: &store)
    parts = PartReader(config, in: &store)
  }

  /// - Parameters:
  ///   - features: of clips, [batch, temporal indices * cells, ...].
  ///   - cells: cells of a frame that the tokens stand for, the same at every temporal index; nil for all.
  ///   - picked: for each row the one frame of its temporal index to look at; nil for all. The answers have that frame alone.
  package func callAsFunction(
    _ features: BehaviourFeatures, cells: [Int]? = nil, picked: [Int]? = nil, _ tape: inout Tape
  ) -> BehaviourOutput {
    let width = config.decoderHiddenSize
    let count = cells?.count ?? config.grid * config.grid
    let rows = features.tokens.shape[0] * features.tokens.shape[1] / count
    func rowwise(_ x: Value, _ tape: inout Tape) -> Value { tape.reshape(x, [rows, count, x.shape[2]]) }
    let memory = tape.add(
      projection(tokenNorm(rowwise(features.tokens, &tape), &tape), &tape),
      detail(detailNorm(rowwise(features.detail, &tape), &tape), &tape))
    // A cell knows itself without having to ask.
    let question = tape.add(rowwise(features.state, &tape), memory)
    let state = norm(decoder(question, over: memory, &tape), &tape)
    let asked = tape.broadcast(queries, [rows, 1, width])
    let known = tape.reshape(queryNorm(tape.add(asked, reader(asked, over: state, &tape)), &tape), [rows, width])
    let votes = votes(state, &tape)
    let perFrame = 3 * Self.pointCount
    let voted = (0..<config.tubeletSize).map { frame in
      tape.cellVotes(
        tape.columns(votes, frame * perFrame..<(frame + 1) * perFrame), centres: centres(cells),
        reach: 1 / Float(config.grid))
    }
    // One row for each frame that is looked at.
    let looked = picked.map { $0.map { [$0] } } ?? [[Int]](repeating: Array(0..<config.tubeletSize), count: rows)
    let frames = looked.first?.count ?? 0
    func byFrame(_ x: Value, _ tape: inout Tape) -> Value {
      tape.reshape(tape.gatherTokens(x, looked), [rows * frames, x.shape[2]])
    }
    let all = tape.reshape(tape.concatColumns(voted), [rows, config.tubeletSize, 2 * Self.pointCount])
    let places = byFrame(all, &tape)
    let perRow = features.frames.shape[0] / rows
    let images = looked.enumerated().flatMap { row, frames in frames.map { row * perRow + min($0, perRow - 1) } }
    let read = parts(
      features.frames, numbers: images, points: places.tensor, context: byFrame(parts.contexts(known, &tape), &tape),
      &tape)
    func byRow(_ x: Value, _ tape: inout Tape) -> Value { tape.reshape(x, [rows, frames * x.shape[1]]) }
    return BehaviourOutput(
      points: byRow(tape.add(places, read.shifts), &tape), rotation: byRow(read.rotation, &tape),
      eyes: byRow(read.eyes, &tape), strengths: byRow(read.strengths, &tape))
  }

  /// Middles of the cells in 0...1 of the crop, [cells, 2].
  private func centres(_ cells: [Int]?) -> Tensor {
    let cells = cells ?? Array(0..<config.grid * config.grid)
    let side = Float(config.grid)
    return Tensor(
      cells.flatMap { [(Float($0 % config.grid) + 0.5) / side, (Float($0 / config.grid) + 0.5) / side] },
      shape: [cells.count, 2])
  }

  /// Numbers before the first step: matrices by Glorot and Bengio's rule, heads near zero, biases that say a face which
  /// looks into the camera.
  package func initialize(_ store: inout ParameterStore, _ random: inout RandomSource) {
    for parameter in store.parameters {
      let name = store.name(of: parameter)
      var tensor = store[parameter]
      switch tensor.shape.count {
      case 1 where name.contains("norm") && name.hasSuffix(".weight"):
        tensor = Tensor([Float](repeating: 1, count: tensor.count), shape: tensor.shape)
      case 1: tensor = Tensor(tensor.values.indices.map { bias(name, $0) }, shape: tensor.shape)
      case 3: for i in tensor.values.indices { tensor.values[i] = 0.5 * random.normal() }
      default:
        // Convolutions before a ReLU by He's rule.
        let window = tensor.shape.dropFirst(2).reduce(1, *)
        let fan = window > 1 ? tensor.shape[1] * window : tensor.shape[0] + tensor.shape[1]
        let limit = (6 / Float(fan)).squareRoot() * (name.hasPrefix("heads.") && name.hasSuffix(".fc.weight") ? 0.2 : 1)
        for i in tensor.values.indices { tensor.values[i] = (2 * random.uniform() - 1) * limit }
      }
      store[parameter] = tensor
    }
  }

  private func bias(_ name: String, _ index: Int) -> Float {
    switch name {
    case "heads.rotation.fc.bias": [1, 0, 0, 0, 1, 0][index % 6]
    case "heads.eyes.fc.bias": index == 2 ? 1 : 0
    case "heads.strengths.fc.bias": -2
    default: 0
    }
  }
}
