import DferImage
import DferTensor
import Foundation

/// A behaviour decoder with its weights. It belongs to one network, whose features it was trained to read.
package struct BehaviourModel: Sendable {
  /// Version of the weight file's format that this program reads.
  package static let format = 3
  /// What weight files call this kind of network.
  package static let kind = "mtcae-behaviour"

  /// What a decoder may estimate.
  package enum Estimate: String, Sendable, Codable, CaseIterable {
    case points, rotation, eyes, strengths
  }

  /// What a weight file says of itself.
  package struct Card: Sendable, Hashable {
    package var version, date, licence: String
    package var config: BehaviourConfig
    /// Fingerprint of the network whose features it reads, as `ExpressionModel.featureFingerprint`.
    package var base: String
    /// Measured errors and how it was trained, as JSON text.
    package var metrics, training: String
    /// What was measured to be good enough to be written; the rest is learned and kept to itself.
    package var gives: [Estimate] = [.points, .rotation]
    /// Columns of the strengths that are good enough; the others are left out of what is read.
    package var givenStrengths = ActionUnit.all.map(\.column)

    package init(
      version: String, date: String, licence: String, config: BehaviourConfig, base: String, metrics: String,
      training: String
    ) {
      (self.version, self.date, self.licence, self.config, self.base) = (version, date, licence, config, base)
      (self.metrics, self.training) = (metrics, training)
    }

    package var metadata: [String: String] {
      [
        "dfer_format": String(BehaviourModel.format), "model": BehaviourModel.kind, "version": version, "date": date,
        "licence": licence, "config": CanonicalJSON.text(config), "base": base, "metrics": metrics,
        "training": training, "gives": CanonicalJSON.text(gives),
        "gives_strengths": CanonicalJSON.text(givenStrengths),
        "strengths": CanonicalJSON.text(ActionUnit.all.map(\.column)),
      ]
    }
  }

  package private(set) var card: Card
  package let network: BehaviourDecoder
  package private(set) var weights: ParameterStore

  /// Opens a weight file.
  /// - Throws: `CheckpointError` with what is wrong with it.
  package init(weights path: String) throws {
    let file = try SafetensorsFile(path: path)
    let metadata = file.metadata
    guard metadata["model"] == Self.kind else {
      throw CheckpointError(path: path, reason: "not weights of a behaviour decoder")
    }
    guard metadata["dfer_format"] == String(Self.format) else {
      throw CheckpointError(
        path: path,
        reason: "its format is \(metadata["dfer_format"] ?? "not given"), this version of dfer reads \(Self.format)")
    }
    guard metadata["strengths"] == CanonicalJSON.text(ActionUnit.all.map(\.column)) else {
      throw CheckpointError(path: path, reason: "its movement strengths are not those of this version")
    }
    let config: BehaviourConfig
    do {
      config = try JSONDecoder().decode(BehaviourConfig.self, from: Data((metadata["config"] ?? "").utf8))
    } catch { throw CheckpointError(path: path, reason: "metadata config: \(ModelCard.explain(error))") }
    if let fault = config.fault { throw CheckpointError(path: path, reason: "config: \(fault)") }
    func text(_ key: String) -> String { metadata[key] ?? "" }
    self.init(
      Card(
        version: text("version"), date: text("date"), licence: text("licence"), config: config, base: text("base"),
        metrics: text("metrics"), training: text("training")))
    try weights.load(file)
    weights.keepPrepared()
    if let gives = metadata["gives"] {
      guard let known = try? JSONDecoder().decode([Estimate].self, from: Data(gives.utf8)) else {
        throw CheckpointError(path: path, reason: "metadata gives: not a list of estimates that this version knows")
      }
      card.gives = known
    }
    if let columns = metadata["gives_strengths"] {
      guard let known = try? JSONDecoder().decode([String].self, from: Data(columns.utf8)),
        known == ActionUnit.all.map(\.column).filter(known.contains)
      else {
        throw CheckpointError(path: path, reason: "metadata gives_strengths: not some of the strengths, in their order")
      }
      card.givenStrengths = known
    }
  }

  /// A decoder made here, filled with zeros.
  package init(_ card: Card) {
    self.card = card
    var store = ParameterStore()
    network = BehaviourDecoder(card.config, in: &store)
    weights = store
  }

  /// The same decoder on the features of a later state of its network, to be trained on.
  package func moved(to base: ExpressionModel) -> BehaviourModel {
    var model = self
    model.card.base = base.featureFingerprint
    return model
  }

  /// Other numbers for the same network.
  package mutating func take(_ weights: ParameterStore) {
    self.weights = weights
    self.weights.keepPrepared()
  }

  /// What the features of some clips say, by clip and frame.
  ///
  /// - Parameters:
  ///   - cells: as in `BehaviourDecoder`.
  ///   - single: for each clip the one frame to read; nil for all frames.
  package func read(_ features: BehaviourFeatures, cells: [Int]? = nil, single: [Int]? = nil) -> [[FaceBehaviour]] {
    var tape = Tape(weights)
    let tubelet = card.config.tubeletSize
    let count = cells?.count ?? card.config.grid * card.config.grid
    let wanted =
      single.map { features.only($0.map { $0 / tubelet }, cells: count, frames: tubelet, &tape) } ?? features
    let output = network(wanted, cells: cells, picked: single?.map { $0 % tubelet }, &tape)
    let strengths = tape.sigmoid(output.strengths).tensor
    let frames = single == nil ? tubelet : 1
    let given = ActionUnit.all.indices.filter { card.givenStrengths.contains(ActionUnit.all[$0].column) }
    let all = (0..<output.points.shape[0]).flatMap { row in
      (0..<frames).map { frame in
        let strengths = strengths.part(row, frame, of: frames)
        return Self.behaviour(
          points: output.points.tensor.part(row, frame, of: frames),
          rotation: output.rotation.tensor.part(row, frame, of: frames),
          eyes: output.eyes.tensor.part(row, frame, of: frames),
          strengths: given.map { strengths[$0] })
      }
    }
    let clips = features.tokens.shape[0]
    let perClip = all.count / max(1, clips)
    return (0..<clips).map { Array(all[$0 * perClip..<($0 + 1) * perClip]) }
  }

  /// One frame's numbers as they leave the heads; strengths behind the sigmoid.
  package static func behaviour(
    points: [Double], rotation: [Double], eyes: [Double], strengths: [Double]
  ) -> FaceBehaviour {
    FaceBehaviour(
      points: stride(from: 0, to: points.count, by: 2).map { Point(x: points[$0], y: points[$0 + 1]) },
      rotation: HeadRotation(sixNumbers: rotation),
      eyes: [0, 3].map {
        FaceBehaviour.Eye(yaw: eyes[$0], pitch: eyes[$0 + 1], open: min(1, max(0, eyes[$0 + 2])))
      }, strengths: strengths)
  }
}

