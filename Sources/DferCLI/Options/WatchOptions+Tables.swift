import ArgumentParser
import DferTimeline

/// Tables of frames and blinks beside the rows.
extension WatchOptions {
  var tables: [String] { [frames, blinks].compactMap { $0 } }

  /// Blinks are too short for ten frames a second; a table of frames beside them has all that were read.
  var frameTableRows: FrameRows { blinks == nil ? frameRows : .all }

  /// - Throws: `ValidationError` for names whose extensions cannot be written.
  func checkTables() throws {
    for (option, path) in [("--frames", frames), ("--blinks", blinks)] {
      if let path, !FrameTableWriter.takes(path) {
        throw ValidationError("\(option) \(path): unknown extension; the formats are \(FrameTableWriter.extensions)")
      }
    }
    if frameRows == .all, frames == nil { throw ValidationError("--frame-rows requires --frames") }
  }

  func tableWriters(_ layout: RowLayout) throws -> [(path: String, writer: any TimelineWriter)] {
    var writers: [(path: String, writer: any TimelineWriter)] = []
    if let path = frames,
      let table = try FrameTableWriter(path, layout: layout, rows: frameTableRows, overwrite: overwrite)
    {
      writers.append((path, table))
    }
    if let path = blinks, let table = try BlinkTableWriter(path, overwrite: overwrite) { writers.append((path, table)) }
    return writers
  }
}

extension FrameRows: ExpressibleByArgument {}
