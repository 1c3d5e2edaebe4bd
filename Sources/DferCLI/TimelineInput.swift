import DferTimeline
import Foundation

/// A timeline that a command reads: its rows, and the video they belong to when the run's facts lie beside them.
struct TimelineInput {
  let path: String
  let timeline: ImportedTimeline
  let media: MediaReference?
  /// What the run's manifest says, when it lies beside the rows.
  let facts: RunFacts?

  init(_ path: String, media: String? = nil, frameRate: Double? = nil) throws {
    try self.init(parts: [path], media: media, frameRate: frameRate)
  }

  /// - Parameter parts: one file, or those of a run that was split.
  init(parts: [String], media: String? = nil, frameRate: Double? = nil) throws {
    let path = parts[0]
    self.path = path
    timeline = try UnreadableTimeline.naming(path) {
      parts.count == 1
        ? try ImportedTimeline(path: path, frameRate: frameRate)
        : try ImportedTimeline(parts: parts, frameRate: frameRate)
    }
    facts = RunFacts(beside: path)
    RunFacts.warnIfEarly(path, facts)
    self.media = (media ?? facts?.video).flatMap(MediaReference.init)
  }

  var layout: RowLayout { timeline.layout }

  /// What names this timeline in a table: the video, or the rows' own file.
  var name: String { facts?.location.flatMap(MediaReference.init)?.location ?? path }
}

/// Why a file of rows cannot be read.
struct UnreadableTimeline: Error, CustomStringConvertible {
  let path: String
  let reason: String
  var description: String { "\(path): \(reason)" }

  /// A file that is not there, or must not be read.
  static func noFile(_ path: String) -> UnreadableTimeline {
    UnreadableTimeline(path: path, reason: reason(of: CocoaError(.fileReadNoPermission), path))
  }

  /// Does what reads the file, and gives failures its name and their cause.
  static func naming<T>(_ path: String, _ body: () throws -> T) throws -> T {
    do { return try body() } catch { throw UnreadableTimeline(path: path, reason: reason(of: error, path)) }
  }

  private static func reason(of error: any Error, _ path: String) -> String {
    switch error {
    case let error as CSVTimeline.ParseError: return error.description
    case let error as AnnotationError: return error.description
    default: break
    }
    let kind = try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
    return switch (error as? CocoaError)?.code {
    case _ where kind == nil: "no such file"
    case _ where kind == .typeDirectory: "is a folder, not a file of rows"
    case .fileReadNoPermission: "permission denied"
    default: "cannot be read"
    }
  }
}
