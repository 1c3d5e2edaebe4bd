import DferImage
import Foundation

/// A user's list of labelled clips: a CSV file with `path`, optionally `start_s` and `end_s` (the whole file without
/// them), and `label` or a column of votes for each class. `x0,y0,x1,y1`, in pixels of the upright video, say where the
/// face is; without them it is looked for. `truth` names a file with the box and the points of each frame, as
/// `dfer synthesize` writes it, and `face` the face in it. Relative paths start at the manifest's folder.
package struct Manifest: Sendable {
  package struct Entry: Sendable, Hashable {
    /// Line of the manifest, from 1.
    package var line: Int
    package var path: String
    package var start: Double
    /// nil: to the end.
    package var end: Double?
    package var votes: [Float]
    package var otherVotes: Float
    package var box: Rect?
    /// What is true of each frame, in order of time; empty when only the whole clip is known.
    package var truth: [FrameTruth] = []
    /// Who is seen; nil: not known.
    package var person: String?
    /// What messages call it; nil: its line of the manifest.
    package var name: String?
  }

  package let path: String
  package let labels: [String]
  package let entries: [Entry]

  init(path: String, labels: [String], entries: [Entry]) {
    (self.path, self.labels, self.entries) = (path, labels, entries)
  }

  /// - Parameters:
  ///   - labels: the classes, in the order of the votes.
  ///   - needsLabels: whether every line must have a label; without it, labels are not looked at.
  ///   - filter: which lines are read.
  /// - Throws: one `DataError` that names every wrong line with its reason.
  package init(_ path: String, labels: [String], needsLabels: Bool = true, filter: RowFilter = .all) throws {
    let table = try LabelTable(path: path, filter: filter)
    guard table.has("path") else { throw DataError(path: path, line: 1, reason: "there is no column path") }
    let columns = VoteColumns(table, labels)
    guard !needsLabels || columns.hasVotes || table.has("label") else {
      throw DataError(
        path: path, line: 1, reason: "neither a column label nor votes for \(labels.joined(separator: ", "))")
    }
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
    var faults: [DataError] = []
    let entries = try table.rows { row -> Entry? in
      do { return try Self.entry(row, needsLabels ? columns : nil, labels, folder) } catch let fault as DataError {
        faults.append(fault)
        return nil
      }
    }
    if let first = faults.first {
      guard faults.count > 1 else { throw first }
      let list = faults.prefix(20).map { "\n  line \($0.line ?? 0): \($0.reason)" }.joined()
      let rest = faults.count > 20 ? "\n  and \(faults.count - 20) more" : ""
      throw DataError(path: path, reason: "\(faults.count) lines are wrong:\(list)\(rest)")
    }
    (self.path, self.labels, self.entries) = (path, labels, entries.compactMap { $0 })
    if self.entries.isEmpty { throw DataError(path: path, reason: "it lists no clips") }
  }

  private static func entry(
    _ row: LabelTable.Row, _ columns: VoteColumns?, _ labels: [String], _ folder: URL
  ) throws -> Entry {
    guard let name = row.text("path") else { throw row.fault("no path") }
    let path = URL(fileURLWithPath: name, relativeTo: folder).path
    guard FileManager.default.fileExists(atPath: path) else { throw row.fault("there is no file \(name)") }
    let (start, end) = (try row.number("start_s") ?? 0, try row.number("end_s"))
    guard start >= 0 else { throw row.fault("start_s \(start) lies before the start of the video") }
    if let end, end <= start { throw row.fault("end_s \(end) is not after start_s \(start)") }
    if let label = row.text("label"), let columns, !columns.hasVotes, !labels.contains(LabelName.canonical(label)) {
      throw row.fault("label \"\(label)\" is none of \(labels.joined(separator: ", "))")
    }
    let (votes, others) = try columns?.read(row) ?? ([], 0)
    guard columns == nil || votes.contains(where: { $0 > 0 }) || others > 0 else { throw row.fault("no label") }
    let truth = try row.text("truth").map { name in
      try FrameTruth.read(
        URL(fileURLWithPath: name, relativeTo: folder).path, face: row.text("face") ?? "0", from: start, to: end)
    }
    return Entry(
      line: row.line, path: path, start: start, end: end, votes: votes, otherVotes: others, box: try row.box(),
      truth: truth ?? [], person: row.text("person"))
  }
}
