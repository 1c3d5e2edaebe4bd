import DferModels
import DferONNX
import DferTensor
import DferTracking
import DferVideo
import Foundation

/// Where networks are computed: by our own kernels, or by ONNX Runtime.
package struct ComputeChoice: Sendable, Hashable {
  /// nil: our own kernels, for networks of our own format.
  package var device: ONNXRuntime.Device?
  /// The library of ONNX Runtime, or a folder that holds it; nil: look for it.
  package var library: String?

  package init(device: ONNXRuntime.Device? = nil, library: String? = nil) {
    (self.device, self.library) = (device, library)
  }

  /// For manifests: the runtime and what it computes with.
  func words() throws -> String {
    "fp32 (ONNX Runtime \(try ONNXRuntime.find(library).version), \((device ?? .cpu).provider))"
  }
}

/// A face detector with what its weights say of themselves.
package struct LoadedDetector: Sendable {
  package let detector: any FaceDetecting
  package let name, version, licence: String
}

extension Pipeline {
  /// Loads the networks. Of a file that is named with a hash no other is taken; licences are compared.
  ///
  /// - Parameters:
  ///   - keptTubes: share of the tubes that clip networks of our own read, 0.1...1.
  ///   - prior: how common the classes are taken to be; nil: as the weights were trained.
  /// - Throws: a `PipelineError`, a `CheckpointError` or an `ONNXError`.
  package func reader(
    keptTubes: Double = 1, prior: ReadingPrior? = nil, compute: ComputeChoice = ComputeChoice()
  ) throws -> FaceReader {
    let members = try models.map { model in
      let reader = try reader(of: model, keptTubes: keptTubes, prior: prior, compute: compute)
      return (EnsembleClassifier.Member(reader, weight: model.weight), (model.weights as NSString).lastPathComponent)
    }
    if members.count == 1 { return members[0].0.reader }
    do {
      return .classifier(try EnsembleClassifier(members.map { (member: $0.0, name: $0.1) }))
    } catch let fault as EnsembleClassifier.Fault {
      throw PipelineError.unfit(path: name, reason: fault.description)
    }
  }

  private func reader(
    of model: PipelineModel, keptTubes: Double, prior: ReadingPrior?, compute: ComputeChoice
  ) throws -> FaceReader {
    let path = weights(of: model).path
    try check(model)
    if let spec = model.onnx {
      guard prior == nil else {
        throw PipelineError.unfit(
          path: path, reason: "an ONNX file does not say how common the classes were in training: no --prior")
      }
      let runtime = try ONNXRuntime.find(compute.library)
      return .classifier(try ONNXClassifier(path, spec, on: compute.device ?? .cpu, of: runtime))
    }
    let trained = try FaceReader(weights: path, keepTubes: keptTubes)
    let info = trained.modelInfo
    if let system = model.system, system != info.system {
      throw PipelineError.wrongWeights(pipeline: name, path: path, expected: system, found: info.system)
    }
    if let licence = model.licence, !info.licence.isEmpty, licence != info.licence {
      throw PipelineError.wrongLicence(path: path, expected: licence, found: info.licence)
    }
    let reader = try prior.map { try trained.reading(with: $0, path: path) } ?? trained
    guard let device = compute.device else { return reader }
    return .classifier(try RuntimeModel(reader, on: device, of: ONNXRuntime.find(compute.library), path: path))
  }

  /// Loads the face detector. Ours is small: our own kernels read it whatever computes the rest.
  /// - Throws: as `reader`.
  package func loadedDetector(compute: ComputeChoice = ComputeChoice()) throws -> LoadedDetector {
    let path = detectorWeights.path
    try Self.check(path, sha256: detector.sha256)
    guard let form = detector.form else {
      let own = try FaceDetector(weights: path)
      return LoadedDetector(detector: own, name: own.name, version: own.version, licence: own.licence)
    }
    let network = try ONNXDetector(
      path, form: form, on: compute.device ?? .cpu, of: ONNXRuntime.find(compute.library),
      threshold: Float(tracker.minimumScore))
    return LoadedDetector(detector: network, name: "onnx (\(form.rawValue))", version: "", licence: "")
  }

  /// Names and hashes of the weight files as manifests keep them; of an ensemble all, joined by a plus sign.
  package var weightsFile: String { models.map { weights(of: $0).lastPathComponent }.joined(separator: "+") }
  package func weightsSha256() throws -> String {
    try models.map { try SHA256.hex(ofFile: weights(of: $0).path) }.joined(separator: "+")
  }

  /// Whether all weight files are those that the pipeline names, under the licences that it names.
  /// - Throws: the first `PipelineError` or `CheckpointError`.
  package func checkFiles() throws {
    for model in models {
      try check(model)
      let path = weights(of: model).path
      guard model.onnx == nil, let licence = model.licence else { continue }
      let stated = try SafetensorsFile(path: path).metadata["licence"] ?? ""
      if !stated.isEmpty && stated != licence {
        throw PipelineError.wrongLicence(path: path, expected: licence, found: stated)
      }
    }
    try Self.check(detectorWeights.path, sha256: detector.sha256)
  }

  private func check(_ model: PipelineModel) throws {
    let path = weights(of: model).path
    let isAdded = folder.standardizedFileURL.path == Installation.modelFolder().standardizedFileURL.path
    if isAdded && (model.sha256 == nil || model.licence == nil) {
      throw PipelineError.unfit(
        path: path, reason: "networks in \(folder.path) need a sha256 and a licence in their pipeline file")
    }
    try Self.check(path, sha256: model.sha256)
  }

  private static func check(_ path: String, sha256: String?) throws {
    guard let sha256 else { return }
    guard FileManager.default.fileExists(atPath: path) else {
      throw CheckpointError(path: path, reason: "there is no such file")
    }
    let found = try SHA256.hex(ofFile: path)
    if found != sha256 { throw PipelineError.wrongHash(path: path, expected: sha256, found: found) }
  }
}
