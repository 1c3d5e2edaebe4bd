/// Reads a pickle without running it. Pickle is a language whose programs may call any function of Python; this machine knows
/// the words that tensors, dictionaries, lists, numbers and text need, and refuses a program that says anything else.
///
/// Each byte makes at most one value, so memory is bounded by the length of the program, which `limit` bounds.
/// Opcodes: Lib/pickletools.py of Python; what PyTorch says with them: torch/serialization.py.
struct PickleMachine {
  /// Longest program, in bytes. Checkpoints of networks of a billion numbers have less than one million.
  static let limit = 8 << 20

  private let bytes: ArraySlice<UInt8>
  private var position: Int
  private var stack: [PickleValue] = []
  private var marks: [Int] = []
  private var memo: [Int: PickleValue] = [:]
  private var contents = PickleContents()

  /// What is in the pickle that begins `bytes`.
  static func read(_ bytes: ArraySlice<UInt8>) throws(PickleFault) -> PickleContents {
    var machine = PickleMachine(bytes)
    return try machine.run()
  }

  private init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  private mutating func run() throws(PickleFault) -> PickleContents {
    while true {
      guard position - bytes.startIndex < Self.limit else {
        throw PickleFault("its description of the tensors is longer than \(Self.limit >> 20) MB")
      }
      let start = position
      let byte = try next()
      guard let opcode = PickleOpcode(rawValue: byte) else {
        throw PickleFault(
          "byte \(start - bytes.startIndex) of its pickle, \(byte), is no instruction that weights need")
      }
      if opcode == .stop { break }
      try carryOut(opcode)
    }
    contents.root = try pop()
    contents.length = position - bytes.startIndex
    return contents
  }

  private mutating func carryOut(_ opcode: PickleOpcode) throws(PickleFault) {
    switch opcode {
    case .proto: _ = try next()
    case .frame: _ = try take(8)
    case .stop: break
    case .mark: marks.append(stack.count)
    case .none: stack.append(.none)
    case .newTrue: stack.append(.bool(true))
    case .newFalse: stack.append(.bool(false))
    case .binInt: stack.append(.integer(Int(Int32(truncatingIfNeeded: try count(4)))))
    case .binInt1: stack.append(.integer(try count(1)))
    case .binInt2: stack.append(.integer(try count(2)))
    case .long1: stack.append(try long(try count(1)))
    case .long4: stack.append(try long(try count(4)))
    case .binFloat: stack.append(.number(Double(bitPattern: try take(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })))
    case .binUnicode: stack.append(try text(try count(4)))
    case .shortBinUnicode: stack.append(try text(try count(1)))
    case .binUnicode8: stack.append(try text(try count(8)))
    case .binBytes, .binString: try skip(try count(4))
    case .shortBinBytes, .shortBinString: try skip(try count(1))
    case .binBytes8, .byteArray8: try skip(try count(8))
    case .emptyList: pushList([])
    case .emptyTuple: pushTuple([])
    case .emptyDictionary: pushDictionary([])
    case .list: pushList(try popMarked())
    case .tuple: pushTuple(try popMarked())
    case .tuple1: pushTuple(try pop(1))
    case .tuple2: pushTuple(try pop(2))
    case .tuple3: pushTuple(try pop(3))
    case .dictionary: pushDictionary(try pairs(try popMarked()))
    case .append: try append(try pop(1))
    case .appends: try append(try popMarked())
    case .setItem: try set(try pop(2))
    case .setItems: try set(try popMarked())
    case .pop: _ = try pop()
    case .popMark: _ = try popMarked()
    case .duplicate: stack.append(try top())
    case .binPut: memo[try count(1)] = try top()
    case .longBinPut: memo[try count(4)] = try top()
    case .memoize: memo[memo.count] = try top()
    case .binGet: stack.append(try recall(try count(1)))
    case .longBinGet: stack.append(try recall(try count(4)))
    case .global: try name(try line(), try line())
    case .stackGlobal:
      let parts = try pop(2)
      guard case .text(let module) = parts[0], case .text(let name) = parts[1] else {
        throw PickleFault("its pickle names a class without a text")
      }
      try self.name(module, name)
    case .reduce, .newObject:
      let parts = try pop(2)
      stack.append(try call(parts[0], parts[1]))
    case .build: try build()
    case .binPersistentID: stack.append(try storage(try pop()))
    }
  }

