import Foundation

extension Data {
  /// All that a file holds, or a pipe gives until it ends: rows may come out of another program, as in
  /// `dfer summary <(zcat talk.csv.gz)`. `Data(contentsOf:)` refuses pipes.
  ///
  /// - Throws: `CocoaError` when it cannot be opened or read.
  init(ofFileOrPipe path: String) throws {
    let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
    defer { try? file.close() }
    self = try file.readToEnd() ?? Data()
  }
}
