import ArgumentParser
import Dfer
import DferModels
import DferTensor
import DferTimeline
import DferTraining
import DferVideo
import Foundation

struct Quantize: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write weights in 8-bit whole numbers or bf16.",
    discussion: """
      The file is read by every command, at every --precision. int8 halves a file of 16-bit floats: whole numbers, each \
      output channel with a scale of its own; heads, norms and biases stay in 16-bit floats.

        dfer quantize mtcae-dfer.safetensors -o small.safetensors
        dfer quantize mtcae-dfer.safetensors -o small.safetensors --suite development.yaml
        dfer model add small.safetensors --name small
        dfer watch talk.mp4 --pipeline small --precision int8

      With --suite both weights read the domains, and the model card records what was lost (dfer model show).
      """)

  @Argument(help: "Weight file.", completion: .weights)
  var input: String

  @Option(
    name: [.short, .customLong("output")], help: ArgumentHelp("Weight file to write.", valueName: "file"),
    completion: .weights)
  var output: String

  @Option(help: "Numbers of the large matrices: int8 or bf16.")
  var format = Quantization.int8

  @Option(
    help: ArgumentHelp("Suite to measure the loss on.", valueName: "file"), completion: .file(extensions: ["yaml"]))
  var suite: String?

  @Option(
    help: ArgumentHelp("Folder where relative paths in the suite start.", valueName: "folder"),
    completion: .directory)
  var suiteData: String?

  @Option(help: "Numbers in matrix products while the loss is measured (default: those of --format).")
  var precision: PrecisionChoice?

  @Flag(help: "Replace an existing output file.")
  var overwrite = false

  @OptionGroup
  var compute: ThreadOptions

  func validate() throws {
    if suite == nil, suiteData != nil || precision != nil {
      throw ValidationError("\(precision == nil ? "--suite-data" : "--precision") requires --suite")
    }
  }

  func run() throws {
    if let threads = compute.threads { Compute.threads = threads }
    try OutputPaths.check([output], inputs: [input, suite].compactMap { $0 })
    _ = try StagedPath(output, overwrite: overwrite)
    let suite = try suite.map { try EvaluationSuite(contentsOf: $0, data: suiteData) }
    let file = try SafetensorsFile(path: input)
    var metadata = file.metadata
    guard metadata["dfer_format"] != nil || metadata["architecture"] != nil else {
      throw CheckpointError(path: input, reason: "not a weight file of dfer; convert it first (dfer model convert)")
    }
    guard metadata["quantization"] == nil else {
      throw CheckpointError(path: input, reason: "these weights are quantized already; start from those before")
    }
    let tensors = try file.names.map { (name: $0, tensor: try file.tensor($0)) }
    var record = QuantizationRecord(format: format, source: try SHA256.hex(ofFile: input))
    metadata["version"] = metadata["version"].map { "\($0)-\(format.rawValue)" }
    if metadata["config"] != nil, case .clips(let model)? = try? FaceReader(weights: input) {
      metadata["feature_base"] = model.featureFingerprint
    }
    if let suite { record.loss = try loss(on: suite, tensors, metadata) }
    metadata["quantization"] = CanonicalJSON.text(record)
    try SafetensorsFile.write(tensors: tensors, metadata: metadata, to: output, quantized: format)
    let written = try SafetensorsFile(path: output)
    let count = written.names.count { written.dtype(of: $0) == (format == .int8 ? .i8 : .bf16) }
    print(
      "\(format.rawValue): \(count) of \(tensors.count) tensors, \(try Self.megabytes(input)) MB before, "
        + "\(try Self.megabytes(output)) MB now")
    if let loss = record.loss {
      print(loss.line)
      if loss.uarBefore - loss.uarAfter > QuantizationLoss.bearable {
        Terminal.write("dfer: these weights lose more than \(100 * QuantizationLoss.bearable) points of UAR\n")
      }
    }
    print("wrote \(output)")
  }

  private func loss(
    on suite: EvaluationSuite, _ tensors: [(name: String, tensor: Tensor)], _ metadata: [String: String]
  ) throws -> QuantizationLoss {
    // Judged as it will be read: from a file.
    let trial = output + ".trial.safetensors"
    defer { try? FileManager.default.removeItem(atPath: trial) }
    try SafetensorsFile.write(tensors: tensors, metadata: metadata, to: trial, quantized: format)
    let chosen = precision?.precision ?? (format == .int8 ? .int8 : .bf16)
    Compute.precision = .fp32
    let before = try JudgedWeights(input, nil, nil)
    Compute.precision = chosen
    let after = try JudgedWeights(trial, nil, nil)
    let readings = try SuiteSession.read(suite, [before, after])
    return try QuantizationLoss(
      suite, before: (before.info, readings[0]), after: (after.info, readings[1]), precision: chosen)
  }

  private static func megabytes(_ path: String) throws -> String {
    let file = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    let size = try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int ?? 0
    return String(format: "%.1f", Double(size) / 1e6)
  }
}

extension Quantization: ExpressibleByArgument {}
