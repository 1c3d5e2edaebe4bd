import ArgumentParser
import Foundation

/// The commands with their options, as the argument parser knows them.
struct CommandTree {
  struct Option {
    var isFlag: Bool
    var isRepeating: Bool
    var short: [String]
    var long: [String]

    /// Whether one of its names stands in a command line.
    func isNamed(in arguments: [String]) -> Bool {
      arguments.prefix { $0 != "--" }.contains { argument in
        long.contains { argument == "--" + $0 || argument.hasPrefix("--\($0)=") }
          || short.contains { argument.hasPrefix("-" + $0) && !argument.hasPrefix("--") }
      }
    }
  }

  /// Options by long name, by command; commands of commands have both names: `train detector`.
  private var table: [String: [String: Option]] = [:]

  var commands: [String] { table.keys.sorted() }

  static let dfer = CommandTree(of: DferCommand.self)

  init(of root: any ParsableCommand.Type) {
    guard let description = try? JSONDecoder().decode(Description.self, from: Data(root._dumpHelp().utf8)) else {
      return
    }
    for command in description.command.subcommands ?? [] { add(command, path: []) }
  }

  /// Options of a command; nil: of any.
  func options(of command: String?) -> [String: Option] {
    if let command { return table[command] ?? [:] }
    return table.values.reduce(into: [:]) { $0.merge($1) { first, _ in first } }
  }

  /// The command that a command line names, and how many words name it.
  func command(in arguments: [String]) -> (name: String, words: Int)? {
    var found: (String, Int)?
    for count in 1...3 where count <= arguments.count {
      let name = arguments.prefix(count).joined(separator: " ")
      if table[name] != nil { found = (name, count) }
    }
    return found
  }

  private mutating func add(_ command: Description.Command, path: [String]) {
    let path = path + [command.commandName]
    let name = path.joined(separator: " ")
    guard name != "help" else { return }
    table[name] = [:]
    for argument in command.arguments ?? [] where argument.kind != "positional" {
      let long = (argument.names ?? []).filter { $0.kind != "short" }.map(\.name)
      let option = Option(
        isFlag: argument.kind == "flag", isRepeating: argument.isRepeating,
        short: (argument.names ?? []).filter { $0.kind == "short" }.map(\.name), long: long)
      for word in long where !["help", "version"].contains(word) { table[name, default: [:]][word] = option }
    }
    for child in command.subcommands ?? [] { add(child, path: path) }
  }

  /// What the parser says of itself.
  private struct Description: Decodable {
    struct Command: Decodable {
      var commandName: String
      var subcommands: [Command]?
      var arguments: [Argument]?
    }
    struct Argument: Decodable {
      var kind: String
      var isRepeating: Bool
      var names: [Name]?
    }
    struct Name: Decodable {
      var kind: String
      var name: String
    }
    var command: Command
  }
}
