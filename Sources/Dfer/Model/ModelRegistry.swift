import DferModels
import DferTensor
import DferTimeline
import DferVideo
import Foundation

/// The networks that a user has added, in one folder: for each a pipeline file that names its weights with their hash and
/// licence, and the weights beside it.
package struct ModelRegistry: Sendable {
  package let folder: URL

  package init(folder: URL = Installation.modelFolder()) { self.folder = folder }

  package struct Entry: Sendable {
    package let file: URL
    package let pipeline: Pipeline
  }

  /// All entries by name; files that cannot be read are an error each.
  package func entries() throws -> [Entry] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return try names.filter { $0.hasSuffix(".yaml") }.sorted().map { try entry(String($0.dropLast(5))) }
  }

  package func entry(_ name: String) throws -> Entry {
    let file = folder.appendingPathComponent("\(name).yaml")
    guard !name.contains("/"), FileManager.default.fileExists(atPath: file.path) else {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
      throw PipelineError.notFound(
        name: name, looked: [folder.path],
        available: names.filter { $0.hasSuffix(".yaml") }.sorted().map { String($0.dropLast(5)) })
    }
    return Entry(file: file, pipeline: try Pipeline(contentsOf: file))
  }

  /// What to keep of a network beside its weights.
  package struct Addition: Sendable {
    /// A weight file of our own format, or an ONNX file.
    package var file: URL
    /// Under which the network is used; letters, digits, dots and dashes.
    package var name: String
    /// The keys of `model` in a pipeline file, but for `weights` and `sha256`; empty for files that say everything
    /// themselves.
    package var card = ""
    /// nil: the card's, or that of the file.
    package var licence: String?
    /// That the file must have; nil: any.
    package var sha256: String?
    package var about = ""

    package init(file: URL, name: String) { (self.file, self.name) = (file, name) }
  }

  /// Copies the weights and writes the pipeline file. What does not fit is found before anything is written.
  ///
  /// - Returns: the entry, which `dfer watch --pipeline NAME` takes.
  package func add(_ addition: Addition, overwrite: Bool) throws -> Entry {
    let (name, source) = (addition.name, addition.file)
    guard !name.isEmpty, name.first != ".", name.allSatisfy({ $0.isLetter || $0.isNumber || "-_.".contains($0) }) else {
      throw PipelineError.unfit(path: name, reason: "a name of letters, digits, dots and dashes is needed")
    }
    let folders = Installation.pipelineFolders().filter { $0.standardizedFileURL != folder.standardizedFileURL }
    if let taken = Installation.pipelines(in: folders).first(where: { $0.lastPathComponent == "\(name).yaml" }) {
      throw PipelineError.unfit(path: name, reason: "a pipeline has this name already (\(taken.path)): choose another")
    }
    let hash = try SHA256.hex(ofFile: source.path)
    if let expected = addition.sha256, expected != hash {
      throw PipelineError.wrongHash(path: source.path, expected: expected, found: hash)
    }
    let file = folder.appendingPathComponent("\(name).yaml")
    let copy = folder.appendingPathComponent("\(name).\(source.pathExtension)")
    if !overwrite, let there = [file, copy].first(where: { FileManager.default.fileExists(atPath: $0.path) }) {
      throw PipelineError.unfit(path: there.path, reason: "already exists; use --overwrite to replace it")
    }
    let text = try self.text(of: addition, weights: copy.lastPathComponent, sha256: hash)
    _ = try Pipeline(yaml: text, path: file.path, folder: folder)
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      // A copy under another name first: a full disk must not leave half a network.
      let part = folder.appendingPathComponent(".\(UUID().uuidString)")
      defer { try? FileManager.default.removeItem(at: part) }
      try FileManager.default.copyItem(at: source.resolvingSymlinksInPath(), to: part)
      if overwrite { try? FileManager.default.removeItem(at: copy) }
      try FileManager.default.moveItem(at: part, to: copy)
      try Data(text.utf8).write(to: file, options: .atomic)
    } catch {
      throw OutputError.notWritable(path: folder.path, reason: error.localizedDescription)
    }
    return try entry(name)
  }

  private func text(of addition: Addition, weights: String, sha256: String) throws -> String {
    let card = addition.card.split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }
    let hasLicence = card.contains { $0.hasPrefix("  licence:") }
    var lines = [
      "# Added from \(addition.file.lastPathComponent) by dfer model add.", "schema: 1", "name: \(addition.name)",
      "about: \(Self.quoted(addition.about))", "model:", "  weights: \(weights)", "  sha256: \(sha256)",
    ]
    if addition.file.pathExtension == "onnx" {
      guard !addition.card.isEmpty else {
        throw PipelineError.unfit(
          path: addition.file.path, reason: "an ONNX file does not say how it is used: give --preset or --card")
      }
      if !card.contains(where: { $0.hasPrefix("  system:") }) { lines.append("  system: onnx") }
    }
    let stated =
      addition.file.pathExtension == "safetensors" ? try FaceReader(weights: addition.file.path).modelInfo : nil
    if let licence = addition.licence ?? (hasLicence ? nil : stated?.licence), !licence.isEmpty {
      guard !hasLicence else {
        throw PipelineError.unfit(path: addition.file.path, reason: "the card states a licence already")
      }
      lines.append("  licence: \(Self.quoted(licence))")
    } else if !hasLicence {
      throw PipelineError.unfit(path: addition.file.path, reason: "nothing says its licence: give --licence")
    }
    return (lines + card).joined(separator: "\n") + "\n"
  }

  /// A YAML text in double quotes.
  private static func quoted(_ text: String) -> String {
    let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: " ")
    return "\"\(escaped)\""
  }

  /// Removes an entry and its weights, unless another entry needs them. Files outside of the folder stay.
  package func remove(_ name: String) throws -> [URL] {
    let entry = try entry(name)
    let others = try entries().filter { $0.file != entry.file }.flatMap { other in
      other.pipeline.models.map { other.pipeline.weights(of: $0).standardizedFileURL.path }
    }
    let own = entry.pipeline.models.map { entry.pipeline.weights(of: $0).standardizedFileURL }.filter {
      $0.deletingLastPathComponent().path == folder.standardizedFileURL.path && !others.contains($0.path)
    }
    let gone = [entry.file] + own
    for file in gone where FileManager.default.fileExists(atPath: file.path) {
      do { try FileManager.default.removeItem(at: file) } catch {
        throw PipelineError.unfit(path: file.path, reason: "cannot be removed: \(error.localizedDescription)")
      }
    }
    return gone
  }

  /// What is wrong with an entry: nil when its files are those that were added, under the licence that they state.
  package func fault(of entry: Entry) -> (any Error)? {
    do {
      try entry.pipeline.checkFiles()
      return nil
    } catch { return error }
  }
}
