import DferTimeline
import Foundation

/// What every command that writes files checks before it makes the first one.
enum OutputPaths {
  /// Refuses an output that is one of the inputs, whatever `--overwrite` says, and one that is named twice: the second
  /// would replace the first. Links and `./` do not hide what a file is; devices and pipes may be named as often as one
  /// likes, standard output once.
  /// - Throws: `OutputError`.
  static func check(_ outputs: [String], inputs: [String]) throws {
    let read = Set(inputs.filter { $0 != "-" }.map { ExactName(real($0)) })
    var seen: Set<ExactName> = []
    for path in outputs where path == "-" || OutputFile.isFile(path) {
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
