import DferPipelines
import Foundation

/// Which dfer this is, and where its own files are: pipelines with their weights.
public enum Installation {
  /// This version, as in CHANGELOG.md.
  public static let version = "0.2.0"

  /// Folders that hold pipelines, best first: `$DFER_HOME`, the installed share folder beside the binary, the source
  /// tree that the binary was built in, the resources of this package, networks that the user has added, and `Pipelines` in
  /// the current folder.
  package static func pipelineFolders(
    environment: [String: String] = ProcessInfo.processInfo.environment, executable: URL? = currentExecutable
  ) -> [URL] {
    var folders: [URL] = []
    if let home = environment["DFER_HOME"], !home.isEmpty {
      let home = URL(fileURLWithPath: home)
      folders += [home.appendingPathComponent("Pipelines"), home]
    }
    if let binary = executable?.resolvingSymlinksInPath() {
      var folder = binary.deletingLastPathComponent()
      folders.append(folder.deletingLastPathComponent().appendingPathComponent("share/dfer/Pipelines"))
      // .build/<triple>/<configuration>/dfer: the package is a few folders up.
      for _ in 0..<5 {
        folder.deleteLastPathComponent()
        guard FileManager.default.fileExists(atPath: folder.appendingPathComponent("Package.swift").path) else {
          continue
        }
        folders.append(folder.appendingPathComponent("Pipelines"))
        break
      }
    }
    if let resources = PipelineResources.folder { folders.append(resources) }
    folders.append(modelFolder(environment: environment))
    folders.append(URL(fileURLWithPath: "Pipelines"))
    return folders
  }

  /// The running program's file, without asking the shell's search path.
  package static var currentExecutable: URL? {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")).map(URL.init(fileURLWithPath:))
      ?? Bundle.main.executableURL
  }

  /// All pipelines that can be named, without repeats.
  package static func pipelines(in folders: [URL] = pipelineFolders()) -> [URL] {
    var seen: Set<String> = []
    return folders.flatMap { folder in
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
      return names.filter { $0.hasSuffix(".yaml") }.sorted().map { folder.appendingPathComponent($0) }
    }.filter { seen.insert($0.lastPathComponent).inserted }
  }

  /// Finds a pipeline by name (`mtcae-dfer`) or by path (`./mine.yaml`).
  package static func pipeline(_ nameOrPath: String) throws -> Pipeline {
    if nameOrPath.contains("/") || nameOrPath.hasSuffix(".yaml") {
      return try Pipeline(contentsOf: URL(fileURLWithPath: nameOrPath))
    }
    return try pipeline(named: nameOrPath, in: pipelineFolders())
  }

  fileprivate static func pipeline(named name: String, in folders: [URL]) throws -> Pipeline {
    let all = pipelines(in: folders)
    guard let file = all.first(where: { $0.lastPathComponent == name + ".yaml" }) else {
      throw PipelineError.notFound(
        name: name, looked: folders.map(\.path), available: all.map { $0.deletingPathExtension().lastPathComponent })
    }
    return try Pipeline(contentsOf: file)
  }

  /// What a program that uses the library asks first: the resources of this package, which belong to its version; a dfer
  /// that happens to be installed beside it may be another one.
  fileprivate static var foldersForLibrary: [URL] { (PipelineResources.folder.map { [$0] } ?? []) + pipelineFolders() }
}

extension Pipeline {
  /// A pipeline that comes with this package, weights included.
  ///
  /// SwiftPM puts the files beside your program as `dfer_DferPipelines.resources`: ship that folder with it. Without it,
  /// the pipelines of an installed `dfer` are taken.
  ///
  /// - Parameter name: one of `bundledNames`.
  /// - Throws: an error of the kind `DferErrorKind.unusablePipeline`.
  public static func bundled(_ name: String = "mtcae-dfer") throws -> Pipeline {
    try Installation.pipeline(named: name, in: Installation.foldersForLibrary)
  }

  /// Names for `bundled(_:)`, in alphabetical order.
  public static var bundledNames: [String] {
    Installation.pipelines(in: Installation.foldersForLibrary).map { $0.deletingPathExtension().lastPathComponent }
  }
}

extension Installation {
  /// The face detector of pipelines that name none.
  package static var detectorWeights: URL { weights("face-finder.safetensors") }

  /// The network that `dfer group` tells faces apart with.
  package static var embedderWeights: URL { weights("face-embedding.safetensors") }

  private static func weights(_ name: String) -> URL {
    let candidates = pipelineFolders().map { $0.appendingPathComponent(name) }
    return candidates.first { FileManager.default.fileExists(atPath: $0.path) } ?? candidates[0]
  }

  /// Where networks are that the user has added: `$DFER_HOME/models`, else `$XDG_DATA_HOME/dfer/models`.
  package static func modelFolder(environment: [String: String] = ProcessInfo.processInfo.environment) -> URL {
    func set(_ name: String) -> URL? {
      environment[name].flatMap { $0.isEmpty ? nil : URL(fileURLWithPath: $0, isDirectory: true) }
    }
    if let home = set("DFER_HOME") { return home.appendingPathComponent("models") }
    let data = set("XDG_DATA_HOME") ?? (set("HOME") ?? URL(fileURLWithPath: "/")).appendingPathComponent(".local/share")
    return data.appendingPathComponent("dfer/models")
  }
}
