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
    self.path = path
    do { timeline = try ImportedTimeline(path: path, frameRate: frameRate) } catch let error as CSVTimeline.ParseError {
      throw UnreadableTimeline(path: path, reason: error.description)
    } catch {
      throw UnreadableTimeline(path: path, reason: "cannot be read")
    }
    facts = RunFacts(beside: path)
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
}
