import DferTracking

/// What a weight file says about itself, in its metadata.
package struct ModelCard: Sendable, Hashable {
  /// Version of the file format that this program reads.
  package static let format = 1

  /// Kind of network, as `mtcae-dfer`.
  package var model: String
  package var version: String
  /// Day of export, as `2026-11-21`.
  package var date: String
  package var config: MTCAEConfig
  /// Names of the classes, in the order of the logits.
  package var labels: [String]
  /// Probabilities are softmax(logits / temperature).
  package var temperature: Double
  /// Per colour, for values scaled to 0...1.
  package var imageMean, imageStd: [Float]
  package var crop: Crop
  package var clip: Clip
  /// Names of the blendshapes, in the order of the network's answers; empty when it gives none.
  package var blendshapes: [String]
  package var licence: String
  /// Measured figures, as JSON text.
  package var metrics: String
  /// Data, sizes and what was never seen, as JSON text.
  package var training: String
  /// How common the classes were in training; nil: not recorded.
  package var prior: ClassPrior?
  /// `ExpressionModel.featureFingerprint` of the weights that these were quantized from; nil: they are no others'.
  package var featureBase: String?

  package init(
    model: String, version: String, date: String, config: MTCAEConfig, labels: [String], temperature: Double,
    imageMean: [Float], imageStd: [Float], crop: Crop, clip: Clip, blendshapes: [String], licence: String,
    metrics: String, training: String
  ) {
    (self.model, self.version, self.date, self.config) = (model, version, date, config)
    (self.labels, self.temperature, self.imageMean, self.imageStd) = (labels, temperature, imageMean, imageStd)
    (self.crop, self.clip, self.blendshapes) = (crop, clip, blendshapes)
    (self.licence, self.metrics, self.training) = (licence, metrics, training)
  }

  /// How a face is cut out of its frame.
  package struct Crop: Sendable, Hashable, Codable {
    /// Side of the square crop over the longer side of the face box.
    package var sideFactor: Double

    package init(sideFactor: Double) { self.sideFactor = sideFactor }

    package var geometry: CropGeometry { CropGeometry(sideFactor: sideFactor) }

    enum CodingKeys: String, CodingKey { case sideFactor = "side_factor" }
  }

  /// How frames become clips.
  package struct Clip: Sendable, Hashable, Codable {
    package var frames: Int
    /// Shortest and longest time that a clip should span, in seconds.
    package var spanSeconds: [Double]
    /// Time from one clip to the next, in seconds.
    package var hopSeconds: Double
    /// Lowest and highest rate at which frames are taken.
    package var framesPerSecond: [Double]

    package init(frames: Int, spanSeconds: [Double], hopSeconds: Double, framesPerSecond: [Double]) {
      (self.frames, self.spanSeconds) = (frames, spanSeconds)
      (self.hopSeconds, self.framesPerSecond) = (hopSeconds, framesPerSecond)
    }

    enum CodingKeys: String, CodingKey {
      case frames
      case spanSeconds = "span_seconds"
      case hopSeconds = "hop_seconds"
      case framesPerSecond = "frames_per_second"
    }
  }

  /// How crops become the network's input.
  package var input: InputSpec {
    InputSpec(
      imageSize: config.trunk.imageSize, frames: config.trunk.numFrames, mean: imageMean, standardDeviation: imageStd)
  }
}