extension BehaviourConfig {
  /// What is wrong with the sizes, in words; nil when a decoder can be built.
  var fault: String? {
    let sizes = [
      hiddenSize, decoderHiddenSize, detailSize, decoderNumAttentionHeads, decoderIntermediateSize, tubeletSize, grid,
      channels,
    ]
    guard sizes.allSatisfy((1...16384).contains) else { return "a size is not in 1...16384" }
    guard decoderHiddenSize.isMultiple(of: decoderNumAttentionHeads) else {
      return "decoder_hidden_size is no multiple of the attention heads"
    }
    guard numStrengths == ActionUnit.all.count else { return "num_strengths is not \(ActionUnit.all.count)" }
    return nil
  }
}

extension Tensor {
  /// The numbers of one of `count` equal parts of a row.
  package func part(_ row: Int, _ index: Int, of count: Int) -> [Double] {
    let size = columns / count
    let start = row * columns + index * size
    return values[start..<start + size].map(Double.init)
  }
}

extension ExpressionModel {
  /// Changes with any weight that the behaviour decoder's features depend on. Quantized weights have the one of the weights that
  /// they were made of, whose decoder reads their features too.
  package var featureFingerprint: String {
    if let base = card.featureBase { return base }
    var print = Fingerprint()
    let parts = ["encoder.", "projections.box", "projections.landmark", "decoders.box", "decoders.landmark"]
    for (name, tensor) in zip(weights.names, weights.tensors) where parts.contains(where: name.hasPrefix) {
      print.add(tensor.values)
    }
    return String(print.value, radix: 16)
  }
}
