import DferModels
import Foundation

/// A table of videos in which several expressions follow each other, and the pieces that are cut from them to measure with.
///
/// Columns: `file` (relative to the table), `sequence` as "0-0.7 neutral; 0.8-2.6 happiness talking; 2.7-3.1 neutral" in
/// seconds, optionally `certainty`: only videos of which it says `clear` are taken. A part counts when its words are a label,
/// alone or followed by `talking`, `shouting` or a remark in brackets, and when it is long enough to be seen.
package struct SequenceTable: Sendable {
  /// One labelled part of a video.
  package struct Part: Sendable, Hashable {
    package enum Kind: String, Sendable {
      /// Shows one expression from end to end.
      case piece
      /// A face at rest that takes on an expression, or comes to rest again; its label is the expression.
      case window
    }

    package var path: String
    package var start, end: Double
    package var label: String
    package var kind: Kind
  }

  /// Longest piece, and shortest part that counts.
  static let longest = 2.0
  static let shortest = 0.5
  /// Of a window: most rest and least rest beside the expression, and most of the expression.
  static let rest = 0.4...1.2
  static let expression = 0.8
  /// Longest time between two parts that still follow each other.
  static let turn = 0.5

  package let parts: [Part]

  /// - Throws: `DataError` with the line of the first row that is wrong, or when nothing is left.
  package init(_ path: String, labels: [String] = ExpressionLabels.names) throws {
    let table = try LabelTable(path: path)
    guard table.has("file"), table.has("sequence") else {
      throw DataError(path: path, line: 1, reason: "a table of sequences needs the columns file and sequence")
    }
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
    parts = try table.rows { row -> [Part] in
      if let certainty = row.text("certainty"), !certainty.contains("clear") || certainty.hasPrefix("unclear") {
        return []
      }
      guard let file = row.text("file") else { throw row.fault("no file") }
      let video = URL(fileURLWithPath: file, relativeTo: folder).standardizedFileURL.path
      guard FileManager.default.fileExists(atPath: video) else { throw row.fault("there is no file \(file)") }
      let spans = try (row.text("sequence") ?? "").split(separator: ";").map { try Self.span(String($0), labels, row) }
      return Self.pieces(spans, video) + Self.windows(spans, video)
    }.flatMap { $0 }
    guard !parts.isEmpty else {
      throw DataError(path: path, reason: "no part of its sequences shows one of the labels clearly")
    }
  }

  private struct Span {
    let start, end: Double
    /// nil: something else than a label.
    let label: String?
  }

  private static func span(_ text: String, _ labels: [String], _ row: LabelTable.Row) throws -> Span {
    let words = text.trimmingCharacters(in: .whitespaces)
    guard let match = words.wholeMatch(of: /([0-9.]+)\s*-\s*([0-9.]+)\s+(\S+)(.*)/), let start = Double(match.1),
      let end = Double(match.2), start < end
    else { throw row.fault("\"\(words)\" is not a part like \"0.8-2.6 happiness\"") }
    let label = LabelName.canonical(String(match.3))
    let isPlain = String(match.4).wholeMatch(of: /(\s+(talking|shouting))?(\s+\(.*\))?\s*/) != nil
    return Span(start: start, end: end, label: isPlain && labels.contains(label) ? label : nil)
  }

  /// Equal pieces of at most two seconds.
  private static func pieces(_ spans: [Span], _ video: String) -> [Part] {
    spans.flatMap { span -> [Part] in
      let length = span.end - span.start
      guard let label = span.label, length >= shortest - 1e-6 else { return [] }
      let count = max(1, Int((length / longest - 1e-6).rounded(.up)))
      return (0..<count).map { piece in
        func time(_ index: Int) -> Double { span.start + length * Double(index) / Double(count) }
        return Part(path: video, start: time(piece), end: time(piece + 1), label: label, kind: .piece)
      }
    }
  }

  /// An expression with the rest before it, and with the rest behind it.
  private static func windows(_ spans: [Span], _ video: String) -> [Part] {
    spans.indices.flatMap { index -> [Part] in
      let span = spans[index]
      guard let label = span.label, label != "neutral", span.end - span.start >= shortest - 1e-6 else { return [] }
      func isRest(_ other: Int, gap: (Span) -> Double) -> Bool {
        spans.indices.contains(other) && spans[other].label == "neutral" && gap(spans[other]) <= turn + 1e-6
      }
      var parts: [Part] = []
      if isRest(index - 1, gap: { span.start - $0.end }) {
        let start = max(spans[index - 1].start, span.start - rest.upperBound)
        if span.start - start >= rest.lowerBound - 1e-6 {
          parts.append(
            Part(path: video, start: start, end: min(span.end, span.start + expression), label: label, kind: .window))
        }
      }
      if isRest(index + 1, gap: { $0.start - span.end }) {
        let end = min(spans[index + 1].end, span.end + rest.upperBound)
        if end - span.end >= rest.lowerBound - 1e-6 {
          parts.append(
            Part(path: video, start: max(span.start, span.end - expression), end: end, label: label, kind: .window))
        }
      }
      return parts
    }
  }
}
