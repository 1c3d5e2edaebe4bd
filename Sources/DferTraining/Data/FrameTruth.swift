import DferImage

/// Where a face is in one frame, in pixels of the upright video.
package struct FrameTruth: Sendable, Hashable {
  /// Seconds from the start of the video.
  package var time: Double
  package var box: Rect
  /// Image-left eye, image-right eye, nose tip, image-left and image-right mouth corner; empty: not known.
  package var points: [Point]

  /// Reads a table with `time_s`, the box `x0,y0,x1,y1`, optionally the five points `leye_x` ... `rmouth_y` and `face`.
  ///
  /// - Parameters:
  ///   - face: only rows whose `face` is this, where there is such a column.
  ///   - start, end: seconds; rows outside are passed over.
  /// - Throws: `DataError` with the line of the first row that is wrong, or when no row is left.
  static func read(_ path: String, face: String, from start: Double, to end: Double?) throws -> [FrameTruth] {
    let table = try LabelTable(path: path)
    guard table.has("time_s"), table.has("x0") else {
      throw DataError(path: path, line: 1, reason: "a truth file needs the columns time_s and x0,y0,x1,y1")
    }
    let hasPoints = table.has(PackedSet.pointColumns[0])
    let rows = try table.rows { row -> FrameTruth? in
      guard !table.has("face") || row.text("face") == face, let box = try row.box() else { return nil }
      guard let time = try row.number("time_s") else { throw row.fault("no time") }
      guard time >= start, time <= end ?? .infinity else { return nil }
      return FrameTruth(time: time, box: box, points: hasPoints ? try row.points(PackedSet.pointColumns) ?? [] : [])
    }
    let truth = rows.compactMap { $0 }.sorted { $0.time < $1.time }
    guard !truth.isEmpty else { throw DataError(path: path, reason: "it says nothing of face \(face) in this clip") }
    return truth
  }

  /// The row nearest to a time.
  static func nearest(_ time: Double, in truth: [FrameTruth]) -> FrameTruth? {
    truth.min { abs($0.time - time) < abs($1.time - time) }
  }
}
