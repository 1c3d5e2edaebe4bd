import Foundation

/// Where tests find material that is not part of the repository.
package enum Shared {
  /// The folder of golden numbers: `$DFER_GOLDEN`, else `../shared/golden` beside the checkout.
  package static var golden: URL {
    if let path = ProcessInfo.processInfo.environment["DFER_GOLDEN"], !path.isEmpty {
      return URL(fileURLWithPath: path)
    }
    return root.appendingPathComponent("../shared/golden").standardizedFileURL
  }

  /// The folder that holds `golden`, `weights`, `data` and `samples`.
  package static var folder: URL { golden.deletingLastPathComponent() }

  package static var hasGolden: Bool { FileManager.default.fileExists(atPath: golden.path) }
  package static var hasData: Bool {
    FileManager.default.fileExists(atPath: folder.appendingPathComponent("data").path)
  }

  /// The root of this package.
  package static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
}
