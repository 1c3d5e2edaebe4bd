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

/// The fourth decoder of the cascade: points, head rotation, eyes and movements of each frame.
///
/// It asks with the landmark decoder's state, like every decoder of the cascade with the state before it. Its memory is the
/// encoder's tokens joined by the stem's finer maps, because where an eyelid is within a cell is lost in the tokens. It
/// looks at one temporal index at a time: where a point is now is not seen earlier or later. The 68 points are voted for by
/// the cells; a learned query reads the head's rotation from the decoder's state, and another what close-ups of eyes and
/// mouth are judged with.
package struct BehaviourDecoder: Sendable {
  package let config: BehaviourConfig
  let projection, detail: Linear
  let tokenNorm, detailNorm, norm, queryNorm: LayerNorm
  let decoder: CascadedDecoder
  let votes: Linear
  let queries: Parameter
  let reader: CrossAttention
  let rotation: Linear
  let parts: PartReader

  static let pointCount = 68
  private static let queryCount = 2

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
    queries = store.declare("queries", shape: [1, Self.queryCount, width])
    reader = CrossAttention(
      width, heads: config.decoderNumAttentionHeads, headWidth: width / config.decoderNumAttentionHeads, at: "reader",
      in: &store)
    queryNorm = LayerNorm(width, epsilon: 1e-6, at: "reader.norm", in: &store)
    rotation = Linear(width, 6 * frames, at: "heads.rotation.fc", in: &store)
    parts = PartReader(config, in: &store)
  }

  /// - Parameters:
  ///   - features: of clips, [batch, temporal indices * cells, ...].
  ///   - cells: cells of a frame that the tokens stand for, the same at every temporal index; nil for all.
  package func callAsFunction(
    _ features: BehaviourFeatures, cells: [Int]? = nil, _ tape: inout Tape
  ) -> BehaviourOutput {
    let (width, frames) = (config.decoderHiddenSize, config.tubeletSize)
    let count = cells?.count ?? config.grid * config.grid
    let rows = features.tokens.shape[0] * features.tokens.shape[1] / count
    func rowwise(_ x: Value, _ tape: inout Tape) -> Value { tape.reshape(x, [rows, count, x.shape[2]]) }
    let memory = tape.add(
      projection(tokenNorm(rowwise(features.tokens, &tape), &tape), &tape),
      detail(detailNorm(rowwise(features.detail, &tape), &tape), &tape))
    // A cell knows itself without having to ask.
    let question = tape.add(rowwise(features.state, &tape), memory)
    let state = norm(decoder(question, over: memory, &tape), &tape)
    let votes = votes(state, &tape)
    let perFrame = 3 * Self.pointCount
    let points = (0..<frames).map { frame in
      tape.cellVotes(
        tape.columns(votes, frame * perFrame..<(frame + 1) * perFrame), centres: centres(cells),
        reach: 1 / Float(config.grid))
    }
    let asked = tape.broadcast(queries, [rows, Self.queryCount, width])
    let read = queryNorm(tape.add(asked, reader(asked, over: state, &tape)), &tape)
    func answer(_ query: Int, _ head: Linear, _ tape: inout Tape) -> Value {
      head(tape.reshape(tape.slice(read, query..<query + 1), [rows, width]), &tape)
    }
    let places = tape.concatColumns(points)
    let turn = answer(0, rotation, &tape)
    let known = tape.reshape(tape.slice(read, 1..<2), [rows, width])
    let (eyes, strengths) = parts(
      features.frames, points: places.tensor, rotation: turn.tensor, known: known, &tape)
    return BehaviourOutput(points: places, rotation: turn, eyes: eyes, strengths: strengths)
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
