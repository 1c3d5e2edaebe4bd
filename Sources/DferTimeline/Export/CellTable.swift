/// A table of cells with named columns that grows row by row, in one of the formats for tables beside the timeline.
struct CellTable {
  /// Formats that such tables can be written in; raw values are the extensions.
  enum Format: String, Sendable, CaseIterable {
    case csv, tsv, jsonl, sqlite

    init?(path: String) {
      let name = path.lowercased()
      if let format = Self.allCases.first(where: { name.hasSuffix("." + $0.rawValue) }) {
        self = format
      } else if name.hasSuffix(".db") {
        self = .sqlite
      } else {
        return nil
      }
    }
  }

  private enum Sink {
    case lines(OutputFile)
    case database(Database, StagedPath, insert: String)
  }

  private let sink: Sink
  private let format: Format
  private let columns: [String]

  /// - Parameters:
  ///   - name: of the table in a database.
  ///   - columns: their names; those that hold whole numbers and texts are told apart for databases.
  init(
    _ path: String, format: Format, name: String, columns: [String], integers: Set<String>, texts: Set<String>,
    overwrite: Bool
  ) throws {
    (self.format, self.columns) = (format, columns)
    guard format == .sqlite else {
      let file = try OutputFile(path, overwrite: overwrite)
      sink = .lines(file)
      if format != .jsonl { try file.append(columns.joined(separator: Self.separator(format))) }
      return
    }
    let stage = try StagedPath(path, overwrite: overwrite)
    let declared = columns.map { column in
      Quoting.doubled(column) + (integers.contains(column) ? " INTEGER" : texts.contains(column) ? " TEXT" : " REAL")
    }
    let marks = [String](repeating: "?", count: columns.count).joined(separator: ",")
    sink = try Database.naming(path) {
      let database = try Database(path: stage.temporary)
      try database.run("CREATE TABLE \(name) (\(declared.joined(separator: ", ")))")
      return .database(database, stage, insert: "INSERT INTO \(name) VALUES (\(marks))")
    }
  }

  func append(_ cells: [RowLayout.Cell]) throws {
    precondition(cells.count == columns.count, "CellTable: \(cells.count) cells for \(columns.count) columns")
    switch sink {
    case .lines(let file):
      let separator = Self.separator(format)
      try file.append(
        format == .jsonl
          ? RowJSON.object(zip(columns, cells))
          : cells.map { DelimitedWriter.text($0, separator) }.joined(separator: separator))
    case .database(let database, let stage, let insert):
      try Database.naming(stage.path) { try database.run(insert, cells.map(Database.Value.init)) }
    }
  }

  /// Ends the file validly.
  func finish() throws {
    switch sink {
    case .lines(let file): try file.close()
    case .database(let database, let stage, _):
      try Database.naming(stage.path) { try database.close() }
      try stage.commit()
    }
  }

  private static func separator(_ format: Format) -> String { format == .tsv ? "\t" : "," }
}
