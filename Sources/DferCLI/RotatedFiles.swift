import Foundation

/// The files of a run with `--split-every`: a few dozen a day.
final class RotatedFiles {
  var files: [String] = []
  /// How many of them the manifest lists.
  var noted = 0

  /// Those with the ending of a path.
  func files(like path: String?) -> [String] {
    files.filter { ($0 as NSString).pathExtension == (path.map { ($0 as NSString).pathExtension }) }
  }

  /// The first, the last, and how many lie between.
  var short: [String] { files.count <= 3 ? files : [files[0], "\(files.count - 2) more", files[files.count - 1]] }
}
