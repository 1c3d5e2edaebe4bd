/// Finds the dictionary of weights in a checkpoint, which often holds more: an optimiser, options, averaged weights.
struct StateDictionary {
  /// Names of the tensors, without what wrappers put in front of all of them.
  private(set) var tensors: [String: Int] = [:]
  private(set) var key = ""
  private(set) var otherKeys: [String] = []

  /// Where training programs put their weights, in the order of preference.
  private static let usualKeys = [
    "state_dict", "model", "module", "model_state_dict", "model_state", "net", "network", "weights", "model_ema", "ema",
    "state_dict_ema", "ema_state_dict",
  ]
  /// What `DataParallel`, `torch.compile` and Lightning put in front of each name.
  private static let wrappers = ["module.", "_orig_mod.", "model."]
  private static let depthLimit = 6
  private static let nameLimit = 200_000

  private let contents: PickleContents
  private var steps = 0

  /// - Parameter key: nil: the file itself if it holds tensors, else the first of the usual keys that does.
  init(_ contents: PickleContents, key wanted: String?) throws(PickleFault) {
    self.contents = contents
    var chosen = contents.root
    if let wanted {
      for part in wanted.split(separator: ".") {
        guard let next = Self.value(of: String(part), in: chosen, contents) else {
          throw PickleFault("there is no key '\(wanted)'; the keys are \(Self.keys(of: contents.root, contents))")
        }
        chosen = next
      }
      key = wanted
    } else if let found = try Self.find(contents) {
      (key, otherKeys, chosen) = found
    }
    try collect(chosen, at: "", depth: 0)
    guard !tensors.isEmpty else { throw PickleFault("key '\(key)' holds no tensors") }
    unwrap()
  }

  /// The dictionary under one of the keys that programs use, and its neighbours; nil: the file itself is the dictionary.
  private static func find(
    _ contents: PickleContents
  ) throws(PickleFault) -> (key: String, others: [String], value: PickleValue)? {
    let root = contents.root
    let keys = entries(of: root, contents).compactMap { entry -> String? in
      guard case .text(let key) = entry.key, holdsTensors(entry.value, contents) else { return nil }
      return key
    }
    // A figure beside the weights may be a tensor too, so the usual keys come before the file itself.
    let usual = usualKeys.first(where: keys.contains)
    if usual == nil && holdsTensors(root, contents) { return nil }
    guard let key = usual ?? (keys.count == 1 ? keys[0] : nil), let value = value(of: key, in: root, contents) else {
      let all = self.keys(of: root, contents)
      throw PickleFault(
        all.isEmpty ? "it holds no dictionary of tensors" : "none of its keys is a dictionary of weights: \(all)")
    }
    return (key, keys.filter { $0 != key }, value)
  }

  private mutating func collect(_ value: PickleValue, at path: String, depth: Int) throws(PickleFault) {
    // Dictionaries that contain themselves, or each other many times, have no end.
    guard depth <= Self.depthLimit else {
      throw PickleFault("its dictionaries are nested more than \(Self.depthLimit) deep")
    }
    for (key, value) in Self.entries(of: value, contents) {
      steps += 1
      guard steps <= Self.nameLimit else { throw PickleFault("it has more than \(Self.nameLimit) entries") }
      guard case .text(let name) = key else { continue }
      switch value {
      case .tensor(let place):
        guard tensors.updateValue(place, forKey: path + name) == nil else {
          throw PickleFault("tensor \(path + name) appears twice")
        }
      case .dictionary: try collect(value, at: "\(path)\(name).", depth: depth + 1)
      default: continue
      }
    }
  }

  /// Takes off what all names begin with.
  private mutating func unwrap() {
    while let wrapper = Self.wrappers.first(where: { wrapper in tensors.keys.allSatisfy { $0.hasPrefix(wrapper) } }) {
      tensors = Dictionary(uniqueKeysWithValues: tensors.map { (String($0.key.dropFirst(wrapper.count)), $0.value) })
    }
  }

  // MARK: Parts of dictionaries

  private static func entries(
    of value: PickleValue, _ contents: PickleContents
  ) -> [(key: PickleValue, value: PickleValue)] {
    guard case .dictionary(let place) = value else { return [] }
    return contents.dictionaries[place]
  }

  private static func value(of key: String, in value: PickleValue, _ contents: PickleContents) -> PickleValue? {
    entries(of: value, contents).last { $0.key == .text(key) }?.value
  }

  private static func holdsTensors(_ value: PickleValue, _ contents: PickleContents) -> Bool {
    entries(of: value, contents).contains { entry in
      guard case .tensor = entry.value, case .text = entry.key else { return false }
      return true
    }
  }

  /// For messages.
  private static func keys(of value: PickleValue, _ contents: PickleContents) -> String {
    entries(of: value, contents).prefix(20).compactMap { entry -> String? in
      guard case .text(let key) = entry.key else { return nil }
      return String(key.prefix(40))
    }.joined(separator: ", ")
  }
}
