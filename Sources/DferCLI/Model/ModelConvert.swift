import ArgumentParser
import Dfer
import DferModels
import DferTensor
import DferTimeline
import DferVideo
import Foundation

struct ModelConvert: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert", abstract: "Convert a PyTorch checkpoint to a weight file.",
    discussion: """
      Reads .pth, .pt and .bin files, and published .safetensors, of VideoMAE, MAE-DFER and ViT, with the names of their \
      authors, timm or Hugging Face. Nothing in the file is run: a file that asks for more than tensors, dictionaries and \
      numbers is refused.

        dfer model convert videomae-s.pth --card card.yaml -o mine.safetensors
        dfer model convert pretrained.pth --encoder -o encoder.safetensors

      The card names the classes and the licence, and what else the file does not say (see docs/models.md).
      """)

  @Argument(help: "Checkpoint to read.", completion: .file(extensions: ["pth", "pt", "bin", "safetensors"]))
  var input: String

  @Option(
    name: [.short, .customLong("output")], help: ArgumentHelp("Weight file to write.", valueName: "file"),
    completion: .weights)
  var output: String

  @Option(
    help: ArgumentHelp("Classes, licence and preprocessing of the network.", valueName: "file"),
    completion: .file(extensions: ["yaml"]))
  var card: String?

  @Option(help: ArgumentHelp("Dictionary of the checkpoint to take, such as model_ema.", valueName: "key"))
  var key: String?

  @Flag(help: "Convert the encoder alone, for dfer train clips --encoder.")
  var encoder = false

  @Flag(help: "Write 16-bit floats: half the size.")
  var half = false

  @Flag(help: "Replace an existing output file.")
  var overwrite = false

  func validate() throws {
    if card == nil && !encoder { throw ValidationError("--card is required: a checkpoint does not name its classes") }
  }

  func run() throws {
    try OutputPaths.check([output], inputs: [input, card].compactMap { $0 })
    if !overwrite, FileManager.default.fileExists(atPath: output) { throw OutputError.exists(path: output) }
    var card =
      try card.map { try ConversionCard(contentsOf: URL(fileURLWithPath: $0)) }
      ?? ConversionCard(labels: [], licence: "")
    card.source = "\((input as NSString).lastPathComponent), SHA-256 \(try SHA256.hex(ofFile: input))"
    let conversion: CheckpointConversion
    if try PyTorchFile.isOne(path: input) {
      let file = try PyTorchFile(path: input, key: key)
      let others = file.otherKeys.isEmpty ? "" : "; the file also has \(file.otherKeys.joined(separator: ", ")) (--key)"
      if !file.key.isEmpty { print("takes '\(file.key)'\(others)") }
      conversion = try convert(file, card)
    } else {
      conversion = try convert(try SafetensorsFile(path: input), card)
    }
    for line in conversion.summary { print(line) }
    try SafetensorsFile.write(
      tensors: conversion.tensors, metadata: conversion.metadata, to: output, as: half ? .f16 : .f32)
    print("wrote \(output)")
  }

  private func convert(_ file: some TensorFile, _ card: ConversionCard) throws -> CheckpointConversion {
    try encoder ? CheckpointConversion(encoderOf: file, card) : CheckpointConversion(file, card)
  }
}
