import DferImage
import DferModels
import DferTensor

/// A network for single pictures whose answers are learned beside the labels.
public enum Teacher: Sendable {
  case still(StillClassifier)
  case pictures(PictureModel)

  /// Opens a weight file; it says itself what it is.
  /// - Throws: `CheckpointError` when it is no network for single pictures.
  public init(weights path: String) throws {
    let system = try SafetensorsFile(path: path).metadata["model"]
    self =
      system.flatMap(PictureSystem.init) == nil
      ? .still(try StillClassifier(weights: path)) : .pictures(try PictureModel(weights: path))
  }

  var labels: [String] {
    switch self {
    case .still(let network): network.labels
    case .pictures(let model): model.card.labels
    }
  }

  /// Probabilities of the teacher's labels for each still, means of the plain and the mirrored picture. It sees the face as it
  /// lies in its own pictures.
  func probabilities(of stills: [LabelledClip]) -> [[Float]] {
    let (plain, mirrored) = (logits(of: stills, isMirrored: false), logits(of: stills, isMirrored: true))
    return zip(plain, mirrored).map { pair in
      let (a, b) = (
        Temperature.probabilities(pair.0, temperature: temperature), Temperature.probabilities(pair.1, temperature: temperature)
      )
      return zip(a, b).map { ($0 + $1) / 2 }
    }
  }

  private var temperature: Double {
    switch self {
    case .still: 1
    case .pictures(let model): model.card.temperature
    }
  }

  private func logits(of stills: [LabelledClip], isMirrored: Bool) -> [[Float]] {
    func crops(_ side: Double, _ size: Int) -> (view: View, pictures: [Image]) {
      var view = View(side: side)
      view.isMirrored = isMirrored
      return (view, stills.map { view.picture($0.pictures[0], $0.boxes[0], size: size) })
    }
    switch self {
    case .still(let network):
      // Its own pictures are cut closely.
      let answer = network.logits(crops(1.1, StillClassifier.imageSize).pictures)
      return stills.indices.map { Array(answer.values[$0 * answer.columns..<($0 + 1) * answer.columns]) }
    case .pictures(let model):
      let (view, pictures) = crops(model.card.crop.sideFactor, model.card.imageSize)
      let points = stills.map { $0.points.isEmpty ? [] : view.places($0.points[0], $0.boxes[0]) }
      return model.read(pictures, points: points).map(\.logits)
    }
  }
}

extension LabelledSet {
  /// Mixes what teachers say of each still into its votes, so that a network also learns which mistakes are small. Several
  /// teachers speak with one voice, their mean. Stills that nobody voted on get their word alone; clips of several pictures
  /// stay as they are.
  ///
  /// - Parameters:
  ///   - share: weight of the teachers against the votes, 0...1.
  ///   - progress: called with the count of stills that are done, of how many; false ends the teaching early.
  public mutating func teach(
    by teachers: [Teacher], share: Float, progress: (_ done: Int, _ of: Int) -> Bool = { _, _ in true }
  ) {
    guard !teachers.isEmpty else { return }
    let places = teachers.map { teacher in teacher.labels.map { labels.firstIndex(of: $0) } }
    let stills = clips.indices.filter { clips[$0].pictures.count == 1 }
    // Few enough at a time for large pictures.
    for start in stride(from: 0, to: stills.count, by: 16) {
      guard progress(start, stills.count) else { return }
      let part = stills[start..<min(start + 16, stills.count)]
      var answers = [[Float]](repeating: [Float](repeating: 0, count: labels.count), count: part.count)
      for (teacher, places) in zip(teachers, places) {
        for (row, said) in teacher.probabilities(of: part.map { clips[$0] }).enumerated() {
          // What it says of labels that the set does not have goes to the others.
          let known = zip(places, said).reduce(0) { $1.0 == nil ? $0 : $0 + $1.1 }
          guard known > 0 else { continue }
          for case (let place?, let p) in zip(places, said) { answers[row][place] += p / known / Float(teachers.count) }
        }
      }
      for (index, answer) in zip(part, answers) {
        let total = clips[index].votes.reduce(0, +)
        if clips[index].votes.isEmpty {
          clips[index].votes = answer
        } else if total > 0 {
          // The count of votes stays, so that rules about least votes mean what they did.
          clips[index].votes = zip(clips[index].votes, answer).map { (1 - share) * $0 + share * total * $1 }
        }
      }
    }
  }
}
