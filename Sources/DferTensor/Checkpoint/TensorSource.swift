/// Where one of our parameters lives in a weight file. Layout changes are named here, never guessed from a shape.
package indirect enum TensorSource: Sendable, Hashable {
  /// The tensor of that name, as it is.
  case tensor(String)
  /// The rows of one part of a tensor that stacks `of` equal parts, as the keys of a fused query-key-value weight.
  case rows(String, part: Int, of: Int)
  /// The named tensors stacked along the first dimension, as separate query, key and value weights into a fused one.
  case stacked([String])
  /// The first of these whose tensors are all in the file, for files that come with two spellings.
  case firstOf([TensorSource])
  /// Not stored there: a bias that the other network does not have.
  case zeros

  /// Names of the tensors that this source reads.
  package var names: [String] {
    switch self {
    case .tensor(let name), .rows(let name, _, _): [name]
    case .stacked(let names): names
    case .firstOf(let sources): sources.first?.names ?? []
    case .zeros: []
    }
  }

  /// Picks the spelling that `file` has; the first one when it has none, so that its name can be reported.
  package func resolved(in file: some TensorFile) -> TensorSource {
    guard case .firstOf(let sources) = self else { return self }
    let known = sources.map { $0.resolved(in: file) }
    return known.first { $0.names.allSatisfy(file.contains) } ?? known.first ?? .zeros
  }
}

extension ParameterStore {
  /// Fills every declared parameter from `file`.
  ///
  /// - Parameters:
  ///   - map: tells for each of our parameter names where it lives; by default under the same name.
  ///   - ignoring: true for tensors of the file that may be left unread.
  /// - Throws: one `CheckpointError` that lists everything missing, left over, of another shape or not finite. The store is then
  ///   unchanged.
  package mutating func load(
    _ file: some TensorFile, from map: (_ parameter: String) -> TensorSource = { .tensor($0) },
    ignoring: (_ tensor: String) -> Bool = { _ in false }
  ) throws {
    var unread = Set(file.names.filter { !ignoring($0) })
    var faults: [String] = []
    var loaded: [(Parameter, Tensor)] = []
    for parameter in parameters {
      let name = name(of: parameter)
      let source = map(name).resolved(in: file)
      unread.subtract(source.names)
      let missing = source.names.filter { !file.contains($0) }
      guard missing.isEmpty else {
        faults += missing.map { $0 == name ? "\(name) is missing" : "\(name): tensor \($0) is missing" }
        continue
      }
      let expected = self[parameter].shape
      let found = source.shape(in: file)
      guard found == expected || source == .zeros else {
        faults.append("\(name): expected shape \(expected), found \(found.map { "\($0)" } ?? "parts that do not fit")")
        continue
      }
      // After the first fault nothing will be kept, so only the names and shapes are still looked at.
      guard faults.isEmpty else { continue }
      let tensor = try source.read(file, shape: expected)
      // A sum of zeros, unless one of the numbers is none: quicker than to ask each.
      guard tensor.values.reduce(Float(0), { $0 + $1 * 0 }) == 0 else {
        faults.append("\(name): holds numbers that are not finite")
        continue
      }
      loaded.append((parameter, tensor))
    }
    faults += unread.sorted().map { "tensor \($0) has no place in this model" }
    guard faults.isEmpty else { throw CheckpointError(path: file.path, reasons: faults) }
    for (parameter, tensor) in loaded { self[parameter] = tensor }
  }
}

extension TensorSource {
  /// Shape of what will be read; nil when the parts do not fit together. All names must be in the file.
  package func shape(in file: some TensorFile) -> [Int]? {
    switch self {
    case .tensor(let name): return file.shape(of: name)
    case .rows(let name, _, let parts):
      guard let shape = file.shape(of: name), let rows = shape.first, rows.isMultiple(of: parts) else { return nil }
      return [rows / parts] + shape.dropFirst()
    case .stacked(let names):
      let shapes = names.compactMap { file.shape(of: $0) }
      guard let first = shapes.first, !first.isEmpty else { return nil }
      guard shapes.allSatisfy({ !$0.isEmpty && $0.dropFirst() == first.dropFirst() }) else { return nil }
      return [shapes.reduce(0) { $0 + $1[0] }] + first.dropFirst()
    case .firstOf, .zeros: return nil
    }
  }

  fileprivate func read(_ file: some TensorFile, shape: [Int]) throws -> Tensor {
    switch self {
    case .tensor(let name): return try file.tensor(name)
    case .rows(let name, let part, _):
      let count = shape.reduce(1, *)
      return Tensor(Array(try file.tensor(name).values[part * count..<(part + 1) * count]), shape: shape)
    case .stacked(let names): return Tensor(try names.flatMap { try file.tensor($0).values }, shape: shape)
    case .firstOf, .zeros: return Tensor(zeros: shape)
    }
  }
}
