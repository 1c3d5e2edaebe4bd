import Foundation

/// What was done to rows, written beside the first file that was made of them as `NAME.model.json`.
public struct ModelRecord: Sendable, Codable {
  public var dfer: String
  /// The rows as they were given, and their SHA-256.
  public var input: String
  public var inputSha256: String
  public var options: [String: String]
  public var baselines: [TimelineModel.Baseline]
  public var outputs: [String]

  public init(
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
  public static func path(beside output: String) -> String {
    URL(fileURLWithPath: output).deletingPathExtension().appendingPathExtension("model.json").path
  }

  /// Throws `OutputError`.
  public func write(to path: String, overwrite: Bool) throws {
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
