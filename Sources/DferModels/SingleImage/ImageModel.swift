import DferImage
import DferTensor

/// A network for single images with its weights. Free to copy and to use from many threads.
package struct ImageModel: Sendable {
  package let card: ImageModelCard
  /// As it is trained.
  package let network: any ImageNetwork
  package let weights: ParameterStore
  /// As it answers fastest.
  private(set) var reader: (network: any ImageNetwork, weights: ParameterStore)

  /// Opens a weight file.
  /// - Throws: `CheckpointError` with everything that is wrong with the file.
  package init(weights path: String) throws {
    let file = try SafetensorsFile(path: path)
    let card = try ImageModelCard(file)
    var store = ParameterStore()
    let network: any ImageNetwork
    do {
      network = try card.system.network(config: card.config, labels: card.labels.count, in: &store)
    } catch {
      throw CheckpointError(path: path, reason: "metadata config: \(ModelCard.explain(error))")
    }
    try store.load(file)
    self.init(card, network, store)
  }

  /// A network that has learned nothing yet.
  package init(fresh card: ImageModelCard, seed: UInt64) throws {
    var store = ParameterStore()
    let network = try card.system.network(config: card.config, labels: card.labels.count, in: &store)
    var random = RandomSource(seed: seed)
    network.initialize(&store, random: &random)
    self.init(card, network, store)
  }

  package init(_ card: ImageModelCard, _ network: any ImageNetwork, _ weights: ParameterStore) {
    (self.card, self.network, self.weights) = (card, network, weights)
    reader = network.forInference(weights)
    reader.weights.keepPrepared()
  }

  /// The same network with the first layers of `other`; nil when it has no stem or one of other sizes.
  package func starting(from other: ImageClassifier) -> ImageModel? {
    guard let stem = network.stem, let start = other.stemWeights(widths: stem.widths) else { return nil }
    var store = weights
    for (name, tensor) in start {
      if let parameter = store.parameter(named: stem.path + name.dropFirst("stem".count)) { store[parameter] = tensor }
    }
    return ImageModel(card, network, store)
  }

  /// The same network for images of another size. Only convolutional systems can read one.
  package func reading(size: Int) -> ImageModel {
    var card = card
    card.imageSize = size
    return ImageModel(card, network, weights)
  }

  /// The same network with something added to the logits.
  func shifted(by offsets: [Float]) -> ImageModel {
    var store = weights
    // Logits of several heads are averaged.
    for name in network.expressionBiases where store.parameter(named: name) != nil { store.shift(name, by: offsets) }
    return ImageModel(card, network, store)
  }

  /// Learned numbers, running statistics of norms counted in.
  package var parameterCount: Int { weights.count }

  /// What is read of each image: logits of the classes, and the probability of a mask when the network looks for it.
  ///
  /// - Parameter points: for each image five landmarks in 0...1 of it, or none; empty when none are known.
  package func read(_ images: [Image], points: [[Point]] = []) -> [(logits: [Float], mask: Float?)] {
    guard !images.isEmpty else { return [] }
    var tape = Tape(reader.weights)
    let output = reader.network(Value(input(images, points: points)), &tape)
    return readings(output.expression.tensor, mask: output.mask?.tensor, of: images.count)
  }

  /// What the network's outputs, all logits, say of each image.
  func readings(_ expression: Tensor, mask: Tensor?, of count: Int) -> [(logits: [Float], mask: Float?)] {
    let size = card.labels.count
    var tape = Tape(weights)
    let masks = mask.map { tape.softmax(Value($0)).tensor.values }
    return (0..<count).map { index in
      (Array(expression.values[index * size..<(index + 1) * size]), masks.map { $0[2 * index + 1] })
    }
  }

  /// Multiplications of one image, each with its addition.
  func multiplications(of image: Image) -> Int {
    var tape = Tape(reader.weights)
    _ = reader.network(Value(input([image], points: [])), &tape)
    return tape.multiplications
  }

  /// What the network sees of images.
  package func input(_ images: [Image], points: [[Point]]) -> Tensor {
    card.tensor(
      images.indices.map { network.views(of: images[$0], points: $0 < points.count ? points[$0] : []) })
  }

  /// One reading for each clip: means of the probabilities of its images. There are no boxes or landmarks.
  ///
  /// - Parameter points: for each clip and image five landmarks in 0...1 of it; empty when none are known.
  package func read(_ clips: [[Image]], points: [[[Point]]] = []) -> [ExpressionReading] {
    FrameAverage.readings(of: clips, points: points, labels: card.labels.count, temperature: card.temperature) {
      read($0, points: $1)
    }
  }
}

extension ImageModelCard {
  /// softmax(logits / temperature).
  func probabilities(_ logits: [Float]) -> [Float] {
    Softmax.probabilities(logits, temperature: temperature)
  }

  /// The views of images, square and of one size -> [batch, views * channels, side, side]. Training and inference
  /// share this one path.
  package func tensor(_ images: [[Image]]) -> Tensor {
    let (side, views) = (images.first?.first?.width ?? imageSize, images.first?.count ?? 1)
    let plane = side * side
    var values = [Float](repeating: 0, count: images.count * views * channels * plane)
    for (number, view) in images.joined().enumerated() {
      precondition(
        view.width == side && view.height == side,
        "ImageModelCard: a picture of \(view.width)x\(view.height), not \(side)x\(side)")
      if channels == 1 {
        let (scale, shift) = (1 / (255 * imageStd[0]), imageMean[0] / imageStd[0])
        for i in 0..<plane {
          let (r, g, b) = (view.pixels[3 * i], view.pixels[3 * i + 1], view.pixels[3 * i + 2])
          values[number * plane + i] = Luma.of(r, g, b) * scale - shift
        }
      } else {
        for colour in 0..<3 {
          let (scale, shift) = (1 / (255 * imageStd[colour]), imageMean[colour] / imageStd[colour])
          let start = (number * 3 + colour) * plane
          for i in 0..<plane { values[start + i] = Float(view.pixels[3 * i + colour]) * scale - shift }
        }
      }
    }
    return Tensor(values, shape: [images.count, views * channels, side, side])
  }
}
