import DferImage
import DferTensor
import Foundation

/// What the network reads in one clip. Places are in units of the crop: 0...1 from its left and top edge.
package struct ExpressionReading: Sendable, Hashable {
  /// One for each label of the card, in its order; they sum to 1.
  package let probabilities: [Float]
  package let logits: [Float]
  /// The face in each frame.
  package let boxes: [Rect]
  /// For each frame: image-left eye, image-right eye, nose tip, image-left and image-right mouth corner.
  package let landmarks: [[Point]]
  /// 0...1 for each blendshape of the card, in its order.
  package let blendshapes: [Float]
  /// Probability that a mask is worn, 0...1; nil for networks that do not look for one.
  package var maskWorn: Float?
  /// What the face does in each frame, or in the one that was asked for; empty without a behaviour decoder.
  package var behaviours: [FaceBehaviour] = []
  /// The same in each decoded frame of the clip's time; empty unless every frame is read.
  package var frameBehaviours: [FaceBehaviour] = []

  package init(
    probabilities: [Float], logits: [Float] = [], boxes: [Rect] = [], landmarks: [[Point]] = [],
    blendshapes: [Float] = [],
    maskWorn: Float? = nil
  ) {
    self.probabilities = probabilities
    self.logits = logits
    self.boxes = boxes
    self.landmarks = landmarks
    self.blendshapes = blendshapes
    self.maskWorn = maskWorn
  }

  /// False when the network gave something else than numbers, as huge weights do: then nothing was read, and all classes
  /// are equally likely.
  package var isFinite: Bool {
    logits.allSatisfy(\.isFinite) && landmarks.joined().allSatisfy { $0.x.isFinite && $0.y.isFinite }
      && blendshapes.allSatisfy(\.isFinite)
  }
}

