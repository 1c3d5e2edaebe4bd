import DferModels
import DferTracking
import DferVideo
import Foundation

/// What a run uses and how: the contents of a file in `Pipelines/`.
///
/// The file chooses and configures. It never describes a network: that is Swift, chosen by the weights.
public struct Pipeline: Sendable, Hashable {
  package struct Detector: Sendable, Hashable {
    /// Weight file of the face detector, relative to the pipeline file; nil: the installed one.
    package var weights: String?
    /// SHA-256 that the weight file must have; nil: any.
    package var sha256: String?
    /// Form of a detector in an ONNX file; nil: weights of our own format.
    package var form: ONNXDetector.Form?
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
  /// The networks, whose probabilities are averaged; usually one.
  package var models: [PipelineModel]
  /// The folder that relative names start from.
  package var folder: URL
  /// What its file says in words of an older version.
  package var warnings: [String] = []
  /// SHA-256 of the pipeline file, in lower-case hex; empty when it was not read from one.
  package var sha256 = ""

  /// The weight file of the face detector.
  public var detectorWeights: URL {
    detector.weights.map(file) ?? Installation.detectorWeights
  }
  /// The weight file of the network; of several, of the first.
  public var modelWeights: URL { weights(of: models[0]) }

  /// The weight file of the behaviour decoder; nil: none.
  package var behaviourWeights: URL? { models.count == 1 ? models[0].behaviour.map(file) : nil }

  package func weights(of model: PipelineModel) -> URL { file(model.weights) }

  /// A path that starts at `folder`, unless it is absolute.
  private func file(_ path: String) -> URL {
    URL(fileURLWithPath: path, relativeTo: URL(fileURLWithPath: folder.path, isDirectory: true)).absoluteURL
  }
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
  case wrongHash(path: String, expected: String, found: String)
  case wrongLicence(path: String, expected: String, found: String)
  case unfit(path: String, reason: String)

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
      return "pipeline \(pipeline) has no \(what): leave the option out"
        + (pipeline == "mtcae-dfer" ? "" : ", or use mtcae-dfer")
    case .wrongHash(let path, let expected, let found):
      return
        "\(path): SHA-256 mismatch: expected \(expected), found \(found); this is another file than the pipeline names"
    case .wrongLicence(let path, let expected, let found):
      return "\(path): its licence is '\(found)', but the pipeline says '\(expected)'"
    case .unfit(let path, let reason): return "\(path): \(reason)"
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
      let isWeights = file.pathExtension == "safetensors" && FileManager.default.fileExists(atPath: file.path)
      throw PipelineError.unreadable(
        path: file.path,
        reason: isWeights
          ? "a weight file, not a pipeline file; dfer model add makes a pipeline of it"
          : "no such file, or not UTF-8 text")
    }
    try self.init(yaml: text, path: file.path, folder: file.deletingLastPathComponent())
    sha256 = (try? SHA256.hex(ofFile: file.path)) ?? ""
  }

  init(yaml: String, path: String, folder: URL) throws {
    let root = try YAMLFields(
      yaml, path: path, keys: ["schema", "name", "about", "detector", "finder", "tracker", "clip", "model", "models"])
    guard try root.integer("schema") == 1 else {
      throw PipelineError.wrongValue(
        path: path, line: root.line(of: "schema"), key: "schema", expected: "1: another dfer wrote this file")
    }
    let models: [PipelineModel]
    if root.has("models") {
      models = try root.list("models", keys: PipelineModel.keys).map { try PipelineModel($0) }
      guard models.count > 1, !root.has("model") else {
        throw root.wrong("models", "a list of two or more networks, in the place of 'model'")
      }
    } else {
      models = [try PipelineModel(root.fields("model", keys: PipelineModel.keys))]
    }
    self.init(
      name: try root.required("name"), about: try root.text("about") ?? "", detector: Detector(), models: models,
      folder: folder)
    if root.has("finder") {
      guard !root.has("detector") else { throw root.wrong("finder", "left out: it is the old name of 'detector'") }
      warnings.append("\(path):\(root.line(of: "finder")): 'finder' is 'detector' since dfer 0.2; 0.3 will not know it")
    }
    if let key = ["detector", "finder"].first(where: root.has) {
      let fields = try root.fields(
        key, keys: ["weights", "sha256", "form", "long_side", "every", "minimum_score"])
      detector.weights = try fields.text("weights")
      detector.sha256 = try fields.sha256()
      detector.form = try fields.choice("form", of: ONNXDetector.Form.allCases.map(\.rawValue)).flatMap {
        ONNXDetector.Form(rawValue: $0)
      }
      try fields.set(&detector.longSide, "long_side", in: 64...4096)
      try fields.set(&detector.every, "every", in: 0.02...5)
      try fields.set(&tracker.minimumScore, "minimum_score", in: 0...1)
    }
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