  // MARK: What is said to be called

  private mutating func name(_ module: String, _ name: String) throws(PickleFault) {
    let full = "\(module).\(name)"
    guard PickleNames.knows(full) else { throw PickleNames.refusal(of: full) }
    stack.append(.name(full))
  }

  private mutating func call(_ function: PickleValue, _ arguments: PickleValue) throws(PickleFault) -> PickleValue {
    guard case .name(let name) = function, let call = PickleNames.calls[name],
      let arguments = contents.elements(arguments)
    else {
      throw PickleFault("its pickle calls something that is no function of tensors: refused, and nothing was run")
    }
    switch call {
    case .inert: return .inert
    case .first: return arguments.first ?? .none
    case .orderedDictionary:
      var entries: [(key: PickleValue, value: PickleValue)] = []
      for pair in arguments.first.flatMap({ contents.elements($0) }) ?? [] {
        guard let parts = contents.elements(pair), parts.count == 2 else {
          throw PickleFault("an OrderedDict is made of something else than pairs")
        }
        entries.append((parts[0], parts[1]))
      }
      contents.dictionaries.append(entries)
      return .dictionary(contents.dictionaries.count - 1)
    case .tensor: return try tensor(arguments)
    }
  }

  /// (storage, offset, shape, strides, ...)
  private mutating func tensor(_ arguments: [PickleValue]) throws(PickleFault) -> PickleValue {
    guard arguments.count >= 4, case .storage(let storage) = arguments[0], case .integer(let offset) = arguments[1],
      let shape = contents.integers(arguments[2]), let strides = contents.integers(arguments[3])
    else { throw PickleFault("a tensor is described by something else than a storage, an offset and two lists") }
    let available = contents.storages[storage].count
    guard let reach = PickleTensor.reach(shape, strides), let count = PickleTensor.count(shape), offset >= 0,
      offset <= available, reach <= available - offset
    else {
      throw PickleFault("a tensor of shape \(shape.prefix(16)) does not lie inside its storage of \(available) numbers")
    }
    // Strides of zero repeat numbers: a few bytes could ask for all memory.
    guard count <= available else {
      throw PickleFault("a tensor of shape \(shape) repeats the \(available) numbers of its storage")
    }
    contents.tensors.append(PickleTensor(storage: storage, offset: offset, shape: shape, strides: strides))
    return .tensor(contents.tensors.count - 1)
  }

  /// ("storage", class, key, device, count, ...)
  private mutating func storage(_ id: PickleValue) throws(PickleFault) -> PickleValue {
    guard let parts = contents.elements(id), parts.count >= 5, parts[0] == .text("storage"),
      case .name(let kind) = parts[1], case .text(let key) = parts[2], case .integer(let count) = parts[4], count >= 0
    else { throw PickleFault("a storage is not described as PyTorch does it") }
    guard let format = PickleNames.storages[kind] else {
      throw PickleFault("numbers of \(kind), a format that is not read here")
    }
    contents.storages.append(PickleStorage(key: key, count: count, format: format))
    return .storage(contents.storages.count - 1)
  }

  /// The state of an object. Those that are known have none that matters.
  private mutating func build() throws(PickleFault) {
    _ = try pop()
    switch try top() {
    case .inert, .tensor, .dictionary: break
    default: throw PickleFault("its pickle sets the inside of something that has none")
    }
  }

  // MARK: Lists and dictionaries

  private mutating func pushList(_ values: [PickleValue]) {
    contents.lists.append(values)
    stack.append(.list(contents.lists.count - 1))
  }

  private mutating func pushTuple(_ values: [PickleValue]) {
    contents.lists.append(values)
    stack.append(.tuple(contents.lists.count - 1))
  }

