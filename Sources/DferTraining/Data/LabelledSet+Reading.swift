import DferModels

extension LabelledSet {
  /// Reads labelled data of either form: a packed set when a video of the same name lies beside the CSV file, else a
  /// manifest of clips.
  ///
  /// - Parameters:
  ///   - card: of the network that will see it: order of the classes, names of the blendshapes, length of a clip.
  ///   - every: take every n-th row only.
  ///   - finder: made when clips need faces to be found.
  public init(
    _ csv: String, card: ModelCard, every: Int = 1, finder: () throws -> FaceFinder
  ) throws {
    if PackedSet.video(of: csv) != nil {
      self = try PackedSet.read(csv, labels: card.labels, blendshapes: card.blendshapes, every: every)
    } else {
      self = try Manifest(csv, labels: card.labels).read(card, every: every, finder: finder)
    }
  }
}
