import ArgumentParser
import Dfer
import DferModels
import DferONNX
import DferVideo
import Foundation

struct ModelList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the networks that were added.",
    discussion: "dfer models lists all pipelines, also those that come with dfer.")

  func run() throws {
    let registry = ModelRegistry()
    let entries = try registry.entries()
    if entries.isEmpty { print("no networks in \(registry.folder.path); add one with dfer model add") }
    // One that cannot be read hides no other.
    var failure: (any Error)?
    for entry in entries {
      for model in entry.pipeline.models {
        do {
          print(
            "\(entry.pipeline.name.padded(to: 20))  \(try WeightInfo.line(of: entry.pipeline.weights(of: model)))"
              + "  licence: \(model.licence ?? "not stated")")
        } catch {
          print("\(entry.pipeline.name.padded(to: 20))  cannot be read")
          failure = failure ?? error
        }
      }
    }
    if let failure { throw failure }
  }
}

struct ModelShow: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "show", abstract: "Describe a network that was added.")

  @Argument(help: "Its name (see dfer model list).")
  var name: String

  func run() throws {
    let entry = try ModelRegistry().entry(name)
    print(entry.file.path)
    print(try String(contentsOf: entry.file, encoding: .utf8), terminator: "")
    for model in entry.pipeline.models where model.onnx == nil {
      for line in try WeightInfo(entry.pipeline.weights(of: model)).card { print(line) }
    }
  }
}

struct ModelAdd: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Install a network under a name.",
    discussion: """
      The file is copied; its hash and licence are kept and checked each time it is loaded. An ONNX file needs a preset, or \
      a card that says how it is used (see docs/models.md).

        dfer model add mine.safetensors
        dfer model add enet_b0_8_best_vgaf.onnx --preset emotieff-b0
        dfer model add net.onnx --name mine --card card.yaml --licence MIT
      """)

  @Argument(help: "Weight file or ONNX file.", completion: .file(extensions: ["safetensors", "onnx"]))
  var file: String

  @Option(help: "Name to use it by (default: that of the preset or of the file).")
  var name: String?

  @Option(help: ArgumentHelp("A published network (see dfer model presets).", valueName: "name"))
  var preset: String?

  @Option(
    help: ArgumentHelp("How the network is used: the keys of 'model' in a pipeline file.", valueName: "file"),
    completion: .file(extensions: ["yaml"]))
  var card: String?

  @Option(help: "Licence of the weights, where neither the file nor the card states it.")
  var licence: String?

  @Option(help: ArgumentHelp("SHA-256 that the file must have.", valueName: "hex"))
  var sha256: String?

  @Flag(help: "Replace a network of this name.")
  var overwrite = false

  @OptionGroup(title: "ONNX Runtime")
  var runtime: RuntimeChoiceOptions

  func validate() throws {
    if preset != nil && card != nil { throw ValidationError("give --preset or --card, not both") }
    let isOwn = file.hasSuffix(".safetensors")
    guard isOwn || file.hasSuffix(".onnx") else {
      throw ValidationError("\(file): .safetensors and .onnx files are added; dfer model convert reads checkpoints")
    }
    if isOwn && (preset != nil || card != nil) {
      throw ValidationError("--preset and --card apply to ONNX files: a weight file has its own card")
    }
  }

  func run() throws {
    let url = URL(fileURLWithPath: file)
    let preset = try preset.map { name in
      guard let preset = ModelPreset.named(name) else {
        let names = ModelPreset.all.map(\.name)
        let hint = nearestName(to: name, among: names).map { "did you mean '\($0)'?" } ?? names.joined(separator: ", ")
        throw ValidationError("no preset '\(name)' (\(hint))")
      }
      return preset
    }
    var addition = ModelRegistry.Addition(
      file: url, name: name ?? preset?.name ?? url.deletingPathExtension().lastPathComponent)
    addition.card = try card.map { try Self.text($0) } ?? preset?.card ?? ""
    addition.about = preset?.about ?? ""
    addition.licence = licence
    addition.sha256 = sha256?.lowercased() ?? preset?.sha256
    let entry = try ModelRegistry().add(addition, overwrite: overwrite)
    print("added \(entry.pipeline.name): dfer watch talk.mp4 --pipeline \(entry.pipeline.name)")
    // What does not open is better found now; without the runtime it is found at the first use.
    do { _ = try entry.pipeline.reader(compute: runtime.choice) } catch ONNXError.noRuntime(let reason) {
      Terminal.write("warning: not tried: \(reason)\n")
    } catch {
      _ = try? ModelRegistry().remove(entry.pipeline.name)
      throw error
    }
  }

  private static func text(_ path: String) throws -> String {
    do { return try String(contentsOfFile: path, encoding: .utf8) } catch {
      throw PipelineError.unreadable(path: path, reason: "no such file, or not UTF-8 text")
    }
  }
}

struct ModelRemove: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "remove", abstract: "Remove a network that was added.")

  @Argument(help: "Its name (see dfer model list).")
  var name: String

  func run() throws {
    for file in try ModelRegistry().remove(name) { print("removed \(file.path)") }
  }
}

struct ModelVerify: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Check hashes and licences of networks that were added.")

  @Argument(help: "Names (default: all).")
  var names: [String] = []

  func run() throws {
    let registry = ModelRegistry()
    let entries = try names.isEmpty ? registry.entries() : names.map { try registry.entry($0) }
    var first: (any Error)?
    for entry in entries {
      let fault = registry.fault(of: entry)
      print("\(entry.pipeline.name.padded(to: 20))  \(fault.map { "\($0)" } ?? "ok")")
      first = first ?? fault
    }
    if let first { throw first }
  }
}

struct ModelPresets: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "presets", abstract: "List published networks that dfer knows how to use.",
    discussion: "dfer downloads nothing: get the file from its owners, then dfer model add FILE --preset NAME.")

  func run() {
    for preset in ModelPreset.all {
      print("\(preset.name.padded(to: 16))  \(preset.about)")
      print("  file      \(preset.file)")
      print("  from      \(preset.source)")
      print("  licence   \(preset.licence)")
      print("  sha256    \(preset.sha256 ?? "not published")")
    }
  }
}
