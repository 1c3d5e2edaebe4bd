import DferImage
import DferModels
import DferTensor
import Foundation

/// What a frozen network makes of augmented samples of faces, with what is known of each: one record for each temporal
/// index. Numbers lie in a file, because they are read again and again and the network is what costs.
package struct BehaviourRecords: Sendable {
  /// What the decoder should say of one temporal index, by frame.
  struct Target: Sendable {
    var source: BehaviourFace.Source
    var frames: [BehaviourFace.Truth]
    var name: String
    /// What most people saw in it; nil when nobody was asked or they disagreed.
    var label: String?
    /// Of its record in the file.
    var mark: UInt64
  }

  package struct Options: Sendable, Hashable, Codable {
    /// Augmented samples of each face that people labelled.
    package var views = 4
    /// Fraction of them that are read as a whole clip in which the crop sways, and give a record for each temporal index.
    package var clipShare = 0.2
    /// As in `TrainingSettings`; 0: plain crops, as in use, one for each face.
    package var augmentationStrength = 0.6
    package var seed: UInt64 = 0

    package init() {}
  }

  /// A view whose records are still to be made.
  private struct Job {
    var start: Int
    var mark: UInt64
    var clip: LabelledClip
    var augmentation: Augmentation
  }

  private(set) var targets: [Target] = []
  /// Single images by the temporal index that they will stand at.
  private var waiting: [[Job]]
  /// Single images that are read at a time.
  private static let batch = 16
  private let options: Options
  private let model: ExpressionModel
  private let cache: FeatureCache
  private let config: BehaviourConfig

  /// - Parameters:
  ///   - folder: where the file lies; records that are in it already are not made again.
  ///   - name: of the data, so that other data have another file.
  /// - Throws: `TrainingError.noDetail` for a network without a stem, or `CheckpointError`.
  package init(_ model: ExpressionModel, _ options: Options, name: String, in folder: URL) throws {
    guard let config = BehaviourConfig(model.card.config) else { throw TrainingError.noDetail }
    (self.model, self.options, self.config) = (model, options, config)
    waiting = [[Job]](repeating: [], count: model.card.config.trunk.temporalSize)
    let key = """
      dfer behaviour features 2; network \(model.featureFingerprint); crop \(model.card.crop.sideFactor); \
      \(CanonicalJSON.text(options)); \(name)
      """
    cache = try FeatureCache(
      folder, key: key, size: Self.sizes(config, model).reduce(0, +))
  }

  /// Numbers of tokens, state, detail and frames of a record.
  private static func sizes(_ config: BehaviourConfig, _ model: ExpressionModel) -> [Int] {
    let side = model.card.input.imageSize
    return [config.hiddenSize, config.decoderHiddenSize, config.detailSize].map { config.grid * config.grid * $0 }
      + [config.tubeletSize * config.channels * side * side]
  }

  package var count: Int { targets.count }
  func indices(of source: BehaviourFace.Source) -> [Int] { targets.indices.filter { targets[$0].source == source } }

  /// Adds the records of a face. Those of single images are made by the batch: `finish` makes the last.
  /// - Throws: `CheckpointError` when the disk takes no more.
  package mutating func add(_ face: BehaviourFace) throws {
    let isPlain = options.augmentationStrength == 0
    let label = face.clip.majority(among: Array(ExpressionLabels.names.indices)).map { ExpressionLabels.names[$0] }
    // A view of what moves is always a whole clip; one is enough, since its images differ. A teacher's faces are many.
    let views = face.source == .people && !isPlain ? options.views : 1
    for view in 0..<views {
      var print = Fingerprint()
      print.add("\(face.clip.name), view \(view)".utf8)
      var random = RandomSource(seed: print.value &+ options.seed)
      _ = random.next()
      let augmentation =
        isPlain
        ? Augmentation(side: model.card.crop.sideFactor)
        : Augmentation(
          around: model.card.crop.sideFactor, strength: options.augmentationStrength, random: &random)
      let isWhole = face.clip.images.count > 1 || (!isPlain && Double(random.uniform()) < options.clipShare)
      let trunk = model.card.config.trunk
      let first = isWhole ? 0 : Int(random.next() % UInt64(trunk.temporalSize))
      let frames = isWhole ? trunk.numFrames : trunk.tubeletSize
      let samples = Batch.samples(of: face.clip, augmentation, frames: frames, tubelet: trunk.tubeletSize)
      let job = Job(start: targets.count, mark: print.value, clip: face.clip, augmentation: augmentation)
      for index in stride(from: 0, to: frames, by: trunk.tubeletSize) {
        targets.append(
          Target(
            source: face.source,
            frames: samples[index..<index + trunk.tubeletSize].map {
              face.truths[$0.pick].seen($0.augmentation, face.clip.boxes[$0.pick])
            }, name: face.clip.name, label: label, mark: print.value))
      }
      if cache.read(targets.count - 1, mark: print.value) != nil { continue }
      guard !isWhole else {
        try make([job], frames: frames, firstTemporalIndex: 0)
        continue
      }
      waiting[first].append(job)
      if waiting[first].count == Self.batch { try makeWaiting(first) }
    }
  }

  /// Makes the records that still wait.
  /// - Throws: as `add`.
  package mutating func finish() throws {
    for first in waiting.indices where !waiting[first].isEmpty { try makeWaiting(first) }
  }

  private mutating func makeWaiting(_ first: Int) throws {
    try make(waiting[first], frames: model.card.config.trunk.tubeletSize, firstTemporalIndex: first)
    waiting[first] = []
  }

  /// Reads the clips of some jobs and writes one list of numbers for each temporal index: tokens, state and detail of all
  /// cells, and the frames.
  private func make(_ jobs: [Job], frames: Int, firstTemporalIndex: Int) throws {
    let trunk = model.card.config.trunk
    let input = Batch.input(
      jobs.map { ($0.clip, $0.augmentation) }, frames: frames, tubelet: trunk.tubeletSize, model.card.input)
    var tape = Tape(model.weights)
    guard let (_, features) = model.network.detailed(input, firstTemporalIndex: firstTemporalIndex, &tape) else {
      throw TrainingError.noDetail
    }
    let sizes = Self.sizes(config, model)
    let parts = [features.tokens.tensor, features.state.tensor, features.detail.tensor].map(\.values)
    let frameSize = sizes[3] / config.tubeletSize
    let images = features.frames.values
    let rows = parts[0].count / sizes[0]
    let perRow = images.count / frameSize / rows
    for (number, job) in jobs.enumerated() {
      for index in 0..<rows / jobs.count {
        let row = number * (rows / jobs.count) + index
        var values = zip(parts, sizes).flatMap { $0[row * $1..<(row + 1) * $1] }
        // A still fills its temporal index.
        for frame in 0..<config.tubeletSize {
          let image = row * perRow + min(frame, perRow - 1)
          values += images[image * frameSize..<(image + 1) * frameSize]
        }
        _ = try cache.write(job.start + index, mark: job.mark, values)
      }
    }
  }

  /// The features of some records, as the decoder reads them: each is a clip of one temporal index.
  func features(_ indices: [Int]) throws -> BehaviourFeatures {
    let sizes = Self.sizes(config, model)
    var parts = [[Float]](repeating: [], count: sizes.count)
    for index in indices {
      guard let values = cache.read(index, mark: targets[index].mark) else {
        throw CheckpointError(path: cache.path, reason: "record \(index) is damaged")
      }
      var start = 0
      for (part, size) in sizes.enumerated() {
        parts[part] += values[start..<start + size]
        start += size
      }
    }
    let cells = config.grid * config.grid
    let values = (0..<3).map { Value(Tensor(parts[$0], shape: [indices.count, cells, sizes[$0] / cells])) }
    let side = model.card.input.imageSize
    return BehaviourFeatures(
      tokens: values[0], state: values[1], detail: values[2],
      frames: Tensor(parts[3], shape: [indices.count * config.tubeletSize, config.channels, side, side]))
  }
}
