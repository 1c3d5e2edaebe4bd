import Foundation

/// A table of rows with other numbers for its faces; every other cell stays as it is written.
package struct FaceRenumbering: Sendable {
  /// The table with its rows in order of clip and face.
  package let text: String
  /// Rows that keep their number, because another row of the same person has it in their clip.
  package let keptRows: Int

  /// - Parameters:
  ///   - table: the bytes of a CSV or TSV table of one video, as `ImportedTimeline` reads it.
  ///   - numbers: new number by the old one.
  ///   - separator: between the cells of the new table.
  /// - Throws: `CSVTimeline.ParseError`.
  package init(_ table: [UInt8], numbers: [Int: Int], separator: String = ",") throws {
    let rows = try FrameTable(table).own().rows
    var reader = DelimitedReader(table, separator: FrameTable.separator(table))
    var records: [[String]] = []
    while let record = try reader.next() { records.append(record.cells) }
    let header = records.isEmpty ? [] : records.removeFirst()
    let names = header.map { RowLayout.renamed[$0] ?? $0 }
    guard let face = names.firstIndex(of: "face_id"), records.count == rows.count else {
      throw CSVTimeline.ParseError(line: 1, reason: "missing column face_id")
    }
    // Of two rows of one person and clip, the one that has the person's number keeps it; else the one that shows more gets it.
    var shown: [Place: Int] = [:]
    for (index, row) in rows.enumerated() {
      guard let id = row.faceID else { continue }
      let place = Place(clip: row.clip, face: numbers[id] ?? id)
      if let other = shown[place], Self.rank(rows[other], place.face) >= Self.rank(row, place.face) { continue }
      shown[place] = index
    }
    var kept = 0
    let lines = rows.indices.map { index -> (row: ClipResult, line: String) in
      var (row, cells) = (rows[index], records[index])
      if let id = row.faceID {
        let number = numbers[id] ?? id
        if shown[Place(clip: row.clip, face: number)] == index { row.faceID = number } else { kept += 1 }
        cells[face] = String(row.faceID ?? number)
      }
      return (row, cells.map { Quoting.cell($0, separator: separator) }.joined(separator: separator))
    }
    let ordered = lines.enumerated().sorted {
      let (one, two) = ($0.element.row, $1.element.row)
      return (one.clip, one.faceID ?? -1, $0.offset) < (two.clip, two.faceID ?? -1, $1.offset)
    }
    let head = header.map { Quoting.cell($0, separator: separator) }.joined(separator: separator)
    text = ([head] + ordered.map(\.element.line)).map { $0 + "\n" }.joined()
    keptRows = kept
  }

  private static func rank(_ row: ClipResult, _ number: Int) -> Double {
    row.faceID == number ? .infinity : row.coverage ?? 0
  }

  private struct Place: Hashable {
    let clip, face: Int
  }
}
