import DferTimeline
import DferVideo
import Foundation

/// What tells one state of a file from another without reading it.
package struct FileStamp: Sendable, Hashable {
  package let byteSize: Int64
  /// Seconds since 1970.
  package let modified: Double

  package init(byteSize: Int64, modified: Double) {
    self.byteSize = byteSize
    self.modified = modified
  }

  /// The stamp of a regular file (links are followed), or nil.
  package init?(path: String) {
    guard let (byteSize, modified) = Folder.stamp(ofFile: path) else { return nil }
    self.init(byteSize: byteSize, modified: modified)
  }

  /// The stamp that a manifest's input facts hold; nil for cameras, streams and manifests of older versions.
  package init?(_ input: [String: String]) {
    guard let size = input["byte_size"].flatMap({ Int64($0) }), let time = input["modified_s"].flatMap(Double.init)
    else { return nil }
    self.init(byteSize: size, modified: time)
  }

  /// Equal sizes and, to the millisecond, equal times: not every file system keeps more.
  package func matches(_ other: FileStamp) -> Bool {
    byteSize == other.byteSize && abs(modified - other.modified) < 0.001
  }
}

/// What a finished output must have been made with, so that reading its video again would give the same rows.
package struct ResumeRule: Sendable {
  package enum Verdict: Sendable, Hashable {
    /// The output stands. `damaged` when its video was.
    case keep(damaged: Bool)
    case redo(reason: String)
  }

  let version: String
  let weights: String
  let detector: String
  let pipeline: String
  let options: [String: String]

  /// - Parameters:
  ///   - weights, detector: SHA-256 of the weight files, in lower-case hex.
  ///   - pipeline: SHA-256 of the pipeline file.
  ///   - options: the options as `dfer watch` would record them.
  package init(
    version: String = Installation.version, weights: String, detector: String, pipeline: String,
    options: [String: String]
  ) {
    self.version = version
    self.weights = weights
    self.detector = detector
    self.pipeline = pipeline
    self.options = Self.relevant(options)
  }

  /// Decides from the manifest beside an output, the video as it is now, and the hash of the rows as they are now.
  package func verdict(manifest: RunManifest?, input: FileStamp?, rowsSha256: String?) -> Verdict {
    guard let manifest else { return .redo(reason: "no manifest") }
    guard let input, let recorded = FileStamp(manifest.input), recorded.matches(input) else {
      return .redo(reason: "the video has changed")
    }
    guard manifest.outcome == .complete || manifest.outcome == .damaged else {
      return .redo(reason: "the run ended early (\(manifest.outcome.rawValue))")
    }
    guard let rowsSha256, rowsSha256 == manifest.rowsSha256 else { return .redo(reason: "the rows have changed") }
    guard manifest.dfer == version else { return .redo(reason: "another version of dfer wrote it") }
    guard manifest.weights.sha256 == weights, manifest.detector.sha256 == detector else {
      return .redo(reason: "other weights")
    }
    guard manifest.pipelineSha256 == pipeline else { return .redo(reason: "another pipeline file") }
    guard Self.relevant(manifest.options) == options else { return .redo(reason: "other options") }
    return .keep(damaged: manifest.outcome == .damaged)
  }

  /// Options that can change rows: how many threads do the work is not one of them.
  private static func relevant(_ options: [String: String]) -> [String: String] {
    options.filter { $0.key != "threads" }
  }
}
