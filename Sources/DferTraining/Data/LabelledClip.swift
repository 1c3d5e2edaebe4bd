import DferImage

/// One face with what people or other networks say of it. Places are in pixels of its images.
package struct LabelledClip: Sendable {
  /// Says where it comes from when something is wrong with it.
  package var name: String
  /// In order of time; a still has one.
  package var images: [Image]
  /// The face in each image.
  package var boxes: [Rect]
  /// Whether the boxes are labels to learn, not only places to look at.
  package var boxesAreLabels: Bool
  /// For each image: image-left eye, image-right eye, nose tip, image-left and image-right mouth corner. Empty
  /// when not known.
  package var points: [[Point]]
  /// Distance of the outer eye corners, or of the eye centres where no more is known.
  package var eyeDistance: Double?
  /// Votes for each label of the set; empty when nobody was asked. A single label is one vote.
  package var votes: [Float]
  /// Votes for something else: unknown, not a face.
  package var otherVotes: Float = 0
  /// 0...1 for each blendshape of the set; empty when not known.
  package var blendshapes: [Float] = []
  /// The usual 68 points of a still; empty when not known or not asked for.
  package var contour: [Point] = []
  /// nil when nobody said.
  package var wearsMask: Bool?
  /// Who is seen; nil: not known.
  package var person: String?
  /// Number of its frame in a packed set; nil for other data.
  package var frame: Int?
  /// How often it is learned from, against others.
  package var weight = 1.0

  /// The class with the most votes when it holds more than half of them, those for something else counted in.
  ///
  /// - Parameter classes: which classes may be the answer.
  package func majority(among classes: [Int]) -> Int? {
    guard let top = votes.indices.max(by: { votes[$0] < votes[$1] }), classes.contains(top) else { return nil }
    return votes[top] * 2 > votes.reduce(otherVotes, +) ? top : nil
  }

  /// One of its images alone, with the same labels.
  func still(_ index: Int) -> LabelledClip {
    var still = self
    still.images = [images[index]]
    still.boxes = [boxes[index]]
    still.points = points.isEmpty ? [] : [points[index]]
    return still
  }

  /// Shares of the votes for the labels; nil when fewer than `least` were cast for them, or as many for something else.
  func shares(least: Float) -> [Float]? {
    let sum = votes.reduce(0, +)
    guard sum > 0, sum >= least, otherVotes < sum else { return nil }
    return votes.map { $0 / sum }
  }
}

/// Labelled faces under one list of labels.
package struct LabelledSet: Sendable {
  package var labels: [String]
  package var clips: [LabelledClip]
  /// Clips in which no face was found, without images.
  package var faceless: [LabelledClip] = []
  /// What could not be used, in words; empty when all could.
  package var skipped: [String] = []

  package init(labels: [String], clips: [LabelledClip], skipped: [String] = []) {
    (self.labels, self.clips, self.skipped) = (labels, clips, skipped)
  }

  /// People who are in both sets, where the sets say who is seen: what is learned of them makes figures too good.
  package func people(sharedWith other: LabelledSet) -> [String] {
    func people(_ set: LabelledSet) -> Set<String> { Set((set.clips + set.faceless).compactMap(\.person)) }
    return people(self).intersection(people(other)).sorted()
  }
}
