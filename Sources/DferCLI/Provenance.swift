import Dfer
import DferModels
import DferTimeline
import DferVideo
import Foundation

/// How rows were made, in the words of reports: version, pipeline, weights and day.
enum Provenance {
  /// Of rows that are being read with these models.
  static func of(_ models: LoadedPipeline) throws -> [String: String] {
    return [
      "dfer": Installation.version, "pipeline": models.pipeline.name, "read": day(Date()),
      "weights": text(
        file: models.pipeline.weightsFile, version: models.modelInfo.version,
        sha256: try models.pipeline.weightsSha256()
      ),
    ]
  }

  /// Of rows that were read before, by the manifest beside them.
  static func of(_ facts: RunFacts?) -> [String: String] {
    var result = ["exported": day(Date()), "dfer": facts?.dfer ?? Installation.version]
    guard let facts else { return result }
    result["pipeline"] = facts.pipeline
    result["read"] = facts.started.map { String($0.prefix(10)) }
    if let weights = facts.weights, let file = weights.file {
      result["weights"] = text(file: file, version: weights.version, sha256: weights.sha256)
    }
    return result
  }

  private static func text(file: String, version: String?, sha256: String?) -> String {
    file + (version.map { " version \($0)" } ?? "") + (sha256.map { " (SHA-256 \($0.prefix(12))...)" } ?? "")
  }

  private static func day(_ date: Date) -> String { String(date.ISO8601Format().prefix(10)) }
}
