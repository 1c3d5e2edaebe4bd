import DferModels
import DferTracking
import DferVideo
import Foundation

/// What a run uses and how: the contents of a file in `Pipelines/`.
///
/// The file chooses and configures. It never describes a network: that is Swift, chosen by the weights.
public struct Pipeline: Sendable, Hashable {
  package struct Detector: Sendable, Hashable {
    /// Weight file of the face detector, relative to the pipeline file.
    package var weights: String
    /// Long side in pixels of the image that the detector sees. Larger finds smaller faces and costs more.
    package var longSide = 320
    /// Seconds between two looks at the video.
    package var every = 0.2
  }

  package struct Clip: Sendable, Hashable {
    /// Seconds of video in one clip; nil: what the weights recommend.
    package var span: Double?
    /// Seconds from one clip to the next; nil: what the weights recommend.
    package var hop: Double?
  }

  /// What `--pipeline` calls it.
  public var name: String
  /// One line for people.
  public var about: String
  package var detector: Detector
  /// When detections become faces; `minimumFace` and `maximumFaces` are the run's options.
  package var tracker = TrackerOptions()
  package var clip = Clip()
  /// System that the weights must belong to; nil: whichever they say.
  package var system: String?
  /// Weight file of the network, relative to the pipeline file.
  package var weights: String
  /// The folder that relative names start from.
  package var folder: URL
  /// SHA-256 of the pipeline file, in lower-case hex; empty when it was not read from one.
  package var sha256 = ""

  /// The weight file of the face detector.
  public var detectorWeights: URL { URL(fileURLWithPath: detector.weights, relativeTo: folder).absoluteURL }
  /// The weight file of the network.
  public var modelWeights: URL { URL(fileURLWithPath: weights, relativeTo: folder).absoluteURL }
}

/// Why a pipeline could not be used.
package enum PipelineError: Error, CustomStringConvertible, Hashable {
  case notFound(name: String, looked: [String], available: [String])
  case unreadable(path: String, reason: String)
  case unknownKey(path: String, line: Int, key: String, nearest: String?)
  case wrongValue(path: String, line: Int, key: String, expected: String)
  case missingKey(path: String, key: String)
  case wrongWeights(pipeline: String, path: String, expected: String, found: String)
  case notGiven(pipeline: String, what: String)

  package var description: String {
    switch self {
    case .notFound(let name, let looked, let available):
      if let nearest = nearestName(to: name, among: available) {
        return "no pipeline named '\(name)' (did you mean '\(nearest)'?)"
      }
      let hint =
        available.isEmpty
        ? "looked in \(looked.joined(separator: ", ")); set DFER_HOME, or name a pipeline file by its path"
        : "available: \(available.joined(separator: ", "))"
      return "no pipeline named '\(name)' (\(hint))"
    case .unreadable(let path, let reason): return "\(path): it cannot be read: \(reason)"
    case .unknownKey(let path, let line, let key, let nearest):
      return "\(path):\(line): unknown key '\(key)'" + (nearest.map { " (did you mean '\($0)'?)" } ?? "")
    case .wrongValue(let path, let line, let key, let expected):
      return "\(path):\(line): '\(key)' must be \(expected)"
    case .wrongWeights(let pipeline, let path, let expected, let found):
      return "\(path): weights of \(found), but pipeline \(pipeline) is of \(expected)"
    case .notGiven(let pipeline, let what):
      return "pipeline \(pipeline) has no \(what): leave the option out, or use mtcae-dfer"
    case .missingKey(let path, let key): return "\(path): key '\(key)' is missing"
    }
  }
}

extension Pipeline {
  /// Reads a pipeline file. Every key is checked.
  /// - Throws: an error of the kind `DferErrorKind.unusablePipeline`, with the line.
  public init(contentsOf file: URL) throws {
    let text: String
    do { text = try String(contentsOf: file, encoding: .utf8) } catch {
      throw PipelineError.unreadable(path: file.path, reason: "no such file, or not UTF-8 text")
    }
    try self.init(yaml: text, path: file.path, folder: file.deletingLastPathComponent())
    sha256 = (try? SHA256.hex(ofFile: file.path)) ?? ""
  }

  init(yaml: String, path: String, folder: URL) throws {
    let root = try YAMLFields(
      yaml, path: path, keys: ["schema", "name", "about", "finder", "tracker", "clip", "model"])
    guard try root.integer("schema") == 1 else {
      throw PipelineError.wrongValue(
        path: path, line: root.line(of: "schema"), key: "schema", expected: "1: another dfer wrote this file")
    }
    let detector = try root.fields("finder", keys: ["weights", "long_side", "every", "minimum_score"])
    let model = try root.fields("model", keys: ["system", "weights"])
    self.init(
      name: try root.required("name"), about: try root.text("about") ?? "",
      detector: Detector(weights: try detector.required("weights")), weights: try model.required("weights"),
      folder: folder)
    system = try model.choice("system", of: FaceReader.systems)
    try detector.set(&self.detector.longSide, "long_side", in: 64...4096)
    try detector.set(&self.detector.every, "every", in: 0.02...5)
    try detector.set(&tracker.minimumScore, "minimum_score", in: 0...1)
    if root.has("tracker") {
      let fields = try root.fields("tracker", keys: ["keep_score", "confirm_score", "longest_gap", "shortest_track"])
      try fields.set(&tracker.keepScore, "keep_score", in: 0...1)
      try fields.set(&tracker.confirmScore, "confirm_score", in: 0...1)
      try fields.set(&tracker.longestGap, "longest_gap", in: 0...60)
      try fields.set(&tracker.shortestTrack, "shortest_track", in: 0...10)
    }
    if root.has("clip") {
      let fields = try root.fields("clip", keys: ["span", "hop"])
      clip.span = try fields.number("span", in: 0.1...60)
      clip.hop = try fields.number("hop", in: 0.04...60)
    }
  }
}
