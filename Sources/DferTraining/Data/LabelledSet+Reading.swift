import DferModels

extension LabelledSet {
  /// Reads labelled data of either form: a packed set when a video of the same name lies beside the CSV file, else a
  /// manifest of clips.
  ///
  /// - Parameters:
  ///   - labels: of the network that will see it, in its order; `blendshapes` too.
  ///   - frames: of its clips; `imageSize`: side of its crops, in pixels.
  ///   - every: take every n-th row only.
  ///   - contours: whether to keep the 68 points of stills that have them.
  ///   - filter: which rows are read.
  ///   - detector: made when clips need faces to be found.
  package init(
    _ csv: String, labels: [String], blendshapes: [String] = [], frames: Int, imageSize: Int, every: Int = 1,
    contours: Bool = false, filter: RowFilter = .all, detector: () throws -> FaceDetector
  ) throws {
    if PackedSet.video(of: csv) != nil {
      self = try PackedSet.read(
        csv, labels: labels, blendshapes: blendshapes, every: every, contours: contours, filter: filter)
    } else {
      self = try Manifest(csv, labels: labels, filter: filter).read(
        frames: frames, imageSize: imageSize, every: every, detector: detector)
    }
  }

  /// The same for the network of a card.
  package init(_ csv: String, card: ModelCard, every: Int = 1, detector: () throws -> FaceDetector) throws {
    try self.init(
      csv, labels: card.labels, blendshapes: card.blendshapes, frames: card.config.trunk.numFrames,
      imageSize: card.config.trunk.imageSize, every: every, detector: detector)
  }
}
