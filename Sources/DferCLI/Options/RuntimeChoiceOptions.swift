import ArgumentParser
import Dfer
import DferONNX

/// Where networks are computed.
struct RuntimeChoiceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Compute with ONNX Runtime on this device: cpu, cuda, tensorrt or openvino (default: dfer's own kernels; ONNX files \
      on the CPU).
      """, valueName: "device"))
  var device: ONNXRuntime.Device?

  @Option(
    help: ArgumentHelp(
      "ONNX Runtime library, or a folder that holds it, such as that of a Python environment (default: look for it).",
      valueName: "path"), completion: .file())
  var onnxruntime: String?

  var choice: ComputeChoice { ComputeChoice(device: device, library: onnxruntime) }
}

extension ONNXRuntime.Device: ExpressibleByArgument {}
