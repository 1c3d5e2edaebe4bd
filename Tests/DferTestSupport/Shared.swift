import Foundation

/// Where tests find their numbers, and material that is not part of the repository.
package enum Shared {
  /// The folder of golden numbers: `$DFER_GOLDEN`, else `Tests/Golden`.
  package static var golden: URL {
    environment("DFER_GOLDEN") ?? root.appendingPathComponent("Tests/Golden")
  }

  /// The folder that holds `weights`, `data` and `samples`: `$DFER_SHARED`, else `../shared` beside the checkout.
  package static var folder: URL {
    environment("DFER_SHARED") ?? root.appendingPathComponent("../shared").standardizedFileURL
  }

  /// Whether there are networks of older versions, for which golden numbers were made.
  package static var hasWeights: Bool { has("weights") }
  package static var hasData: Bool { has("data") }

  /// The root of this package.
  package static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private static func has(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: folder.appendingPathComponent(name).path)
  }

  private static func environment(_ name: String) -> URL? {
    ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : URL(fileURLWithPath: $0) }
  }
}
