import DferTensor
import Foundation

/// What the weight file of a system for single images says about itself, in its metadata. The keys are those of
/// `ModelCard`, with the size of an image beside the system's own `config`.
package struct ImageModelCard: Sendable, Hashable {
  package var system: ImageSystem
  package var version = "1"
  /// Day of export, as `2026-11-21`.
  package var date = ""
  /// The network's sizes, as JSON with keys of the system's own.
  package var config: String
  /// Names of the classes, in the order of the logits.
  package var labels: [String]
  /// Probabilities are softmax(logits / temperature).
  package var temperature = 1.0
  /// Side of an image in pixels; 1 channel: luma, 3: RGB.
  package var imageSize, channels: Int
  /// Per channel, for values scaled to 0...1.
  package var imageMean, imageStd: [Float]
  package var crop = ModelCard.Crop(sideFactor: 1.3)
  package var clip = ModelCard.Clip(frames: 16, spanSeconds: [1.6, 2], hopSeconds: 0.8, framesPerSecond: [8, 10])
  package var licence = "own weights"
  /// Measured figures and how the weights were made, as JSON text.
  package var metrics = "{}"
  package var training = "{}"
  /// How common the classes were in training; nil: not recorded.
  package var prior: ClassPrior?

  /// A card for weights that are still to be learned.
  package init(
    _ system: ImageSystem, config: some Encodable, labels: [String] = ExpressionLabels.names, imageSize: Int,
    channels: Int, mean: [Float], standardDeviation: [Float]
  ) {
    (self.system, self.config, self.labels) = (system, CanonicalJSON.text(config), labels)
    (self.imageSize, self.channels, imageMean, imageStd) = (imageSize, channels, mean, standardDeviation)
  }

  /// Another network of the same system.
  package mutating func set(_ config: some Encodable) { self.config = CanonicalJSON.text(config) }

  /// Changes values of `config` as people type them: `fusion=mean`, `depth=[[1,1]]`, `parts=eyes,mouth`.
  /// - Throws: `ImageConfigError` that lists the keys there are.
  package mutating func set(_ assignments: [String]) throws {
    guard var values = try JSONSerialization.jsonObject(with: Data(config.utf8)) as? [String: Any] else { return }
    for assignment in assignments {
      let parts = assignment.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2, let old = values[parts[0]] else {
        throw ImageConfigError(
          faults: ["\(assignment): not KEY=VALUE with one of \(values.keys.sorted().joined(separator: ", "))"])
      }
      let parsed = try? JSONSerialization.jsonObject(with: Data(parts[1].utf8), options: .fragmentsAllowed)
      values[parts[0]] = parsed ?? (old is [Any] ? parts[1].split(separator: ",").map(String.init) : parts[1])
      if parts[0] == "image_size", let size = parsed as? Int { imageSize = size }
    }
    config = String(decoding: try JSONSerialization.data(withJSONObject: values, options: .sortedKeys), as: UTF8.self)
  }

  /// Reads the card of an open file.
  /// - Throws: one `CheckpointError` with everything that is missing or does not fit.
  package init(_ file: SafetensorsFile) throws {
    let metadata = file.metadata
    func fault(_ reasons: [String]) -> CheckpointError { CheckpointError(path: file.path, reasons: reasons) }
    guard metadata["dfer_format"] == String(ModelCard.format) else {
      throw fault(["format \(metadata["dfer_format"] ?? "unknown"); this program reads format \(ModelCard.format)"])
    }
    guard let name = metadata["model"], let system = ImageSystem(rawValue: name) else {
      throw fault(["metadata model: \(metadata["model"] ?? "missing") is no system for single pictures"])
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
    guard let labels = json("labels", [String].self), let mean = json("image_mean", [Float].self),
      let standardDeviation = json("image_std", [Float].self), let crop = json("crop", ModelCard.Crop.self),
      let clip = json("clip", ModelCard.Clip.self), let size = json("image_size", Int.self),
      let channels = json("channels", Int.self), let temperature = json("temperature", Double.self)
    else { throw fault(faults) }
    func check(_ holds: Bool, _ text: String) { if !holds { faults.append("metadata \(text)") } }
    check(Set(labels).count == labels.count && labels.count > 1, "labels: not two or more different names")
    let prior = metadata["prior"].flatMap { _ in json("prior", ClassPrior.self) }
    check(prior.map { Set($0.fractions.keys) == Set(labels) } ?? true, "prior: not one fraction for each label")
    check(channels == 1 || channels == 3, "channels: \(channels) is neither 1 nor 3")
    check(size.isMultiple(of: 8) && (16...512).contains(size), "image_size: \(size) is not a multiple of 8 in 16...512")
    check(
      mean.count == channels && standardDeviation.count == channels,
      "image_mean, image_std: not \(channels) numbers each")
    faults += CardRanges.faults(
      temperature: temperature, mean: mean, deviation: standardDeviation, crop: crop, clip: clip)
    guard faults.isEmpty else { throw fault(faults) }
    self.prior = prior
    (self.system, self.labels, self.temperature) = (system, labels, temperature)
    (imageSize, self.channels, imageMean, imageStd, self.crop, self.clip) = (
      size, channels, mean, standardDeviation, crop, clip
    )
    func text(_ key: String) -> String { metadata[key] ?? "" }
    (config, version, date) = (text("config"), text("version"), text("date"))
    (licence, metrics, training) = (text("licence"), text("metrics"), text("training"))
  }

  private static let keys = [
    "version", "date", "config", "labels", "temperature", "image_size", "channels", "image_mean", "image_std", "crop",
    "clip", "licence", "metrics", "training",
  ]

  /// The metadata of a weight file with this card.
  package var metadata: [String: String] {
    var metadata = [
      "dfer_format": String(ModelCard.format), "model": system.rawValue, "version": version, "date": date,
      "config": config, "labels": CanonicalJSON.text(labels), "temperature": String(temperature),
      "image_size": String(imageSize), "channels": String(channels), "image_mean": CanonicalJSON.text(imageMean),
      "image_std": CanonicalJSON.text(imageStd), "crop": CanonicalJSON.text(crop), "clip": CanonicalJSON.text(clip),
      "licence": licence,
      "metrics": metrics, "training": training,
    ]
    metadata["prior"] = prior.map(CanonicalJSON.text)
    return metadata
  }
}