  private mutating func pushDictionary(_ entries: [(key: PickleValue, value: PickleValue)]) {
    contents.dictionaries.append(entries)
    stack.append(.dictionary(contents.dictionaries.count - 1))
  }

  private func pairs(_ values: [PickleValue]) throws(PickleFault) -> [(key: PickleValue, value: PickleValue)] {
    guard values.count.isMultiple(of: 2) else { throw PickleFault("a dictionary has a key without a value") }
    return stride(from: 0, to: values.count, by: 2).map { (values[$0], values[$0 + 1]) }
  }

  private mutating func append(_ values: [PickleValue]) throws(PickleFault) {
    guard case .list(let place) = try top() else { throw PickleFault("its pickle appends to what is no list") }
    contents.lists[place] += values
  }

  private mutating func set(_ values: [PickleValue]) throws(PickleFault) {
    guard case .dictionary(let place) = try top() else {
      throw PickleFault("its pickle sets a key of what is no dictionary")
    }
    contents.dictionaries[place] += try pairs(values)
  }

  // MARK: Stack and memo

  private func top() throws(PickleFault) -> PickleValue {
    guard let last = stack.last, stack.count > (marks.last ?? 0) else { throw Self.empty }
    return last
  }

  private mutating func pop() throws(PickleFault) -> PickleValue {
    let last = try top()
    stack.removeLast()
    return last
  }

  private mutating func pop(_ count: Int) throws(PickleFault) -> [PickleValue] {
    guard stack.count - (marks.last ?? 0) >= count else { throw Self.empty }
    let values = Array(stack.suffix(count))
    stack.removeLast(count)
    return values
  }

  private mutating func popMarked() throws(PickleFault) -> [PickleValue] {
    guard let mark = marks.popLast() else { throw Self.empty }
    let values = Array(stack[mark...])
    stack.removeSubrange(mark...)
    return values
  }

  private func recall(_ place: Int) throws(PickleFault) -> PickleValue {
    guard let value = memo[place] else { throw PickleFault("its pickle asks for value \(place), which it never kept") }
    return value
  }

  private static let empty = PickleFault("its pickle takes a value from an empty stack")

  // MARK: Bytes

  private mutating func next() throws(PickleFault) -> UInt8 {
    guard position < bytes.endIndex else { throw Self.cutOff }
    defer { position += 1 }
    return bytes[position]
  }

  private mutating func take(_ count: Int) throws(PickleFault) -> ArraySlice<UInt8> {
    guard count >= 0, count <= bytes.endIndex - position else { throw Self.cutOff }
    defer { position += count }
    return bytes[position..<position + count]
  }

  private static let cutOff = PickleFault("its pickle ends in the middle: the file is cut off, or no checkpoint")

  /// A little-endian number of so many bytes; beyond any file where eight bytes say so.
  private mutating func count(_ size: Int) throws(PickleFault) -> Int {
    let number = try take(size).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return Int(exactly: number) ?? .max
  }

  /// A whole number in two's complement; numbers beyond 64 bits, such as random states, are passed over.
  private mutating func long(_ size: Int) throws(PickleFault) -> PickleValue {
    let digits = try take(size)
    guard let last = digits.last else { return .integer(0) }
    guard digits.count <= 8 else { return .inert }
    let start: UInt64 = last & 0x80 == 0 ? 0 : .max
    return .integer(Int(Int64(bitPattern: digits.reversed().reduce(start) { $0 << 8 | UInt64($1) })))
  }

  private mutating func text(_ count: Int) throws(PickleFault) -> PickleValue {
    guard let text = String(validating: try take(count), as: UTF8.self) else {
      throw PickleFault("its pickle holds text that is not UTF-8")
    }
    return .text(text)
  }

  private mutating func skip(_ count: Int) throws(PickleFault) {
    _ = try take(count)
    stack.append(.inert)
  }

  private mutating func line() throws(PickleFault) -> String {
    var text: [UInt8] = []
    while true {
      let byte = try next()
      if byte == UInt8(ascii: "\n") { break }
      text.append(byte)
      guard text.count <= 1000 else { throw PickleFault("its pickle names a class of over 1000 letters") }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
