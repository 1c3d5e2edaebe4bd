import CSQLite

/// An SQLite database that is being made. Owns the connection and its statements.
@safe final class Database {
  enum Value {
    case null
    case integer(Int)
    case real(Double)
    case text(String)
  }

  /// What SQLite said, and whether it was for want of room.
  struct Failure: Error {
    let reason: String
    let isFull: Bool
  }

  private var connection: OpaquePointer?
  private var statements: [String: OpaquePointer] = unsafe [:]

  /// Makes the file, for one writer that starts again from nothing if it fails: no journal is kept.
  init(path: String) throws {
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
    let code = unsafe sqlite3_open_v2(path, &connection, flags, nil)
    guard code == SQLITE_OK else { throw failure(code) }
    try run("PRAGMA journal_mode=OFF")
    try run("PRAGMA synchronous=OFF")
    try run("BEGIN")
  }

  /// Runs a statement without results; it is prepared once and bound anew each time.
  func run(_ sql: String, _ values: [Value] = []) throws {
    let statement = try unsafe statement(sql)
    for (index, value) in values.enumerated() {
      let place = Int32(index + 1)
      let code =
        switch value {
        case .null: unsafe sqlite3_bind_null(statement, place)
        case .integer(let value): unsafe sqlite3_bind_int64(statement, place, Int64(value))
        case .real(let value): unsafe sqlite3_bind_double(statement, place, value)
        case .text(let value): unsafe dfer_sqlite_bind_text(statement, place, value)
        }
      guard code == SQLITE_OK else { throw failure(code) }
    }
    let code = unsafe sqlite3_step(statement)
    unsafe sqlite3_reset(statement)
    guard code == SQLITE_DONE || code == SQLITE_ROW else { throw failure(code) }
  }

  /// Ends the transaction and closes the file.
  func close() throws {
    try run("COMMIT")
    release()
  }

  private func statement(_ sql: String) throws -> OpaquePointer? {
    if let known = unsafe statements[sql] { return unsafe known }
    var statement: OpaquePointer?
    let code = unsafe sqlite3_prepare_v2(connection, sql, -1, &statement, nil)
    guard code == SQLITE_OK else { throw failure(code) }
    unsafe statements[sql] = statement
    return unsafe statement
  }

  private func failure(_ code: Int32) -> Failure {
    let text = unsafe sqlite3_errmsg(connection).map { unsafe String(cString: $0) }
    return Failure(reason: "SQLite: \(text ?? "error \(code)")", isFull: code & 0xFF == SQLITE_FULL)
  }

  private func release() {
    unsafe statements.values.forEach { unsafe sqlite3_finalize($0) }
    unsafe statements = [:]
    unsafe sqlite3_close(connection)
    unsafe connection = nil
  }

  deinit { release() }
}
