import Foundation

/// Writes rows into one file after another: a new one every `period` seconds, each whole by itself with its own header,
/// named by the time at which it begins. `dfer merge` joins them.
///
/// A file begins with a whole clip, so that the rows of one clip stay together.
package struct RotatingWriter: TimelineWriter {
  private let path: String
  private let format: OutputFormat
  private let period: Double
  private let overwrite: Bool
  private let layout: RowLayout
  private let onFile: (String) -> Void
  private var current: any TimelineWriter
  private var begun: ContinuousClock.Instant
  private var lastClip: Int?

  /// - Parameters:
  ///   - path: `day.csv` becomes `day-20261125T080000Z.csv` and so on.
  ///   - format: one that grows row by row.
  ///   - onFile: told each file's path, the first one too.
  /// - Throws: `OutputError`.
  package init(
    _ path: String, format: OutputFormat, period: Double, overwrite: Bool, layout: RowLayout,
    onFile: @escaping (String) -> Void
  ) throws {
    precondition(format.isIncremental && period > 0, "RotatingWriter: \(format), \(period) s")
    self.path = path
    self.format = format
    self.period = period
    self.overwrite = overwrite
    self.layout = layout
    self.onFile = onFile
    begun = .now
    current = try Self.open(path, format, overwrite, layout, onFile)
  }

  package mutating func write(_ row: ClipResult) throws {
    if let lastClip, lastClip != row.clip, ContinuousClock.now - begun >= .seconds(period) {
      try current.finish()
      begun = .now
      current = try Self.open(path, format, overwrite, layout, onFile)
    }
    lastClip = row.clip
    try current.write(row)
  }

  package mutating func finish() throws { try current.finish() }

  private static func open(
    _ path: String, _ format: OutputFormat, _ overwrite: Bool, _ layout: RowLayout, _ onFile: (String) -> Void
  ) throws -> any TimelineWriter {
    let name = Self.name(path, at: Date())
    let writer = try format.writer(to: name, overwrite: overwrite, layout: layout)
    onFile(name)
    return writer
  }

  /// The manifest of the run that a file with such a name may belong to, without its folder: `day.run.json` of
  /// `day-20261125T080000Z.csv`. nil for other names.
  package static func manifest(ofPart name: String) -> String? {
    let stem = (name as NSString).deletingPathExtension
    guard let dash = stem.utf8.lastIndex(of: UInt8(ascii: "-")) else { return nil }
    let stamp = stem.utf8[stem.utf8.index(after: dash)...]
    guard stamp.count == 16, stamp.last == UInt8(ascii: "Z"),
      stamp.dropLast().enumerated().allSatisfy({ $0 == 8 ? $1 == UInt8(ascii: "T") : (48...57).contains($1) })
    else { return nil }
    return String(stem[..<dash]) + ".run.json"
  }

  /// The name of the file that begins at `date`, to the second, in UTC.
  static func name(_ path: String, at date: Date) -> String {
    let stamp = date.formatted(.iso8601).filter { (mark: Character) in mark != "-" && mark != ":" }
    let name = path as NSString
    return "\(name.deletingPathExtension)-\(stamp).\(name.pathExtension)"
  }
}
