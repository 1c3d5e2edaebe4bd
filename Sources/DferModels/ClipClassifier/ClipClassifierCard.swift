import DferTensor
import Foundation

/// The published encoders of clips that end in a plain classifier.
package enum ClipSystem: String, Sendable, CaseIterable {
  case videoMAE = "videomae"
  case maeDFER = "mae-dfer"
}

/// What the weight file of a clip classifier says about itself, in its metadata; keys as in `ModelCard`.
package struct ClipClassifierCard: Sendable, Hashable {
  package var system: ClipSystem
  package var version = "1"
  /// Day of export, as `2026-11-21`.
  package var date = ""
  package var config: VideoMAEConfig
  /// Tokens of a region along time, rows and columns, of MAE-DFER.
  package var regionSize: [Int]?
  /// Names of the classes, in the order of the logits.
  package var labels: [String]
  /// Probabilities are softmax(logits / temperature).
  package var temperature = 1.0
  /// Per colour, for values scaled to 0...1.
  package var imageMean, imageStd: [Float]
  package var crop: ModelCard.Crop
  package var clip: ModelCard.Clip
  package var licence: String
  /// Measured figures and how the weights were made, as JSON text.
  package var metrics = "{}"
  package var training = "{}"

  package init(
    _ system: ClipSystem, config: VideoMAEConfig, regionSize: [Int]?, labels: [String], mean: [Float],
    standardDeviation: [Float], crop: ModelCard.Crop, clip: ModelCard.Clip, licence: String
  ) {
    (self.system, self.config, self.regionSize, self.labels) = (system, config, regionSize, labels)
    (imageMean, imageStd, self.crop, self.clip, self.licence) = (mean, standardDeviation, crop, clip, licence)
  }

  /// How crops become the network's input.
  package var input: InputSpec {
    InputSpec(
      imageSize: config.imageSize, frames: config.numFrames, mean: imageMean, standardDeviation: imageStd)
  }

  var regions: MAEDFERConfig? { regionSize.map { MAEDFERConfig(trunk: config, regionSize: $0) } }

  private static let keys = [
    "version", "date", "config", "labels", "temperature", "image_mean", "image_std", "crop", "clip", "licence",
    "metrics", "training",
  ]

  /// Reads the card of an open file.
  /// - Throws: one `CheckpointError` with everything that is missing or does not fit.
  package init(_ file: SafetensorsFile) throws {
    let metadata = file.metadata
    func fault(_ reasons: [String]) -> CheckpointError { CheckpointError(path: file.path, reasons: reasons) }
    guard metadata["dfer_format"] == String(ModelCard.format) else {
      throw fault(["format \(metadata["dfer_format"] ?? "unknown"); this program reads format \(ModelCard.format)"])
    }
    guard let system = metadata["model"].flatMap(ClipSystem.init) else {
      throw fault(["metadata model: \(metadata["model"] ?? "none") is no network for clips"])
    }
    let missing = Self.keys.filter { metadata[$0] == nil }
    guard missing.isEmpty else { throw fault(["its metadata lacks \(missing.joined(separator: ", "))"]) }
    var faults: [String] = []
    func json<T: Decodable>(_ key: String, _: T.Type = T.self) -> T? {
      do { return try JSONDecoder().decode(T.self, from: Data((metadata[key] ?? "").utf8)) } catch {
        faults.append("metadata \(key): \(ModelCard.explain(error))")
        return nil
      }
    }
    let trunk: VideoMAEConfig? = system == .videoMAE ? json("config") : nil
    let regions: MAEDFERConfig? = system == .maeDFER ? json("config") : nil
    guard let config = trunk ?? regions?.trunk, let labels = json("labels", [String].self),
      let mean = json("image_mean", [Float].self), let standardDeviation = json("image_std", [Float].self),
      let crop = json("crop", ModelCard.Crop.self), let clip = json("clip", ModelCard.Clip.self),
      let temperature = json("temperature", Double.self)
    else { throw fault(faults) }
    self.init(
      system, config: config, regionSize: regions?.regionSize, labels: labels, mean: mean,
      standardDeviation: standardDeviation, crop: crop, clip: clip, licence: metadata["licence"] ?? "")
    func text(_ key: String) -> String { metadata[key] ?? "" }
    (version, date, metrics, training) = (text("version"), text("date"), text("metrics"), text("training"))
    self.temperature = temperature
    guard self.faults.isEmpty else { throw fault(self.faults) }
  }

  /// What does not fit together, in words; empty when a network can be built and used.
  package var faults: [String] {
    var faults = regions?.faults ?? config.faults
    func check(_ holds: Bool, _ text: String) { if !holds { faults.append("metadata \(text)") } }
    check(Set(labels).count == labels.count && labels.count > 1, "labels: not two or more different names")
    check(labels.count == config.numLabels, "labels: \(labels.count) for \(config.numLabels) classes")
    check(config.numChannels == 3, "config: num_channels is \(config.numChannels), not 3")
    check(imageMean.count == 3 && imageStd.count == 3, "image_mean, image_std: not 3 numbers each")
    check(clip.frames == config.numFrames, "clip: \(clip.frames) frames, but config has \(config.numFrames)")
    return faults
      + CardRanges.faults(temperature: temperature, mean: imageMean, deviation: imageStd, crop: crop, clip: clip)
  }

  /// The metadata of a weight file with this card.
  package var metadata: [String: String] {
    [
      "dfer_format": String(ModelCard.format), "model": system.rawValue, "version": version, "date": date,
      "config": regions.map(CanonicalJSON.text) ?? CanonicalJSON.text(config), "labels": CanonicalJSON.text(labels),
      "temperature": String(temperature), "image_mean": CanonicalJSON.text(imageMean),
      "image_std": CanonicalJSON.text(imageStd), "crop": CanonicalJSON.text(crop), "clip": CanonicalJSON.text(clip),
      "licence": licence, "metrics": metrics, "training": training,
    ]
  }
}
