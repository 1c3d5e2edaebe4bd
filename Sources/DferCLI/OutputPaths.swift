import DferTimeline
import Foundation

/// What every command that writes files checks before it makes the first one.
enum OutputPaths {
  /// Refuses an output that is one of the inputs or the video that they are of, whatever `--overwrite` says, one that has the
  /// name of a run's manifest, and one that is named twice: the second would replace the first. Links and `./` do not hide what a file is; devices and pipes may be named as often as one
  /// likes, standard output once.
  ///
  /// - Parameter manifest: where the command itself writes one.
  /// - Throws: `OutputError`.
  static func check(_ outputs: [String], inputs: [String], manifest: String? = nil) throws {
    let files = inputs.filter { $0 != "-" }
    // Only what is there can be replaced.
    let replaces = outputs.contains { FileManager.default.fileExists(atPath: $0) }
    let videos = replaces ? files.compactMap { RunFacts(beside: $0)?.video }.filter { !$0.contains("://") } : []
    let read = Set((files + videos).map { ExactName(real($0)) })
    var seen: Set<ExactName> = []
    for path in outputs where path.lowercased().hasSuffix(".run.json") { throw OutputError.isManifest(path: path) }
    for path in outputs + [manifest].compactMap({ $0 }) where path == "-" || OutputFile.isFile(path) {
      let name = ExactName(path == "-" ? path : real(path))
      guard !read.contains(name) else { throw OutputError.isInput(path: path) }
      guard seen.insert(name).inserted else { throw OutputError.repeated(path: path) }
    }
  }

  /// Whether two paths lead to the same place.
  static func isSame(_ one: String, _ two: String) -> Bool { ExactName(real(one)) == ExactName(real(two)) }

  /// The place that a path leads to, also through a link to a file that does not exist yet.
  static func real(_ path: String) -> String {
    let url = URL(fileURLWithPath: path).standardizedFileURL
    if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: url.path),
      !FileManager.default.fileExists(atPath: url.path)
    {
      let folder = url.deletingLastPathComponent().resolvingSymlinksInPath()
      return URL(fileURLWithPath: target, relativeTo: folder).standardizedFileURL.path
    }
    return url.deletingLastPathComponent().resolvingSymlinksInPath().appendingPathComponent(url.lastPathComponent)
      .resolvingSymlinksInPath().standardizedFileURL.path
  }
}
