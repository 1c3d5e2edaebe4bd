import DferTimeline
import Foundation

/// A timeline that a command reads: its rows, and the video they belong to when the run's facts lie beside them.
struct TimelineInput {
  let path: String
  let timeline: ImportedTimeline
  let media: MediaReference?

  init(_ path: String, media: String? = nil, frameRate: Double? = nil) throws {
    self.path = path
    do { timeline = try ImportedTimeline(path: path, frameRate: frameRate) } catch let error as CSVTimeline.ParseError {
      throw UnreadableTimeline(path: path, reason: error.description)
    } catch {
      throw UnreadableTimeline(path: path, reason: "cannot be read")
    }
    self.media = (media ?? RunInfo.location(beside: path)).flatMap(MediaReference.init)
  }

  var layout: RowLayout { timeline.layout }

  /// What names this timeline in a table: the video, or the rows' own file.
  var name: String { media?.location ?? path }
}

/// Why a file of rows cannot be read.
struct UnreadableTimeline: Error, CustomStringConvertible {
  let path: String
  let reason: String
  var description: String { "\(path): \(reason)" }
}

/// The part of a run's manifest that readers of its rows need.
private struct RunInfo: Decodable {
  let input: [String: String]

  static func location(beside path: String) -> String? {
    let manifest = URL(fileURLWithPath: RunManifest.path(beside: path))
    guard let data = try? Data(contentsOf: manifest),
      let location = (try? JSONDecoder().decode(RunInfo.self, from: data))?.input["location"]
    else { return nil }
    // The manifest names the video as the run was given it: from the run's folder, which may not be this one.
    let beside = manifest.deletingLastPathComponent().appendingPathComponent((location as NSString).lastPathComponent).path
    let files = FileManager.default
    return !files.fileExists(atPath: location) && files.fileExists(atPath: beside) ? beside : location
  }
}
