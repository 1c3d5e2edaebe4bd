import Dfer
import Foundation

/// The rendered sample that is installed with the program: twelve seconds, one face, nobody real.
enum SampleVideo {
  static let name = "one-face.mp4"

  /// Beside the folder of pipelines, wherever that is.
  static func find() throws -> String {
    let places = Installation.pipelineFolders().map {
      $0.deletingLastPathComponent().appendingPathComponent("Samples/\(name)").path
    }
    guard let path = places.first(where: FileManager.default.fileExists) else { throw Missing(places: places) }
    return path
  }

  struct Missing: Error, CustomStringConvertible {
    var places: [String]
    var description: String {
      "the sample video is not installed (looked for \(places.joined(separator: ", "))); read a video of your own with dfer watch"
    }
  }
}
