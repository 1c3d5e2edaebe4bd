import Foundation

/// Writes rows as they become final.
public protocol TimelineWriter {
  mutating func write(_ row: ClipResult) throws
  /// Ends the file validly. No row may follow.
  mutating func finish() throws
}

/// The formats that rows can be written in, chosen by a file's extension.
public enum OutputFormat: String, Sendable, CaseIterable {
  case csv, tsv, jsonl

  /// The format that belongs to the name of a file; nil when no format has this extension.
  public init?(path: String) {
    if path == "-" {
      self = .csv
    } else if let format = OutputFormat(rawValue: (path as NSString).pathExtension.lowercased()) {
      self = format
    } else if path.hasPrefix("/dev/") {
      self = .csv
    } else {
      return nil
    }
  }

  public func writer(to file: OutputFile, layout: RowLayout) throws -> any TimelineWriter {
    switch self {
    case .csv: try DelimitedWriter(file, layout: layout, separator: ",")
    case .tsv: try DelimitedWriter(file, layout: layout, separator: "\t")
    case .jsonl: JSONLinesWriter(file, layout: layout)
    }
  }
}
