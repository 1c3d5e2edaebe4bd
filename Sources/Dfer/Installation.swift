import Foundation

/// Where dfer's own files are: pipelines with their weights.
package enum Installation {
  package static let version = "0.2.0"

  /// Folders that hold pipelines, best first: `$DFER_HOME`, the installed share folder beside the binary, the source
  /// tree that the binary was built in, and `Pipelines` in the current folder.
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
    folders.append(URL(fileURLWithPath: "Pipelines"))
    return folders
  }

  /// The running program's file, without asking the shell's search path.
  package static var currentExecutable: URL? {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")).map(URL.init(fileURLWithPath:))
      ?? Bundle.main.executableURL
  }

  /// All pipelines that can be named, without repeats.
  package static func pipelines() -> [URL] {
    var seen: Set<String> = []
    return pipelineFolders().flatMap { folder in
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
      return names.filter { $0.hasSuffix(".yaml") }.sorted().map { folder.appendingPathComponent($0) }
    }.filter { seen.insert($0.lastPathComponent).inserted }
  }

  /// Finds a pipeline by name (`mtcae-dfer`) or by path (`./mine.yaml`).
  package static func pipeline(_ nameOrPath: String) throws -> Pipeline {
    if nameOrPath.contains("/") || nameOrPath.hasSuffix(".yaml") {
      return try Pipeline(contentsOf: URL(fileURLWithPath: nameOrPath))
    }
    let all = pipelines()
    guard let file = all.first(where: { $0.lastPathComponent == nameOrPath + ".yaml" }) else {
      throw PipelineError.notFound(
        name: nameOrPath, looked: pipelineFolders().map(\.path),
        available: all.map { $0.deletingPathExtension().lastPathComponent })
    }
    return try Pipeline(contentsOf: file)
  }
}
