import DferImage
import DferModels
import DferTimeline
import Foundation

/// A CSV file of labels: named columns, typed cells, and errors that name the line.
struct LabelTable {
  let path: String
  private let columns: [String: Int]
  private let records: [(line: Int, cells: [String])]
  private let filter: RowFilter

  init(path: String, filter: RowFilter = .all) throws {
    (self.path, self.filter) = (path, filter)
    guard let text = try? String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8) else {
      throw DataError(path: path, reason: "there is no such text file")
    }
    do {
      records = try CSVTimeline.records(text)
    } catch let error as CSVTimeline.ParseError {
      throw DataError(path: path, line: error.line, reason: error.reason)
    }
    guard let header = records.first?.cells else { throw DataError(path: path, reason: "it is empty") }
    columns = Dictionary(header.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    guard columns.count == header.count else {
      throw DataError(path: path, line: 1, reason: "a column name occurs twice")
    }
    try filter.check(self)
  }

  func has(_ column: String) -> Bool { columns[column] != nil }
  var columnNames: Set<String> { Set(columns.keys) }

  /// Reads every row that the filter keeps. A line without any text is passed over.
  func rows<T>(_ read: (Row) throws -> T) throws -> [T] {
    try records.dropFirst().filter { $0.cells != [""] }.compactMap { record in
      guard record.cells.count == columns.count else {
        throw DataError(
          path: path, line: record.line, reason: "\(record.cells.count) cells instead of \(columns.count)")
      }
      let row = Row(path: path, line: record.line, cells: record.cells, columns: columns)
      return try filter.keeps(row) ? read(row) : nil
    }
  }

  struct Row {
    let path: String
    let line: Int
    fileprivate let cells: [String]
    fileprivate let columns: [String: Int]

    /// nil for an empty cell or no such column.
    func text(_ column: String) -> String? {
      guard let index = columns[column], !cells[index].isEmpty else { return nil }
      return cells[index]
    }

    func number(_ column: String) throws -> Double? {
      guard let text = text(column) else { return nil }
      guard let value = Double(text), abs(value) <= 1e9 else { throw fault("column \(column) cannot hold \"\(text)\"") }
      return value
    }

    /// All of these columns, or nil when all are empty.
    func numbers(_ names: [String]) throws -> [Double]? {
      let values = try names.compactMap(number)
      guard !values.isEmpty else { return nil }
      guard values.count == names.count else { throw fault("only some of \(names[0])... are given") }
      return values
    }

    func box() throws -> Rect? {
      guard let sides = try places(["x0", "y0", "x1", "y1"]) else { return nil }
      guard sides[2] > sides[0] && sides[3] > sides[1] else { throw fault("the box has no area") }
      return Rect(left: sides[0], top: sides[1], right: sides[2], bottom: sides[3])
    }

    func points(_ names: [String]) throws -> [Point]? {
      try places(names).map { values in
        stride(from: 0, to: values.count, by: 2).map { Point(x: values[$0], y: values[$0 + 1]) }
      }
    }

    /// The same in pixels of an image.
    private func places(_ names: [String]) throws -> [Double]? {
      let values = try numbers(names)
      guard values?.allSatisfy({ abs($0) <= 100_000 }) != false else {
        throw fault("\(names[0])... lie outside of any image")
      }
      return values
    }

    func fault(_ reason: String) -> DataError { DataError(path: path, line: line, reason: reason) }
  }
}

extension Rect {
  /// Whether a face's box may belong to an image of this size: part of it is inside, and it is not many times as large.
  func isFace(in size: Size) -> Bool {
    let image = Rect(x: 0, y: 0, width: Double(size.width), height: Double(size.height))
    return overlap(image) > 0 && max(width, height) <= 4 * max(image.width, image.height)
  }
}

/// Class names of other data sets.
enum LabelName {
  private static let aliases = [
    "happy": "happiness", "sad": "sadness", "angry": "anger", "fearful": "fear",
    "disgusted": "disgust", "calm": "neutral", "afraid": "fear", "surprised": "surprise",
  ]

  static func canonical(_ name: String) -> String {
    let name = name.lowercased()
    return aliases[name] ?? name
  }

  /// The class that a folder is named after; a number before it ("3_happy", "03 Happy") is left out.
  static func ofFolder(_ name: String) -> String {
    let rest = name.drop { $0.isNumber }.drop { "_- .".contains($0) }
    return canonical(rest.isEmpty ? name : String(rest))
  }

  static func isKnown(_ name: String) -> Bool { ExpressionLabels.names.contains(name) }
}
