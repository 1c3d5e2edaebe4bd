import DferImage
import DferModels
import DferTensor

/// A network for single images whose answers are learned beside the labels.
package enum Teacher: Sendable {
  case still(ImageClassifier)
  case images(ImageModel)

  /// Opens a weight file; it says itself what it is.
  /// - Throws: `CheckpointError` when it is no network for single images.
  package init(weights path: String) throws {
    let system = try SafetensorsFile(path: path).metadata["model"]
    self =
      system.flatMap(ImageSystem.init) == nil
      ? .still(try ImageClassifier(weights: path)) : .images(try ImageModel(weights: path))
  }

  var labels: [String] {
    switch self {
    case .still(let network): network.labels
    case .images(let model): model.card.labels
    }
  }

  /// Probabilities of the teacher's labels for each still, means of the plain and the mirrored image. It sees the face as it
  /// lies in its own images.
  func probabilities(of stills: [LabelledClip]) -> [[Float]] {
    let (plain, mirrored) = (logits(of: stills, isMirrored: false), logits(of: stills, isMirrored: true))
    return zip(plain, mirrored).map { pair in
      let (a, b) = (
        Temperature.probabilities(pair.0, temperature: temperature),
        Temperature.probabilities(pair.1, temperature: temperature)
      )
      return zip(a, b).map { ($0 + $1) / 2 }
    }
  }

  private var temperature: Double {
    switch self {
    case .still: 1
    case .images(let model): model.card.temperature
    }
  }

  private func logits(of stills: [LabelledClip], isMirrored: Bool) -> [[Float]] {
    func crops(_ side: Double, _ size: Int) -> (augmentation: Augmentation, images: [Image]) {
      var augmentation = Augmentation(side: side)
      augmentation.isMirrored = isMirrored
      return (augmentation, stills.map { augmentation.image($0.images[0], $0.boxes[0], size: size) })
    }
    switch self {
    case .still(let network):
      // Its own images are cut closely.
      let prediction = network.logits(crops(1.1, ImageClassifier.imageSize).images)
      return stills.indices.map { Array(prediction.values[$0 * prediction.columns..<($0 + 1) * prediction.columns]) }
    case .images(let model):
      let (augmentation, images) = crops(model.card.crop.sideFactor, model.card.imageSize)
      let points = stills.map { $0.points.isEmpty ? [] : augmentation.normalized($0.points[0], $0.boxes[0]) }
      return model.read(images, points: points).map(\.logits)
    }
  }
}

extension LabelledSet {
  /// Mixes what teachers say of each still into its votes, so that a network also learns which mistakes are small. Several
  /// teachers speak with one voice, their mean. Stills that nobody voted on get their word alone; clips of several images
  /// stay as they are.
  ///
  /// - Parameters:
  ///   - share: weight of the teachers against the votes, 0...1.
  ///   - progress: called with the count of stills that are done, of how many; false ends the teaching early.
  package mutating func teach(
    by teachers: [Teacher], share: Float, progress: (_ done: Int, _ of: Int) -> Bool = { _, _ in true }
  ) {
    guard !teachers.isEmpty else { return }
    let places = teachers.map { teacher in teacher.labels.map { labels.firstIndex(of: $0) } }
    let stills = clips.indices.filter { clips[$0].images.count == 1 }
    // Few enough at a time for large images.
    for start in stride(from: 0, to: stills.count, by: 16) {
      guard progress(start, stills.count) else { return }
      let part = stills[start..<min(start + 16, stills.count)]
      var predictions = [[Float]](repeating: [Float](repeating: 0, count: labels.count), count: part.count)
      for (teacher, places) in zip(teachers, places) {
        for (row, said) in teacher.probabilities(of: part.map { clips[$0] }).enumerated() {
          // What it says of labels that the set does not have goes to the others.
          let known = zip(places, said).reduce(0) { $1.0 == nil ? $0 : $0 + $1.1 }
          guard known > 0 else { continue }
          for case (let place?, let p) in zip(places, said) {
            predictions[row][place] += p / known / Float(teachers.count)
          }
        }
      }
      for (index, prediction) in zip(part, predictions) {
        let total = clips[index].votes.reduce(0, +)
        if clips[index].votes.isEmpty {
          clips[index].votes = prediction
        } else if total > 0 {
          // The count of votes stays, so that rules about least votes mean what they did.
          clips[index].votes = zip(clips[index].votes, prediction).map { (1 - share) * $0 + share * total * $1 }
        }
      }
    }
  }
}
