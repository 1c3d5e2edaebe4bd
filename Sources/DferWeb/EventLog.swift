/// The newest events of a run, numbered, for any number of readers.
///
/// Readers keep a number, not a queue: a slow one costs nothing, and one that falls behind the oldest event is told how
/// many it has missed.
struct EventLog: Sendable {
  struct Entry: Sendable {
    let id: Int
    let name: String
    /// One line of JSON.
    let data: String
  }

  let capacity: Int
  /// Number of the next event; numbers start at 1.
  private(set) var next = 1
  private var entries: [Entry] = []
  /// Place of the oldest entry in `entries`, once it is full.
  private var oldest = 0

  init(capacity: Int) {
    precondition(capacity > 0, "EventLog: capacity \(capacity)")
    self.capacity = capacity
  }

  mutating func add(_ name: String, _ data: String) {
    let entry = Entry(id: next, name: name, data: data)
    next += 1
    if entries.count < capacity {
      entries.append(entry)
    } else {
      entries[oldest] = entry
      oldest = (oldest + 1) % capacity
    }
  }

  /// At most `limit` events that come after number `id`, oldest first, and how many between were forgotten.
  func after(_ id: Int, limit: Int) -> (entries: [Entry], missed: Int) {
    let first = next - entries.count
    // A number from the future belongs to an earlier run of the program: begin anew.
    let wanted = id >= next ? first : max(first, id + 1)
    let missed = id >= next || id < 0 ? 0 : max(0, first - (id + 1))
    let count = min(limit, next - wanted)
    guard count > 0 else { return ([], missed) }
    return ((0..<count).map { entries[(oldest + wanted - first + $0) % entries.count] }, missed)
  }
}

/// The newest lines of a table.
struct LineTail: Sendable {
  let capacity: Int
  private var lines: [String] = []
  private var oldest = 0
  private(set) var total = 0

  init(capacity: Int) { self.capacity = capacity }

  mutating func add(_ line: String) {
    total += 1
    if lines.count < capacity {
      lines.append(line)
    } else {
      lines[oldest] = line
      oldest = (oldest + 1) % capacity
    }
  }

  var all: [String] { Array(lines[oldest...] + lines[..<oldest]) }
}
