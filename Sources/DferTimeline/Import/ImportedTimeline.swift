import Foundation

/// A timeline read from a file: dfer's own rows, or the frames that another program wrote.
package struct ImportedTimeline: Sendable {
  /// Who wrote the file.
  package enum Origin: String, Sendable, CaseIterable {
    case dfer
    case openFace = "OpenFace"
    case pyFeat = "py-feat"
    case libreFace = "LibreFace"
    case iMotions
  }

  package let origin: Origin
  /// Columns that these rows have, for writing them again.
  package let layout: RowLayout
  /// Rows by video, in the order of time; one nameless video, unless this is a table of `dfer merge`.
  package let videos: [(source: String?, rows: [ClipResult])]

  package var labels: [String] { layout.labels }

  /// Reads a file by what is in it: dfer's CSV, TSV, JSON and JSON Lines, and tables of OpenFace, py-feat, LibreFace and
  /// iMotions. Throws `CSVTimeline.ParseError`, or what Foundation says of the file.
  ///
  /// - Parameter frameRate: frames each second, for tables that count frames and have no exact times.
  package init(path: String, frameRate: Double? = nil) throws {
    try self.init(bytes: Array(Data(ofFileOrPipe: path)), frameRate: frameRate)
  }

  /// Reads the files of one run that was split as one timeline; see `JoinedRows`. Throws like `init(path:)`.
  package init(parts: [String], frameRate: Double? = nil) throws {
    try self.init(bytes: JoinedRows.bytes(of: parts), frameRate: frameRate)
  }

  init(bytes: [UInt8], frameRate: Double? = nil) throws {
    try TextKind.refuseOther(bytes)
    if JSONReader.isDocument(bytes) {
      try self.init(CSVTimeline(json: bytes))
      return
    }
    let table = try FrameTable(bytes)
    if table.isOwn {
      try self.init(table.own())
      return
    }
    let frames = try table.frames(frameRate: frameRate)
    self.init(frames.origin, RowLayout(labels: frames.labels), [(nil, frames.rows)])
  }

  private init(_ own: CSVTimeline) throws { self.init(.dfer, own.layout, try own.videos()) }

  private init(_ origin: Origin, _ layout: RowLayout, _ videos: [(source: String?, rows: [ClipResult])]) {
    self.origin = origin
    self.layout = layout
    self.videos = videos
  }
}
