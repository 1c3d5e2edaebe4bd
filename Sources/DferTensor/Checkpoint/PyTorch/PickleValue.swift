/// One value of a pickle. Lists, tuples and dictionaries are numbers of places in `PickleContents`, so that values which
/// contain each other, or are nested a million deep, cost nothing to copy and nothing to let go of.
enum PickleValue: Sendable, Equatable {
  case none
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case text(String)
  case list(Int)
  case tuple(Int)
  case dictionary(Int)
  /// A class or function that the machine knows, as `torch.FloatStorage`.
  case name(String)
  case storage(Int)
  case tensor(Int)
  /// Something that holds no tensors and that nobody asks about: bytes, a device, a namespace of training options.
  case inert
}

/// Numbers of a checkpoint that tensors share: a name inside the file, how many there are, and of which format.
struct PickleStorage: Sendable, Equatable {
  let key: String
  let count: Int
  let format: NumberFormat
}

/// A tensor as a pickle describes it: a view of a storage. All sums are checked: it lies inside its storage.
struct PickleTensor: Sendable, Equatable {
  let storage: Int
  let offset: Int
  let shape, strides: [Int]

  var count: Int { shape.reduce(1, *) }

  /// Numbers of the storage from `offset` on that the tensor may read; nil when that is beyond any memory.
  static func reach(_ shape: [Int], _ strides: [Int]) -> Int? {
    guard shape.count == strides.count, shape.count <= 16 else { return nil }
    guard shape.allSatisfy({ $0 >= 0 }), strides.allSatisfy({ $0 >= 0 }) else { return nil }
    if shape.contains(0) { return 0 }
    var reach = 1
    for (size, stride) in zip(shape, strides) {
      let (step, tooFar) = (size - 1).multipliedReportingOverflow(by: stride)
      let (sum, tooLarge) = reach.addingReportingOverflow(step)
      guard !tooFar, !tooLarge else { return nil }
      reach = sum
    }
    return reach
  }

  /// The product of the sizes; nil when it leaves the range of `Int`.
  static func count(_ shape: [Int]) -> Int? {
    var count = 1
    for size in shape where size != 0 {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      guard !overflow else { return nil }
      count = product
    }
    return shape.contains(0) ? 0 : count
  }

  /// Whether the numbers lie one behind the other in the order of the shape.
  var isContiguous: Bool {
    var expected = 1
    for (size, stride) in zip(shape, strides).reversed() where size != 1 {
      if stride != expected { return false }
      expected *= size
    }
    return true
  }
}

/// What a pickle holds, in flat tables.
struct PickleContents: Sendable {
  var lists: [[PickleValue]] = []
  var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []
  var storages: [PickleStorage] = []
  var tensors: [PickleTensor] = []
  var root = PickleValue.none
  /// Bytes of the stream up to and including its end mark.
  var length = 0

  func elements(_ value: PickleValue) -> [PickleValue]? {
    switch value {
    case .list(let place), .tuple(let place): lists[place]
    default: nil
    }
  }

  /// A list of whole numbers, such as a shape.
  func integers(_ value: PickleValue) -> [Int]? {
    guard let elements = elements(value) else { return nil }
    var numbers: [Int] = []
    for element in elements {
      guard case .integer(let number) = element else { return nil }
      numbers.append(number)
    }
    return numbers
  }
}

/// Why a pickle was refused.
struct PickleFault: Error {
  let reason: String
  init(_ reason: String) { self.reason = reason }
}
