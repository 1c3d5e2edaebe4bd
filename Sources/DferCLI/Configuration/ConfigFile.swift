import Dfer
import Foundation
import Yams

/// Defaults of options that a person keeps in a file: sections are commands, keys are options without their dashes.
///
/// ```yaml
/// all:
///   threads: 4
/// watch:
///   pipeline: mtcae-dfer
///   max-faces: 2
/// ```
struct ConfigFile {
  struct Entry: Hashable {
    var command: String
    var option: String
    /// Empty for a flag.
    var values: [String]
    var line: Int

    /// Whether a word of a message is its value: some messages name that alone.
    func holds(_ word: Substring) -> Bool { word.count > 2 && Double(word) == nil && values.contains { $0 == word } }
  }

  var path: String
  var entries: [Entry] = []

  /// Section of options that apply to every command that has them.
  static let everywhere = "all"

  /// The file that is read when nobody names another: `$DFER_CONFIG`, else `dfer/config.yaml` in `$XDG_CONFIG_HOME` or
  /// `~/.config`. Nil: none is wanted (`none`).
  static func defaultPath(environment: [String: String] = ProcessInfo.processInfo.environment) -> String? {
    if let named = environment["DFER_CONFIG"], !named.isEmpty { return named == "none" ? nil : named }
    if let folder = environment["XDG_CONFIG_HOME"], folder.hasPrefix("/") { return folder + "/dfer/config.yaml" }
    return environment["HOME"].flatMap { $0.isEmpty ? nil : $0 + "/.config/dfer/config.yaml" }
  }

  /// Reads and checks a file against the options that the commands have.
  init(contentsOf path: String, tree: CommandTree) throws {
    self.path = path
    let text: String
    do { text = try String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8) } catch {
      throw ConfigError(path: path, line: nil, reason: "cannot be read: \(error.localizedDescription)")
    }
    let node: Node?
    do { node = try Yams.compose(yaml: text) } catch {
      throw ConfigError(path: path, line: nil, reason: "not YAML: \(error)")
    }
    guard let node, node.null == nil else { return }
    guard let sections = node.mapping else {
      throw ConfigError(path: path, line: 1, reason: "must be sections of options")
    }
    for (key, section) in sections {
      let command = key.string ?? ""
      let line = key.mark?.line ?? 0
      let names = tree.commands + [Self.everywhere]
      guard names.contains(command) else {
        throw ConfigError(path: path, line: line, reason: "no command '\(command)'" + Self.hint(command, among: names))
      }
      if section.null != nil { continue }
      guard let options = section.mapping else {
        throw ConfigError(path: path, line: line, reason: "'\(command)' must hold options, as in \"threads: 4\"")
      }
      for (key, value) in options { entries += try entry(command, key, value, tree) }
    }
  }

  private func entry(_ command: String, _ key: Node, _ value: Node, _ tree: CommandTree) throws -> [Entry] {
    let name = key.string ?? ""
    let line = key.mark?.line ?? 0
    func wrong(_ reason: String) -> ConfigError { ConfigError(path: path, line: line, reason: reason) }
    let known = tree.options(of: command == Self.everywhere ? nil : command)
    guard let option = known[name] else {
      let whose = command == Self.everywhere ? "no command has" : "dfer \(command) has no"
      throw wrong("\(whose) option '\(name)'" + Self.hint(name, among: known.keys.sorted()))
    }
    if option.isFlag {
      guard let isOn = value.bool else { throw wrong("'\(name)' must be true or false") }
      return isOn ? [Entry(command: command, option: name, values: [], line: line)] : []
    }
    guard value.null == nil else { throw wrong("'\(name)' must have a value") }
    let values = value.sequence.map { $0.compactMap(\.string) } ?? value.string.map { [$0] } ?? []
    guard !values.isEmpty, value.sequence.map({ $0.count == values.count }) ?? true else {
      throw wrong("'\(name)' must have a value")
    }
    guard values.count == 1 || option.isRepeating else { throw wrong("'\(name)' must have one value") }
    return [Entry(command: command, option: name, values: values, line: line)]
  }

  /// Options for a command, as if they had been typed first. Lists that the command line gives replace the file's.
  func arguments(for command: String, tree: CommandTree, typed: [String]) -> [String] {
    let own = Set(entries.filter { $0.command == command }.map(\.option))
    let options = tree.options(of: command)
    let used = entries.filter { $0.command == command || $0.command == Self.everywhere && !own.contains($0.option) }
    return used.flatMap { entry -> [String] in
      guard let option = options[entry.option] else { return [] }
      if entry.values.isEmpty { return ["--" + entry.option] }
      if option.isRepeating, option.isNamed(in: typed) { return [] }
      return entry.values.map { "--\(entry.option)=\($0)" }
    }
  }

  private static func hint(_ name: String, among names: [String]) -> String {
    nearestName(to: name, among: names).map { " (did you mean '\($0)'?)" } ?? ""
  }
}

/// Why a configuration file could not be used.
struct ConfigError: Error, CustomStringConvertible, Hashable {
  var path: String
  var line: Int?
  var reason: String

  var description: String { "\(path):\(line.map { "\($0):" } ?? "") \(reason)" }
}
