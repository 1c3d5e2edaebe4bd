import Yams

/// One mapping of a YAML file, with its keys checked on entry.
package struct YAMLFields {
  private let mapping: Node.Mapping
  private let prefix: String
  private let path: String

  /// The whole of a file.
  package init(_ text: String, path: String, keys: [String]) throws {
    let node: Node?
    do { node = try Yams.compose(yaml: text) } catch let error as YamlError {
      throw PipelineError.unreadable(path: path, reason: "\(error)".split(separator: "\n").joined(separator: " "))
    }
    guard let node else { throw PipelineError.unreadable(path: path, reason: "the file is empty") }
    try self.init(node, at: "", in: path, keys: keys)
  }

  private init(_ node: Node, at prefix: String, in path: String, keys: [String]) throws {
    guard let mapping = node.mapping else {
      throw PipelineError.wrongValue(
        path: path, line: node.mark?.line ?? 1, key: prefix.isEmpty ? "the file" : prefix, expected: "a mapping of keys"
      )
    }
    self.mapping = mapping
    self.prefix = prefix
    self.path = path
    for (key, _) in mapping where !keys.contains(key.string ?? "") {
      let name = key.string ?? "?"
      throw PipelineError.unknownKey(
        path: path, line: key.mark?.line ?? 0, key: name, nearest: nearestName(to: name, among: keys))
    }
  }

  package func has(_ key: String) -> Bool { mapping[Node(key)] != nil }
  package func line(of key: String) -> Int { mapping[Node(key)]?.mark?.line ?? 1 }

  package func fields(_ key: String, keys: [String]) throws -> YAMLFields {
    guard let node = mapping[Node(key)] else { throw PipelineError.missingKey(path: path, key: prefix + key) }
    return try YAMLFields(node, at: prefix + key + ".", in: path, keys: keys)
  }

  /// The mappings of a list.
  package func list(_ key: String, keys: [String]) throws -> [YAMLFields] {
    guard let node = mapping[Node(key)] else { throw PipelineError.missingKey(path: path, key: prefix + key) }
    guard let items = node.sequence else { throw wrong(key, "a list") }
    return try items.map { try YAMLFields($0, at: prefix + key + ".", in: path, keys: keys) }
  }

  /// One text, or a list of texts; empty without the key. Numbers are texts too.
  package func texts(_ key: String) throws -> [String] { try mapping[Node(key)].map { try texts($0, key) } ?? [] }

  /// A mapping of any keys to texts or lists of texts; empty without the key.
  package func tableOfTexts(_ key: String) throws -> [(key: String, values: [String])] {
    guard let node = mapping[Node(key)] else { return [] }
    guard let table = node.mapping else { throw wrong(key, "a mapping, as {person: odd}") }
    return try table.map { ($0.scalar?.string ?? "", try texts($1, key)) }
  }

  private func texts(_ node: Node, _ key: String) throws -> [String] {
    if let text = node.scalar?.string { return [text] }
    let items = node.sequence?.compactMap { $0.scalar?.string } ?? []
    guard !items.isEmpty, items.count == node.sequence?.count else { throw wrong(key, "text, or a list of texts") }
    return items
  }

  package func text(_ key: String) throws -> String? {
    guard let node = mapping[Node(key)] else { return nil }
    guard let text = node.scalar?.string else { throw wrong(key, "text") }
    return text
  }

  package func required(_ key: String) throws -> String {
    guard let text = try text(key), !text.isEmpty else {
      throw PipelineError.missingKey(path: path, key: prefix + key)
    }
    return text
  }

  package func choice(_ key: String, of names: [String]) throws -> String? {
    guard let text = try text(key) else { return nil }
    guard names.contains(text) else {
      let nearest = nearestName(to: text, among: names).map { "; did you mean '\($0)'?" } ?? ""
      throw wrong(key, "one of \(names.joined(separator: ", "))\(nearest)")
    }
    return text
  }

  package func integer(_ key: String) throws -> Int? {
    guard has(key) else { return nil }
    // Not YAML's own whole numbers, which may have the form of clocks (1:30:00) and overflow.
    guard let value = mapping[Node(key)]?.scalar.flatMap({ Int($0.string) }) else { throw wrong(key, "a whole number") }
    return value
  }

  package func number(_ key: String, in range: ClosedRange<Double>) throws -> Double? {
    guard let node = mapping[Node(key)] else { return nil }
    guard let value = node.scalar.flatMap({ Double($0.string) }), range.contains(value) else {
      throw wrong(key, "a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  package func set(_ value: inout Double, _ key: String, in range: ClosedRange<Double>) throws {
    if let number = try number(key, in: range) { value = number }
  }

  package func set(_ value: inout Int, _ key: String, in range: ClosedRange<Int>) throws {
    guard let number = try integer(key) else { return }
    guard range.contains(number) else {
      throw wrong(key, "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    value = number
  }

  package func missing(_ key: String) -> PipelineError { .missingKey(path: path, key: prefix + key) }

  package func wrong(_ key: String, _ expected: String) -> PipelineError {
    .wrongValue(path: path, line: line(of: key), key: prefix + key, expected: expected)
  }
}
