/// A checkpoint that PyTorch saved (`.pth`, `.pt`, `.bin`): a zip archive of a pickle and raw numbers, or the older form of
/// pickles one behind the other. It is read without running anything: see `PickleMachine`.
///
/// Opening reads the description only; numbers are read when asked for.
package struct PyTorchFile: TensorFile {
  package let path: String
  /// The key whose dictionary holds the tensors, as `model`; empty when the file is that dictionary itself.
  package let key: String
  /// Other keys whose dictionaries hold tensors, such as `model_ema` beside `model`.
  package let otherKeys: [String]

  private let body: CheckpointBody
  private let contents: PickleContents
  private let tensors: [String: Int]
  /// By key of a storage: where its numbers begin in the file.
  private let places: [String: Int]

  /// - Parameter key: the dictionary to take, with points between keys; nil: the usual ones.
  /// - Throws: `CheckpointError` with what is wrong, or with what the file asks for that no weights need.
  package init(path: String, key: String? = nil) throws {
    let body = try CheckpointBody(path: path)
    self.path = path
    self.body = body
    do {
      let start = try body.read(at: 0, count: min(body.size, 16))
      if start.starts(with: [0x50, 0x4B]) {
        (contents, places) = try Self.archive(body)
      } else if start.starts(with: Self.legacyStart) {
        (contents, places) = try PyTorchLegacy.read(body)
      } else {
        throw PickleFault("neither a zip archive nor the older form that PyTorch wrote before version 1.6")
      }
      let choice = try StateDictionary(contents, key: key)
      (self.key, otherKeys, tensors) = (choice.key, choice.otherKeys, choice.tensors)
    } catch let fault as PickleFault {
      throw CheckpointError(path: path, reason: "no checkpoint of PyTorch that can be read: \(fault.reason)")
    }
  }

  /// Whether a file begins like one of PyTorch's.
  package static func isOne(path: String) throws -> Bool {
    let body = try CheckpointBody(path: path)
    let start = try body.read(at: 0, count: min(body.size, 16))
    return start.starts(with: [0x50, 0x4B]) || start.starts(with: legacyStart)
  }

  /// Protocol 2, a long of ten bytes, PyTorch's number.
  private static let legacyStart: [UInt8] = [
    0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
  ]

  private static func archive(_ body: CheckpointBody) throws -> (PickleContents, [String: Int]) {
    let zip = try ZipDirectory(body)
    let descriptions = zip.entries.keys.filter { $0 == "data.pkl" || $0.hasSuffix("/data.pkl") }
    guard descriptions.count == 1, let name = descriptions.first, let entry = zip.entries[name] else {
      throw PickleFault("the archive has \(descriptions.count) entries data.pkl, not one")
    }
    let folder = name.dropLast("data.pkl".count)
    if zip.entries["\(folder)constants.pkl"] != nil {
      throw PickleFault("a TorchScript program; save its state_dict() instead")
    }
    if let order = zip.entries["\(folder)byteorder"],
      try body.read(at: zip.start(of: order), count: min(order.size, 16)) != Array("little".utf8)
    {
      throw PickleFault("its numbers are big-endian")
    }
    guard entry.size <= PickleMachine.limit else {
      throw PickleFault("its description of the tensors is longer than \(PickleMachine.limit >> 20) MB")
    }
    let contents = try PickleMachine.read(try body.read(at: zip.start(of: entry), count: entry.size)[...])
    var places: [String: Int] = [:]
    for storage in contents.storages where places[storage.key] == nil {
      guard let numbers = zip.entries["\(folder)data/\(storage.key)"] else {
        throw PickleFault("the archive lacks data/\(storage.key), numbers of a tensor")
      }
      places[storage.key] = try zip.start(of: numbers)
    }
    for storage in contents.storages {
      let (size, overflow) = storage.count.multipliedReportingOverflow(by: storage.format.size)
      guard !overflow, size <= zip.entries["\(folder)data/\(storage.key)"]?.size ?? 0 else {
        throw PickleFault("data/\(storage.key) is shorter than its \(storage.count) numbers")
      }
    }
    return (contents, places)
  }

  // MARK: Tensors

  package var names: [String] { tensors.keys.sorted() }

  package var count: Int {
    tensors.values.reduce(0) { sum, tensor in
      let (total, overflow) = sum.addingReportingOverflow(contents.tensors[tensor].count)
      return overflow ? .max : total
    }
  }

  package func shape(of name: String) -> [Int]? { tensors[name].map { contents.tensors[$0].shape } }

  package func dtype(of name: String) -> NumberFormat? {
    tensors[name].map { contents.storages[contents.tensors[$0].storage].format }
  }

  package func tensor(_ name: String) throws -> Tensor {
    guard let place = tensors[name] else { throw CheckpointError(path: path, reason: "there is no tensor \(name)") }
    let tensor = contents.tensors[place]
    let storage = contents.storages[tensor.storage]
    let size = storage.format.size
    let reach = PickleTensor.reach(tensor.shape, tensor.strides) ?? 0
    let start = (places[storage.key] ?? 0) + tensor.offset * size
    let numbers = Kernels.widen(try body.read(at: start, count: reach * size), storage.format)
    if tensor.isContiguous { return Tensor(numbers, shape: tensor.shape) }
    return Tensor(Self.gathered(numbers, tensor), shape: tensor.shape)
  }

  /// The numbers in the order of the shape, as of a tensor that was saved transposed.
  private static func gathered(_ numbers: [Float], _ tensor: PickleTensor) -> [Float] {
    var places = [0]
    for (size, stride) in zip(tensor.shape, tensor.strides) {
      places = places.flatMap { place in (0..<size).map { place + $0 * stride } }
    }
    return places.map { numbers[$0] }
  }
}
