import Foundation

/// Where tests find material that is not part of the repository.
public enum Shared {
  /// The folder of golden numbers: `$DFER_GOLDEN`, else `../shared/golden` beside the checkout.
  public static var golden: URL {
    if let path = ProcessInfo.processInfo.environment["DFER_GOLDEN"], !path.isEmpty {
      return URL(fileURLWithPath: path)
    }
    return root.appendingPathComponent("../shared/golden").standardizedFileURL
  }

  /// The folder that holds `golden`, `weights`, `data` and `samples`.
  public static var folder: URL { golden.deletingLastPathComponent() }

  public static var hasGolden: Bool { FileManager.default.fileExists(atPath: golden.path) }
  public static var hasData: Bool {
    FileManager.default.fileExists(atPath: folder.appendingPathComponent("data").path)
  }

  /// The root of this package.
  public static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
}
