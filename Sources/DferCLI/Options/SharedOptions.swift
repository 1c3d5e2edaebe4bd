import ArgumentParser
import Dfer
import Foundation

/// `--threads`, with the same meaning in every command.
struct ThreadOptions: ParsableArguments {
  @Option(help: "Number of threads for arithmetic (default: all available cores).")
  var threads: Int?

  func validate() throws {
    guard threads.map({ (1...256).contains($0) }) ?? true else { throw ValidationError("--threads must be 1 to 256") }
  }
}

extension CompletionKind {
  /// Names of installed pipelines.
  static var pipelines: CompletionKind {
    .custom { _, _, _ in Installation.pipelines().map { $0.deletingPathExtension().lastPathComponent } }
  }
  /// What `dfer` wrote, and tables of other programs.
  static var tables: CompletionKind { .file(extensions: ["csv", "tsv", "json", "jsonl"]) }
  /// What `dfer compare` reads.
  static var annotations: CompletionKind { .file(extensions: ["csv", "tsv", "json", "jsonl", "eaf", "boris"]) }
  static var csv: CompletionKind { .file(extensions: ["csv"]) }
  static var weights: CompletionKind { .file(extensions: ["safetensors"]) }
}
