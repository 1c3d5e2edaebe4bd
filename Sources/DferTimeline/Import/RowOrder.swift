/// Puts rows into the order of time, whatever order their file has, and refuses rows that cannot all be true: figures
/// must not depend on how a table was sorted, joined or appended before.
enum RowOrder {
  /// By start, then clip, then face.
  static func precedes(_ one: ClipResult, _ two: ClipResult) -> Bool {
    if one.startSeconds != two.startSeconds { return one.startSeconds < two.startSeconds }
    return (one.clip, one.faceID ?? -1) < (two.clip, two.faceID ?? -1)
  }

  /// The rows of one video in order. A row has a place in `lines` for messages.
  ///
  /// Throws `CSVTimeline.ParseError` for a face, or a lack of one, that is there twice at a time, and for clips whose
  /// numbers and times disagree.
  static func ordered(_ rows: [ClipResult], lines: [Int]) throws -> [ClipResult] {
    let isInOrder = zip(rows, rows.dropFirst()).allSatisfy { !precedes($1, $0) }
    let order = isInOrder ? Array(rows.indices) : rows.indices.sorted { precedes(rows[$0], rows[$1]) }
    // A doubled row is told by the line at which it comes again, so the file's order decides which is the first.
    var first: [Key: Int] = [:]
    for place in rows.indices {
      let key = Key(clip: rows[place].clip, face: rows[place].faceID)
      if let other = first.updateValue(place, forKey: key) {
        throw fault(lines[place], "\(subject(rows[place])) in clip \(rows[place].clip)", lines[other])
      }
    }
    var lastOfFace: [Int?: Int] = [:]
    var firstOfClip: Int?
    for place in order {
      let row = rows[place]
      guard row.endSeconds > row.startSeconds else {
        throw CSVTimeline.ParseError(line: lines[place], reason: "end_s is not after start_s")
      }
      if let last = lastOfFace.updateValue(place, forKey: row.faceID),
        rows[last].startSeconds > row.startSeconds - 1e-6
      {
        let (one, two) = (min(lines[last], lines[place]), max(lines[last], lines[place]))
        throw fault(two, "\(subject(row)) at \(fixedDecimal(row.startSeconds, places: 3)) s", one)
      }
      if let before = firstOfClip {
        let earlier = rows[before]
        guard row.clip >= earlier.clip else {
          throw CSVTimeline.ParseError(
            line: lines[place],
            reason:
              "clip \(row.clip) comes after clip \(earlier.clip) (line \(lines[before])) in time: rows of two runs in one file?"
          )
        }
        if row.clip == earlier.clip {
          guard abs(row.endSeconds - earlier.endSeconds) < 1e-5, abs(row.startSeconds - earlier.startSeconds) < 1e-5
          else {
            throw CSVTimeline.ParseError(
              line: lines[place], reason: "clip \(row.clip) has other times than in line \(lines[before])")
          }
          guard (row.faceID == nil) == (earlier.faceID == nil) else {
            throw CSVTimeline.ParseError(
              line: lines[place], reason: "clip \(row.clip) both has a face and has none (line \(lines[before]))")
          }
          continue
        }
      }
      firstOfClip = place
    }
    return isInOrder ? rows : order.map { rows[$0] }
  }

  private struct Key: Hashable {
    let clip: Int
    let face: Int?
  }

  private static func subject(_ row: ClipResult) -> String {
    row.faceID.map { "face \($0)" } ?? row.status.rawValue
  }

  private static func fault(_ line: Int, _ what: String, _ first: Int) -> CSVTimeline.ParseError {
    .init(line: line, reason: "a second row for \(what); the first is line \(first)")
  }
}
