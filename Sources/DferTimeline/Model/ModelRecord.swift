import Foundation

/// What was done to rows, written beside the first file that was made of them as `NAME.model.json`.
package struct ModelRecord: Sendable, Codable {
  package var dfer: String
  /// The rows as they were given, and their SHA-256.
  package var input: String
  package var inputSha256: String
  package var options: [String: String]
  package var baselines: [TimelineModel.Baseline]
  package var outputs: [String]

  package init(
    dfer: String, input: String, inputSha256: String, options: [String: String],
    baselines: [TimelineModel.Baseline], outputs: [String]
  ) {
    self.dfer = dfer
    self.input = input
    self.inputSha256 = inputSha256
    self.options = options
    self.baselines = baselines
    self.outputs = outputs
  }

  /// `talk.csv` has `talk.model.json`.
  package static func path(beside output: String) -> String {
    URL(fileURLWithPath: output).deletingPathExtension().appendingPathExtension("model.json").path
  }

  /// Throws `OutputError`.
  package func write(to path: String, overwrite: Bool) throws {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let data: Data
    do { data = try encoder.encode(self) } catch {
      throw OutputError.notWritable(path: path, reason: error.localizedDescription)
    }
    try OutputFile(path, overwrite: overwrite, kind: .whole).writeWhole(data)
  }
}
