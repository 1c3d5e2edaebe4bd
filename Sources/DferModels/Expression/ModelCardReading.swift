import DferTensor
import Foundation

extension ModelCard {
  /// Keys that a weight file must have.
  static let keys = [
    "dfer_format", "model", "version", "date", "config", "labels", "temperature", "image_mean", "image_std", "crop",
    "clip", "blendshapes", "licence", "metrics", "training",
  ]

  /// Reads the card of an open file.
  /// - Throws: one `CheckpointError` with everything that is missing or does not fit.
  package init(_ file: SafetensorsFile) throws {
    let metadata = file.metadata
    if let format = metadata["dfer_format"], format != String(Self.format) {
      throw CheckpointError(
        path: file.path,
        reason: "made by a newer dfer: its format is \(format), this program reads format \(Self.format)")
    }
    if let system = metadata["model"], ImageSystem(rawValue: system) != nil || ClipSystem(rawValue: system) != nil {
      throw CheckpointError(path: file.path, reason: "weights of \(system); those of mtcae-dfer are needed here")
    }
    let missing = Self.keys.filter { metadata[$0] == nil }
    guard missing.isEmpty else {
      throw CheckpointError(
        path: file.path, reason: "not a weight file of dfer: its metadata lacks \(missing.joined(separator: ", "))")
    }
    var faults: [String] = []
    func text(_ key: String) -> String { metadata[key] ?? "" }
    func json<T: Decodable>(_ key: String, _ type: T.Type = T.self) -> T? {
      do {
        return try JSONDecoder().decode(type, from: Data(text(key).utf8))
      } catch {
        faults.append("metadata \(key): \(Self.explain(error))")
        return nil
      }
    }
    let config = json("config", MTCAEConfig.self)
    let labels = json("labels", [String].self)
    let mean = json("image_mean", [Float].self)
    let standardDeviation = json("image_std", [Float].self)
    let crop = json("crop", Crop.self)
    let clip = json("clip", Clip.self)
    let blendshapes = json("blendshapes", [String].self)
    let temperature = Double(text("temperature"))
    let prior = metadata["prior"].flatMap { _ in json("prior", ClassPrior.self) }
    guard let config, let labels, let mean, let standardDeviation, let crop, let clip, let blendshapes, let temperature
    else {
      if temperature == nil { faults.append("metadata temperature: \(text("temperature")) is not a number") }
      throw CheckpointError(path: file.path, reasons: faults)
    }

    faults += config.faults
    func check(_ holds: Bool, _ fault: String) { if !holds { faults.append("metadata \(fault)") } }
    check(prior.map { Set($0.fractions.keys) == Set(labels) } ?? true, "prior: not one fraction for each label")
    check(labels.count == config.cascade.numLabels, "labels: \(labels.count) for \(config.cascade.numLabels) classes")
    check(Set(labels).count == labels.count, "labels: a name appears twice")
    check(
      blendshapes.count == config.cascade.numBlendshapes,
      "blendshapes: \(blendshapes.count) names for \(config.cascade.numBlendshapes) answers")
    check(mean.count == 3, "image_mean: \(mean.count) numbers for 3 colours")
    check(standardDeviation.count == 3, "image_std: \(standardDeviation.count) numbers for 3 colours")
    check(config.trunk.numChannels == 3, "config: num_channels is \(config.trunk.numChannels), not 3")
    check(
      clip.frames == config.trunk.numFrames, "clip: \(clip.frames) frames, but config has \(config.trunk.numFrames)")
    faults += CardRanges.faults(
      temperature: temperature, mean: mean, deviation: standardDeviation, crop: crop, clip: clip)
    guard faults.isEmpty else { throw CheckpointError(path: file.path, reasons: faults) }

    self.init(
      model: text("model"), version: text("version"), date: text("date"), config: config, labels: labels,
      temperature: temperature, imageMean: mean, imageStd: standardDeviation, crop: crop, clip: clip,
      blendshapes: blendshapes,
      licence: text("licence"), metrics: text("metrics"), training: text("training"))
    self.prior = prior
    featureBase = metadata["feature_base"]
  }

  /// The metadata of a weight file with this card.
  package var metadata: [String: String] {
    func json(_ value: some Encodable) -> String { CanonicalJSON.text(value) }
    var metadata = [
      "dfer_format": String(Self.format), "model": model, "version": version, "date": date, "config": json(config),
      "labels": json(labels), "temperature": String(temperature), "image_mean": json(imageMean),
      "image_std": json(imageStd), "crop": json(crop), "clip": json(clip), "blendshapes": json(blendshapes),
      "licence": licence, "metrics": metrics, "training": training,
    ]
    metadata["prior"] = prior.map(json)
    metadata["feature_base"] = featureBase
    return metadata
  }

  /// A decoding error without Foundation's noise.
  package static func explain(_ error: any Error) -> String {
    switch error {
    case DecodingError.keyNotFound(let key, _): "\(key.stringValue) is missing"
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
      "\(context.codingPath.map(\.stringValue).joined(separator: ".")) is of another type"
    case DecodingError.dataCorrupted(let context):
      context.codingPath.isEmpty
        ? "not valid JSON"
        : "\(context.codingPath.map(\.stringValue).joined(separator: ".")): \(context.debugDescription)"
    default: "\(error)"
    }
  }
}
