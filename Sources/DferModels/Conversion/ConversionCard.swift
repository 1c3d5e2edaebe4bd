import DferTensor

/// What a user has to say about a published checkpoint, because the file does not.
package struct ConversionCard: Sendable, Hashable {
  /// Names of the classes, in the order of the logits.
  package var labels: [String]
  /// Of the weights, as their owners give it.
  package var licence: String
  package var version = "1"
  /// Where the checkpoint is from, and its hash: kept in the new file.
  package var source = ""
  package var temperature = 1.0
  /// Side of an image in pixels; nil: as published.
  package var imageSize: Int?
  /// Frames of a clip.
  package var frames = 16
  /// Per colour, for values scaled to 0...1; nil: as published.
  package var mean, standardDeviation: [Float]?
  package var crop = ModelCard.Crop(sideFactor: 1.3)
  package var span = 1.6
  package var hop = 0.8
  /// Sizes that the shapes of the tensors do not tell.
  package var heads: Int?
  package var regionSize: [Int]?
  package var layerNormEps, finalNormEps: Double?

  package init(labels: [String], licence: String) { (self.labels, self.licence) = (labels, licence) }

  /// How frames become clips.
  func clip(frames: Int) -> ModelCard.Clip {
    ModelCard.Clip(
      frames: frames, spanSeconds: [span, max(span, 2)], hopSeconds: hop,
      framesPerSecond: [Double(frames) / max(span, 2), Double(frames) / span])
  }
}
