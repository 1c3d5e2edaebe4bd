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

  private var entries: Ring<Entry>

  init(capacity: Int) { entries = Ring(capacity: capacity) }

  /// Number of the next event; numbers start at 1.
  var next: Int { entries.total + 1 }

  mutating func add(_ name: String, _ data: String) { entries.add(Entry(id: next, name: name, data: data)) }

  /// At most `limit` events that come after number `id`, oldest first, and how many between were forgotten.
  func after(_ id: Int, limit: Int) -> (entries: [Entry], missed: Int) {
    let first = next - entries.count
    // A number from the future belongs to an earlier run of the program: begin anew.
    let wanted = id >= next ? first : max(first, id + 1)
    let missed = id >= next || id < 0 ? 0 : max(0, first - (id + 1))
    let count = min(limit, next - wanted)
    guard count > 0 else { return ([], missed) }
    return ((0..<count).map { entries[wanted - first + $0] }, missed)
  }
}

/// The newest elements of a sequence without an end, by age.
struct Ring<Element: Sendable>: Sendable {
  private let capacity: Int
  private var elements: [Element] = []
  /// Place of the oldest element, once all places are taken.
  private var oldest = 0
  /// How many have been added.
  private(set) var total = 0

  init(capacity: Int) {
    precondition(capacity > 0, "Ring: capacity \(capacity)")
    self.capacity = capacity
  }

  var count: Int { elements.count }
  var all: [Element] { Array(elements[oldest...] + elements[..<oldest]) }

  /// 0 is the oldest.
  subscript(index: Int) -> Element { elements[(oldest + index) % elements.count] }

  mutating func add(_ element: Element) {
    total += 1
    if elements.count < capacity {
      elements.append(element)
    } else {
      elements[oldest] = element
      oldest = (oldest + 1) % capacity
    }
  }
}
