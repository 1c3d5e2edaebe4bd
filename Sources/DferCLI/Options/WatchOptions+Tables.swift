import ArgumentParser
import DferTimeline

/// Tables of frames and blinks beside the rows.
extension WatchOptions {
  var tables: [String] { [frames, blinks].compactMap { $0 } }

  /// Blinks are too short for ten frames a second, so that every frame is read for them.
  var frameTableRows: FrameRows { frameRows ?? (blinks == nil ? .moments : .all) }

  /// - Throws: `ValidationError` for names whose extensions cannot be written.
  func checkTables() throws {
    for (option, path) in [("--frames", frames), ("--blinks", blinks)] {
      if let path, !FrameTableWriter.takes(path) {
        throw ValidationError("\(option) \(path): unknown extension; the formats are \(FrameTableWriter.extensions)")
      }
    }
    if frameRows != nil, frames == nil { throw InapplicableOption("--frame-rows", "requires --frames") }
    if frameRows == .moments, blinks != nil {
      throw InapplicableOption(
        "--frame-rows", "moments cannot be combined with --blinks, for which every decoded frame is read")
    }
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
