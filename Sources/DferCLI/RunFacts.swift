import DferTimeline
import DferVideo
import Foundation

/// The part of a run's manifest that readers of its rows need. Everything may be missing: manifests of all versions, and
/// those that people write by hand, are read.
struct RunFacts: Decodable {
  struct Weights: Decodable {
    let file: String?
    let sha256: String?
    let model: String?
    let version: String?
  }

  private struct Grouping: Decodable {}

  let input: [String: String]?
  let dfer: String?
  let started: String?
  let pipeline: String?
  let weights: Weights?
  private let outcome, ending: String?
  /// There for a table of `dfer group`.
  private let grouping: Grouping?
  private(set) var path = ""

  private enum CodingKeys: String, CodingKey {
    case input, dfer, started, pipeline, weights, outcome, ending, grouping
  }

  /// The facts beside a file of rows; nil when there are none.
  init?(beside rows: String) {
    var path = RunManifest.path(beside: rows)
    if !FileManager.default.fileExists(atPath: path), let run = SplitRun(part: rows) { path = run.manifest }
    guard let data = FileManager.default.contents(atPath: path),
      var facts = try? JSONDecoder().decode(RunFacts.self, from: data)
    else { return nil }
    facts.path = path
    self = facts
  }

  /// Why nobody knows which video rows are of, for people.
  static func whyNoVideo(of rows: String) -> String {
    rows == "-" ? "rows from standard input have no .run.json beside them" : "no .run.json beside the rows names it"
  }

  /// Says that rows do not reach to the end of the video, or not yet; once for each command and file.
  ///
  /// - Parameter facts: of their manifest, if there is one.
  static func warnIfEarly(_ rows: String, _ facts: RunFacts?) {
    let ending = facts?.outcome ?? facts?.ending
    let isWhole = facts != nil && !["interrupted", "failed", "output_failed"].contains(ending)
    switch ManifestFile.trace(of: facts?.path ?? RunManifest.path(beside: rows)) {
    case .goesOn: Terminal.write("warning: \(rows): the run that writes it still goes on\n")
    case .wasKilled where !isWhole:
      Terminal.write("warning: \(rows): the run was killed before the end of the video\n")
    case .wasKilled, nil:
      guard let ending, !isWhole else { return }
      Terminal.write("warning: \(rows): the run stopped before the end of the video (\(ending))\n")
    }
  }

  /// Whether `dfer group` made the rows out of those of the same run.
  var isGrouped: Bool { grouping != nil }

  /// The video as the run was given it.
  var location: String? { input?["location"] }

  /// Where the video is, seen from here; where it was when it is nowhere. Nil when the manifest does not say.
  ///
  /// A run is given its video from the run's own folder, which may not be this one, and folders are moved: of all the
  /// places that the manifest may mean, the first with a file of the right size counts.
  var video: String? {
    guard let location else { return nil }
    guard !location.contains("://") else { return location }
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
    var places = [input?["path_from_here"].map { folder.appendingPathComponent($0).path }, input?["path"]]
    if location.hasPrefix("/") {
      places.append(location)
    } else {
      // As given: from the rows' folder or one of those above it, or from here.
      let above = sequence(first: folder) { $0.path == "/" ? nil : $0.deletingLastPathComponent() }
      places += above.prefix(4).map { $0.appendingPathComponent(location).path }
      places.append(location)
    }
    places.append(folder.appendingPathComponent((location as NSString).lastPathComponent).path)
    let candidates = places.compactMap { $0 }.map { URL(fileURLWithPath: $0).standardizedFileURL.path }
    let found = candidates.first(where: isTheVideo) ?? candidates.first { FileManager.default.fileExists(atPath: $0) }
    guard let found = found ?? candidates.first else { return location }
    // The short name, when it means the same from here.
    return URL(fileURLWithPath: location).standardizedFileURL.path == found ? location : found
  }

  private func isTheVideo(_ path: String) -> Bool {
    guard Folder.kind(of: path) != nil else { return false }
    guard let size = input?["byte_size"].flatMap({ Int64($0) }) else { return true }
    return Folder.stamp(ofFile: path)?.byteSize == size
  }
}