/// A network with its weights, ready to read clips. Free to copy and to use from many threads.
package struct ExpressionModel: Sendable {
  package let card: ModelCard
  package let network: MTCAE
  package private(set) var weights: ParameterStore
  /// Reads points, pose, eyes and movements of each frame off the same features; nil: not asked for.
  package var behaviour: BehaviourModel?
  /// Tokens to look at in every clip; nil for all.
  let kept: [Int]?

  /// Opens a weight file.
  /// - Parameter keepTubes: share of the patch positions to look at, 0...1. Fewer are faster and less exact.
  /// - Throws: `CheckpointError` with everything that is wrong with the file.
  package init(weights path: String, keepTubes: Double = 1) throws {
    let file = try SafetensorsFile(path: path)
    card = try ModelCard(file)
    // A wrong size in the card must not ask for more memory than the file could fill.
    guard card.config.weightCount <= file.count else {
      throw CheckpointError(
        path: path, reason: "config describes a larger network than the file's \(file.count) numbers")
    }
    var store = ParameterStore()
    network = MTCAE(card.config, in: &store)
    try store.load(file)
    store.keepPrepared()
    // Of few tubes, products have few rows, and those need the numbers themselves.
    if keepTubes >= 1 { store.letGo(of: { $0.hasPrefix("encoder.blocks.") }, readFrom: file) }
    weights = store
    kept = keepTubes < 1 ? Self.tubes(share: keepTubes, of: card.config) : nil
  }

  /// A network made here. `fill` gives its parameters their numbers.
  package init(card: ModelCard, _ fill: (inout ParameterStore) -> Void) {
    self.card = card
    var store = ParameterStore()
    network = MTCAE(card.config, in: &store)
    fill(&store)
    weights = store
    kept = nil
  }

  /// The same network with other numbers for some of its parameters; names that it does not have are passed over.
  package func replacing(_ tensors: [(name: String, tensor: Tensor)]) -> ExpressionModel {
    ExpressionModel(card: card) { store in
      for (parameter, tensor) in zip(weights.parameters, weights.tensors) { store[parameter] = tensor }
      for (name, tensor) in tensors {
        if let parameter = store.parameter(named: name) { store[parameter] = tensor }
      }
    }
  }

  /// The same network with something added to the logits.
  func shifted(by offsets: [Float]) -> ExpressionModel {
    var model = self
    model.weights.shift("heads.expression.fc.bias", by: offsets)
    model.weights.keepPrepared()
    return model
  }

  /// One reading for each clip. A clip is `card.clip.frames` RGB crops of `image_size` by `image_size` pixels.
  ///
  /// A clip is embedded half by half, so that halves are the same numbers whether they come from `cache` or not.
  ///
  /// - Parameters:
  ///   - clip: number of these clips in their video, for `cache`.
  ///   - single: for each clip the one frame whose behaviour is wanted; nil for all frames.
  package func read(
    _ clips: [[Image]], cache: EmbeddingCache? = nil, clip number: Int = 0, behaviourOf single: [Int]? = nil
  ) -> [ExpressionReading] {
    guard !clips.isEmpty else { return [] }
    if let cache, clips.count == 1 {
      return [
        cache.stills.reading(of: clips[0], frame: single?.first) {
          readHalves(of: clips, cache, number, behaviourOf: single)[0]
        }
      ]
    }
    return readHalves(of: clips, cache, number, behaviourOf: single)
  }

  private func readHalves(
    of clips: [[Image]], _ cache: EmbeddingCache?, _ number: Int, behaviourOf single: [Int]?
  ) -> [ExpressionReading] {
    guard let encoder = network.halvingEncoder else { return read(card.input.tensor(clips), behaviourOf: single) }
    let middle = card.input.frames / 2
    let input = card.input.of(frames: middle)
    let halves = clips.map { clip in
      [Array(clip[..<middle]), Array(clip[middle...])].map { crops in
        func embedded() -> EmbeddedHalf {
          var tape = Tape(weights)
          return encoder.embedding.half(
            input.tensor([crops]), cells: keptCells, isDetailed: behaviour != nil, &tape)
        }
        return cache?.half(crops, clip: number, embedded) ?? embedded()
      }
    }
    var tape = Tape(weights)
    let kept = kept.map { [[Int]](repeating: $0, count: clips.count) }
    let (output, features) = network(halves, kept: kept, from: encoder, &tape)
    return readings(output, features, behaviourOf: single)
  }

  /// One reading for each clip of a normalised tensor [batch, 3, frames, height, width].
  package func read(_ clips: Tensor, behaviourOf single: [Int]? = nil) -> [ExpressionReading] {
    let batch = clips.shape[0]
    var tape = Tape(weights)
    // Short clips have as many temporal indices less.
    let share = card.config.trunk.temporalSize(ofFrames: clips.shape[2])
    let kept = keptCells.map { cells in
      [[Int]](repeating: Array((self.kept ?? []).prefix(cells.count * share)), count: batch)
    }
    let detailed = behaviour.flatMap { _ in network.detailed(clips, kept: kept, &tape) }
    return readings(
      detailed?.output ?? network(clips, kept: kept, &tape), detailed?.features, behaviourOf: single)
  }

  private func readings(
    _ output: MTCAEOutput, _ features: BehaviourFeatures?, behaviourOf single: [Int]?
  ) -> [ExpressionReading] {
    let readings = readings(
      expression: output.expression.tensor, box: output.box.tensor, landmark: output.landmark.tensor,
      blendshape: output.blendshape?.tensor)
    guard let features, let found = behaviour?.read(features, cells: keptCells, single: single) else {
      return readings
    }
    return zip(readings, found).map { plain, behaviours in
      var reading = plain
      reading.behaviours = behaviours
      return reading
    }
  }

  /// What a face does in each of some frames in a row, as a clip of its own; empty without a behaviour decoder.
  ///
  /// The frames are read as clips of `card.clip.frames`, one after the other; the last is as short as it is, where the network
  /// reads short clips.
  package func behaviours(of frames: [Image]) -> [FaceBehaviour] {
    guard behaviour != nil else { return [] }
    let (whole, tubelet) = (card.clip.frames, card.config.trunk.tubeletSize)
    return stride(from: 0, to: frames.count, by: whole).flatMap { start -> [FaceBehaviour] in
      let part = Array(frames[start..<min(frames.count, start + whole)])
      let short = (part.count + tubelet - 1) / tubelet * tubelet
      let count = card.config.readsShortClips ? short : whole
      let filled = part + [Image](repeating: part[part.count - 1], count: count - part.count)
      return Array(read(card.input.of(frames: count).tensor([filled]))[0].behaviours.prefix(part.count))
    }
  }

  /// What the network's outputs say of each clip. Blendshapes are given before the sigmoid.
  func readings(expression: Tensor, box: Tensor, landmark: Tensor, blendshape: Tensor?) -> [ExpressionReading] {
    let batch = expression.shape[0]
    var tape = Tape(weights)
    let logits = rows(expression, batch)
    let boxes = rows(box, batch)
    let points = rows(landmark, batch)
    let shapes = blendshape.map { rows(tape.sigmoid(Value($0)).tensor, batch) }
    return (0..<batch).map { i in
      ExpressionReading(
        probabilities: Softmax.probabilities(logits[i], temperature: card.temperature), logits: logits[i],
        boxes: Self.boxes(boxes[i]),
        landmarks: Self.landmarks(points[i], perFrame: card.config.numLandmarks), blendshapes: shapes?[i] ?? [])
    }
  }

  /// Cells of a frame that are looked at; nil for all.
  private var keptCells: [Int]? {
    kept.map { Array($0.prefix($0.count / card.config.trunk.temporalSize)) }
  }

  /// Multiplications of a forward pass, each with its addition.
  func multiplications(_ clips: Tensor) -> Int {
    var tape = Tape(weights)
    _ = network(clips, kept: kept.map { [[Int]](repeating: $0, count: clips.shape[0]) }, &tape)
    return tape.multiplications
  }

  private func rows(_ tensor: Tensor, _ count: Int) -> [[Float]] {
    let size = tensor.count / count
    return (0..<count).map { Array(tensor.values[$0 * size..<($0 + 1) * size]) }
  }

  /// Centre x, centre y, width, height of each frame.
  private static func boxes(_ row: [Float]) -> [Rect] {
    let numbers = row.map(Double.init)
    return stride(from: 0, to: numbers.count, by: 4).map { i in
      let (width, height) = (numbers[i + 2], numbers[i + 3])
      return Rect(x: numbers[i] - width / 2, y: numbers[i + 1] - height / 2, width: width, height: height)
    }
  }

  private static func landmarks(_ row: [Float], perFrame: Int) -> [[Point]] {
    stride(from: 0, to: row.count, by: 2 * perFrame).map { start in
      (0..<perFrame).map { Point(x: Double(row[start + 2 * $0]), y: Double(row[start + 2 * $0 + 1])) }
    }
  }

  /// The same patch positions in every temporal index, spread evenly: the cells that come first in an additive sequence
  /// whose steps are powers of the plastic number, which leaves neither rows nor columns of holes.
  static func tubes(share: Double, of config: MTCAEConfig) -> [Int] {
    let trunk = config.trunk
    func rank(_ cell: Int) -> Double {
      let (row, column) = cell.quotientAndRemainder(dividingBy: trunk.grid)
      return (Double(column) * 0.754_877_666_246_692_7 + Double(row) * 0.569_840_290_998_053_2)
        .truncatingRemainder(dividingBy: 1)
    }
    let cells = config.windows.flatMap { window in
      let count = max(1, min(window.count, Int((share * Double(window.count)).rounded())))
      return window.sorted { rank($0) < rank($1) }.prefix(count)
    }.sorted()
    return (0..<trunk.temporalSize).flatMap { temporalIndex in
      cells.map { temporalIndex * trunk.tokensPerTemporalIndex + $0 }
    }
  }
}
