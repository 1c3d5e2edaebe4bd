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
    let name = (path as NSString).deletingPathExtension
    guard let stamp = name.utf8.lastIndex(of: UInt8(ascii: "-")) else { return nil }
    let time = name.utf8[name.utf8.index(after: stamp)...]
    guard time.count == 16, time.last == UInt8(ascii: "Z"),
      time.dropLast().enumerated().allSatisfy({ $0 == 8 ? $1 == UInt8(ascii: "T") : (48...57).contains($1) })
    else { return nil }
    stem = String(name[..<stamp])
    manifest = stem + ".run.json"
    guard let data = FileManager.default.contents(atPath: manifest),
      let outputs = try? JSONDecoder().decode(Listed.self, from: data).outputs
    else { return nil }
    let ending = (path as NSString).pathExtension
    let own = ExactName((path as NSString).lastPathComponent)
    let names = outputs.map { ($0 as NSString).lastPathComponent }.filter { ($0 as NSString).pathExtension == ending }
    guard names.contains(where: { ExactName($0) == own }) else { return nil }
    let folder = path.dropLast((path as NSString).lastPathComponent.count)
    parts = names.map { folder + $0 }
  }

  private struct Listed: Decodable { let outputs: [String] }
}
