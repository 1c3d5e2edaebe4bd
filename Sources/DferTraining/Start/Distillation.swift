import DferImage
import DferModels
import DferTensor

extension LabelledSet {
  /// Mixes what a teacher says of each still into its votes, so that a network also learns which mistakes are small.
  /// Stills that nobody voted on get the teacher's word alone; clips of several pictures stay as they are.
  ///
  /// The teacher sees the face as it lies in pictures of its own size, plain and mirrored.
  ///
  /// - Parameter share: weight of the teacher against the votes, 0...1.
  public mutating func teach(by teacher: StillClassifier, share: Float) {
    let places = teacher.labels.map { labels.firstIndex(of: $0) }
    let view = View(side: Self.teacherSide)
    let stills = clips.indices.filter { clips[$0].pictures.count == 1 }
    for start in stride(from: 0, to: stills.count, by: 64) {
      let part = stills[start..<min(start + 64, stills.count)]
      let crops = part.map { view.picture(clips[$0].pictures[0], clips[$0].boxes[0], size: StillClassifier.imageSize) }
      let logits = teacher.logits(crops + crops.map { $0.mirrored() })
      for (row, index) in part.enumerated() {
        let (plain, turned) = (
          Temperature.probabilities(Self.row(logits, row), temperature: 1),
          Temperature.probabilities(Self.row(logits, row + part.count), temperature: 1)
        )
        var answer = [Float](repeating: 0, count: labels.count)
        for (place, value) in zip(places, zip(plain, turned)) {
          if let place { answer[place] += (value.0 + value.1) / 2 }
        }
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

  /// Side of the teacher's crop over the longer side of the face box: its own pictures are cut closely.
  private static let teacherSide = 1.1

  private static func row(_ logits: Tensor, _ row: Int) -> [Float] {
    Array(logits.values[row * logits.columns..<(row + 1) * logits.columns])
  }
}
