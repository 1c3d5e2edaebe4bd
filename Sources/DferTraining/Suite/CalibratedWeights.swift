import DferModels
import DferTensor
import Foundation

/// A weight file with a card that says how well it reads the domains of a suite, how sure it may be, and what it learned from.
package struct CalibratedWeights {
  /// Of one domain, as the card keeps it.
  struct Domain: Encodable {
    var faces: Int
    var uar, war, calibrationError: Double
  }

  /// What the card keeps of a suite.
  struct Metrics: Encodable {
    var name: String
    var domains: [String: Domain]
    var uar, war, calibrationError: Double
    /// How often predictions are right when so many are answered, and the confidence to ask for: means over domains.
    var operatingPoints: [AbstentionPoint]
  }

  private let file: SafetensorsFile

  /// - Throws: `CheckpointError` when it is no weight file.
  package init(_ path: String) throws { file = try SafetensorsFile(path: path) }

  /// Writes the same tensors with another card.
  ///
  /// - Parameters:
  ///   - result: of these weights at the temperature that is to be kept.
  ///   - prior: of the data that they learned from; nil leaves the card's.
  package func write(_ result: SuiteResult, prior: ClassPrior?, to path: String) throws {
    var metadata = file.metadata
    metadata["temperature"] = String(result.weights.temperature)
    metadata["date"] = Date.now.formatted(.iso8601.year().month().day())
    metadata["metrics"] = Self.adding(Self.metrics(of: result), to: metadata["metrics"] ?? "{}")
    if let prior { metadata["prior"] = CanonicalJSON.text(prior) }
    let tensors = try file.names.map { (name: $0, tensor: try file.tensor($0)) }
    // Quantized weights stay so.
    if let text = metadata["quantization"] {
      let record = try? JSONDecoder().decode(QuantizationRecord.self, from: Data(text.utf8))
      return try SafetensorsFile.write(
        tensors: tensors, metadata: metadata, to: path, quantized: record?.format ?? .int8)
    }
    let isHalf = file.names.allSatisfy { file.dtype(of: $0) == .f16 }
    try SafetensorsFile.write(tensors: tensors, metadata: metadata, to: path, as: isHalf ? .f16 : .f32)
  }

  static func metrics(of result: SuiteResult) -> Metrics {
    let domains = result.domains.map { domain in
      (
        domain.name,
        Domain(
          faces: domain.classes.samples, uar: domain.classes.uar, war: domain.classes.war,
          calibrationError: domain.classes.calibration.error)
      )
    }
    return Metrics(
      name: result.suite, domains: Dictionary(domains, uniquingKeysWith: { first, _ in first }), uar: result.mean.uar,
      war: result.mean.war, calibrationError: result.mean.calibrationError, operatingPoints: result.mean.abstention)
  }

  /// A JSON object with the key `suite` set; what is no object is replaced.
  static func adding(_ suite: Metrics, to text: String) -> String {
    func object(_ text: String) -> [String: Any]? {
      (try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [String: Any]
    }
    var all = object(text) ?? [:]
    all["suite"] = object(CanonicalJSON.text(suite))
    let data = try? JSONSerialization.data(withJSONObject: all, options: .sortedKeys)
    return data.map { String(decoding: $0, as: UTF8.self) } ?? text
  }
}

extension ClassPrior {
  /// Measured from the labels of data, without their images.
  ///
  /// - Parameters:
  ///   - files: packed sets and manifests, each with how often its faces are drawn.
  ///   - adjustment: how much of it training has taken out of the logits.
  /// - Throws: `DataError` with the line of the first row that is wrong, or when nobody is labelled.
  package init(of files: [(path: String, weight: Double)], labels: [String], adjustment: Double) throws {
    var set = LabelledSet(labels: labels, clips: [])
    for file in files {
      let table = try LabelTable(path: file.path)
      let columns = VoteColumns(table, labels)
      set.clips += try table.rows { row in
        let (votes, others) = try columns.read(row)
        var clip = LabelledClip(
          name: "", images: [], boxes: [], boxesAreLabels: false, points: [], votes: votes, otherVotes: others)
        clip.weight = file.weight
        return clip
      }
    }
    guard let prior = set.classPrior(adjustment: adjustment) else {
      throw DataError(path: files.first?.path ?? "", reason: "no face is labelled \(labels.joined(separator: ", "))")
    }
    self = prior
  }
}
