import DferTracking

/// What a weight file says about itself, in its metadata.
public struct ModelCard: Sendable, Hashable {
  /// Version of the file format that this program reads.
  public static let format = 1

  /// Kind of network, as `mtcae-dfer`.
  public var model: String
  public var version: String
  /// Day of export, as `2026-11-21`.
  public var date: String
  public var config: MTCAEConfig
  /// Names of the classes, in the order of the logits.
  public var labels: [String]
  /// Probabilities are softmax(logits / temperature).
  public var temperature: Double
  /// Per colour, for values scaled to 0...1.
  public var imageMean, imageStd: [Float]
  public var crop: Crop
  public var clip: Clip
  /// Names of the blendshapes, in the order of the network's answers; empty when it gives none.
  public var blendshapes: [String]
  public var licence: String
  /// Measured figures, as JSON text.
  public var metrics: String
  /// Data, sizes and what was never seen, as JSON text.
  public var training: String
  /// How common the classes were in training; nil: not recorded.
  public var prior: ClassPrior?

  public init(
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
  public struct Crop: Sendable, Hashable, Codable {
    /// Side of the square crop over the longer side of the face box.
    public var sideFactor: Double

    public init(sideFactor: Double) { self.sideFactor = sideFactor }

    public var geometry: CropGeometry { CropGeometry(sideFactor: sideFactor) }

    enum CodingKeys: String, CodingKey { case sideFactor = "side_factor" }
  }

  /// How frames become clips.
  public struct Clip: Sendable, Hashable, Codable {
    public var frames: Int
    /// Shortest and longest time that a clip should span, in seconds.
    public var spanSeconds: [Double]
    /// Time from one clip to the next, in seconds.
    public var hopSeconds: Double
    /// Lowest and highest rate at which frames are taken.
    public var framesPerSecond: [Double]

    public init(frames: Int, spanSeconds: [Double], hopSeconds: Double, framesPerSecond: [Double]) {
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
  public var input: InputSpec {
    InputSpec(
      imageSize: config.trunk.imageSize, frames: config.trunk.numFrames, mean: imageMean, standardDeviation: imageStd)
  }
}
