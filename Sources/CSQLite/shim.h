// What Swift cannot import from SQLite: a macro that casts -1 to a function pointer.
#pragma once
#include <sqlite3.h>

/// Binds a copy of `text`, which ends with a zero byte.
static inline int dfer_sqlite_bind_text(sqlite3_stmt *statement, int place, const char *text) {
  return sqlite3_bind_text(statement, place, text, -1, SQLITE_TRANSIENT);
}
