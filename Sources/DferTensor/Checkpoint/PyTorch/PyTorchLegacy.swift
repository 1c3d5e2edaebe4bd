/// The form of checkpoints before PyTorch 1.6: pickles of a magic number, a version, facts about the machine, the object
/// and the keys of its storages, then for each key a count of numbers and the numbers.
enum PyTorchLegacy {
  static func read(_ body: CheckpointBody) throws -> (PickleContents, [String: Int]) {
    let head = try body.read(at: 0, count: min(body.size, 2 * PickleMachine.limit))
    var position = 0
    func next() throws(PickleFault) -> PickleContents {
      let contents = try PickleMachine.read(head[position...])
      position += contents.length
      return contents
    }
    _ = try next()
    guard try next().root == .integer(1001) else { throw PickleFault("another version of the older form than 1001") }
    _ = try next()
    let contents = try next()
    let list = try next()
    guard let keys = list.elements(list.root) else { throw PickleFault("the list of its storages is none") }
    var storages: [String: PickleStorage] = [:]
    for storage in contents.storages {
      if let known = storages[storage.key], known != storage {
        throw PickleFault("storage \(storage.key) is described twice, and differently")
      }
      storages[storage.key] = storage
    }
    var places: [String: Int] = [:]
    for key in keys {
      guard case .text(let key) = key, let storage = storages[key], places[key] == nil else {
        throw PickleFault("the list of its storages names one that no tensor has, or one twice")
      }
      guard position <= body.size - 8 else { throw cutOff }
      let count = LittleEndianBytes(try body.read(at: position, count: 8)).uint64(0)
      guard count == storage.count else {
        throw PickleFault("storage \(key) does not have its \(storage.count) numbers")
      }
      let (size, overflow) = storage.count.multipliedReportingOverflow(by: storage.format.size)
      guard !overflow, size <= body.size - position - 8 else { throw cutOff }
      places[key] = position + 8
      position += 8 + size
    }
    if let missing = storages.keys.first(where: { places[$0] == nil }) {
      throw PickleFault("the numbers of storage \(missing) are not in the file")
    }
    return (contents, places)
  }

  private static let cutOff = PickleFault("it ends in the middle of its numbers: the file is cut off")
}
