import DferTimeline
import Foundation

/// A run with `--split-every`, seen from one of its files: `day-20261125T080000Z.csv` belongs to the run that `day.run.json`
/// lists it in.
struct SplitRun {
  /// The name that the run's files have in common, with their folder: `rows/day`.
  let stem: String
  let manifest: String
  /// All files of the run with the ending of this one, in the order of time; where the manifest is, wherever the run was made.
  let parts: [String]

  /// nil when the file is none of a split run.
  init?(part path: String) {
    let name = (path as NSString).lastPathComponent
    let folder = path.dropLast(name.count)
    guard let manifest = RotatingWriter.manifest(ofPart: name) else { return nil }
    let ending = (name as NSString).pathExtension
    // Tables of frames and blinks are outputs of the run too, and are not split.
    let names = RunManifest.outputs(at: folder + manifest).map { ($0 as NSString).lastPathComponent }.filter {
      ($0 as NSString).pathExtension == ending && RotatingWriter.manifest(ofPart: $0) == manifest
    }
    guard names.contains(where: { ExactName($0) == ExactName(name) }) else { return nil }
    stem = String(folder + manifest.dropLast(".run.json".count))
    self.manifest = folder + manifest
    parts = names.map { folder + $0 }
  }

  /// Files of the run that are not there.
  var missing: [String] { parts.filter { !FileManager.default.fileExists(atPath: $0) } }
}
