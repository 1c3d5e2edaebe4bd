import Foundation

extension Database.Value {
  init(_ cell: RowLayout.Cell) {
    self =
      switch cell {
      case .empty: .null
      case .integer(let value): .integer(value)
      case .decimal(let value, let places): .real(rounded: value, places: places)
      case .text(let value): .text(value)
      }
  }

  /// Rounded as in the CSV, so that both hold the same numbers.
  static func real(rounded value: Double, places: Int = 6) -> Database.Value {
    Double(fixedDecimal(value, places: places)).map { .real($0) } ?? .null
  }
}

extension Database {
  /// SQLite's failures under the name of the file.
  static func naming<T>(_ path: String, _ body: () throws -> T) throws -> T {
    do { return try body() } catch let failure as Database.Failure {
      throw failure.isFull
        ? OutputError.diskFull(path: path, keepsRows: false)
        : OutputError.notWritable(path: path, reason: failure.reason)
    }
  }
}
