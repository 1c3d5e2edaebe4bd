import ArgumentParser
import Dfer
import DferModels
import DferONNX
import DferTensor
import DferTimeline
import Foundation

struct ModelExport: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write a network as an ONNX file.",
    discussion: """
      The file has opset \(ONNXModel.opset), takes any number of clips or images at a time, and holds the model card and \
      the preprocessing in its metadata.

        dfer model export --onnx mtcae-dfer.onnx
        dfer model export --pipeline emotic-mae --onnx emotic-mae.onnx
        dfer model export --detector --onnx faces.onnx
        dfer model export --weights mine.safetensors --onnx mine.onnx
      """)

  @Option(help: ArgumentHelp("ONNX file to write.", valueName: "file"), completion: .file(extensions: ["onnx"]))
  var onnx: String

  @Option(
    help: ArgumentHelp("Installed pipeline, or the path of a pipeline file.", valueName: "name"),
    completion: .pipelines)
  var pipeline = "mtcae-dfer"

  @Option(help: ArgumentHelp("Weight file (default: the pipeline's).", valueName: "file"), completion: .weights)
  var weights: String?

  @Flag(help: "Export the pipeline's face detector.")
  var detector = false

  @Option(help: ArgumentHelp("Fraction of the tubes that the encoder reads, 0.1 to 1.", valueName: "fraction"))
  var keepTubes = 1.0

  @Flag(help: "Replace an existing output file.")
  var overwrite = false

  func validate() throws {
    guard (0.1...1).contains(keepTubes) else { throw ValidationError("--keep-tubes must be 0.1 to 1") }
  }

  func run() throws {
    let file = try OutputFile(onnx, overwrite: overwrite, kind: .whole)
    let path = try weights ?? defaultWeights()
    let model = try Self.model(path, keepTubes: keepTubes)
    let bytes = try model.serialized()
    try file.writeWhole(Data(bytes))
    for (port, kind) in model.inputs.map({ ($0, "input") }) + model.outputs.map({ ($0, "output") }) {
      print("\(kind.padded(to: 8))\(port.name)  \(port.words)")
    }
    print("wrote \(onnx)")
  }

  private func defaultWeights() throws -> String {
    let pipeline = try Installation.pipeline(pipeline)
    return (detector ? pipeline.detectorWeights : pipeline.modelWeights).path
  }

  private static func model(_ path: String, keepTubes: Double) throws -> ONNXModel {
    if try SafetensorsFile(path: path).metadata["architecture"] != nil { return try FaceDetector(weights: path).onnx() }
    switch try FaceReader(weights: path, keepTubes: keepTubes) {
    case .clips(let model): return model.onnx()
    case .images(let model): return model.onnx()
    case .classifier(let model as ClipClassifier): return model.onnx()
    case .classifier: throw CheckpointError(path: path, reason: "this network is no weight file of dfer")
    }
  }
}

extension ONNXModel.Port {
  /// For people: `[batch, 3, 16, 32, 32]`.
  fileprivate var words: String {
    let sizes = sizes.map { size in
      switch size {
      case .fixed(let number): "\(number)"
      case .named(let name): name
      }
    }
    return "[\(sizes.joined(separator: ", "))]"
  }
}
