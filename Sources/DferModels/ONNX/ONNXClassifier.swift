import DferImage
import DferONNX
import DferTensor
import Foundation

/// Anybody's classifier of faces in an ONNX file, run by ONNX Runtime.
package struct ONNXClassifier: ExpressionClassifier {
  package let spec: ONNXClassifierSpec
  private let session: ONNXSession
  private let output: String
  /// Samples of a run; nil: as many as there are.
  private let batch: Int?

  /// Opens a file and looks whether it fits what is said of it.
  /// - Throws: `ONNXError` with everything that does not fit.
  package init(
    _ path: String, _ spec: ONNXClassifierSpec, on device: ONNXRuntime.Device, of runtime: ONNXRuntime
  ) throws {
    let bytes: Data
    do { bytes = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe) } catch {
      throw ONNXError.unreadable(path: path, reason: "there is no such file, or it cannot be read")
    }
    session = try ONNXSession(bytes, path: path, on: device, of: runtime, threads: Compute.threads)
    self.spec = spec
    var faults = spec.faults
    let wanted = spec.shape(0)
    let sizes = session.input.sizes
    if sizes.count != wanted.count {
      faults.append("input.layout: \(spec.layout.rawValue) has \(wanted.count) axes, its input has \(sizes.count)")
    } else {
      for (axis, (size, expected)) in zip(sizes, wanted).enumerated().dropFirst() where size ?? expected != expected {
        faults.append("input: axis \(axis) of \(session.input.name) takes \(size ?? 0), not \(expected)")
      }
    }
    batch = sizes.first ?? nil
    let floats = session.outputs.filter(\.isFloat)
    let named = spec.outputName.map { name in floats.filter { $0.name == name } } ?? floats
    output = named.first?.name ?? ""
    if named.count != 1 {
      faults.append(
        "output.name: \(spec.outputName ?? "not given"); its outputs are \(floats.map(\.name).joined(separator: ", "))")
    } else if let classes = named[0].sizes.last ?? nil, classes != spec.labels.count {
      faults.append("labels: \(spec.labels.count) names, but \(output) has \(classes) numbers")
    }
    guard faults.isEmpty else { throw ONNXError.unreadable(path: path, reason: faults.joined(separator: "; ")) }
  }

  package var modelInfo: FaceReader.ModelInfo {
    FaceReader.ModelInfo(
      system: "onnx", version: spec.version, licence: spec.licence, labels: spec.labels, blendshapes: [],
      givesLandmarks: false, looksForMasks: false, temperature: spec.temperature, crop: spec.crop, clip: spec.clip,
      imageSize: spec.size, imageMean: spec.mean, imageStd: spec.standardDeviation, parameters: 0, prior: nil)
  }

  package var readsSingleImages: Bool { !spec.layout.readsClips }

  package var isComputedElsewhere: Bool { true }
  package var multiplications: Int { 0 }

  package func read(_ clips: [[Image]], points: [[[Point]]]) throws -> [ExpressionReading] {
    guard !clips.isEmpty else { return [] }
    guard spec.layout.readsClips else {
      return try FrameAverage.readings(
        of: clips, points: [], labels: spec.labels.count, temperature: spec.temperature, inOneBatch: true
      ) { images, _ in try logits(images.map { [$0] }).map { ($0, nil) } }
    }
    return try logits(clips).map { row in
      ExpressionReading(
        probabilities: Softmax.probabilities(row, temperature: spec.temperature), logits: row)
    }
  }

  /// Logits of samples, in batches of the size that the network takes.
  private func logits(_ samples: [[Image]]) throws -> [[Float]] {
    let size = batch ?? max(1, samples.count)
    var rows: [[Float]] = []
    for start in stride(from: 0, to: samples.count, by: size) {
      var part = Array(samples[start..<min(samples.count, start + size)])
      let count = part.count
      // A network of a fixed batch gets its last sample again.
      while part.count < size { part.append(part[count - 1]) }
      rows += try run(part).prefix(count)
    }
    return rows
  }

  private func run(_ samples: [[Image]]) throws -> [[Float]] {
    let classes = spec.labels.count
    guard let tensor = try session.run(spec.tensor(samples))[output], tensor.count == samples.count * classes else {
      throw ONNXError.failed(
        path: session.path, reason: "\(output) does not have \(classes) numbers for each of \(samples.count) samples")
    }
    return samples.indices.map { index in
      let row = tensor.values[index * classes..<(index + 1) * classes]
      return spec.output == .logits ? Array(row) : row.map { log(max($0, 1e-9)) }
    }
  }
}
