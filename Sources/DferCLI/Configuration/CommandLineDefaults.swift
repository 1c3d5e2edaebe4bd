import Foundation

/// The command line with the defaults of the configuration file in it.
enum CommandLineDefaults {
  /// Commands that show or check the configuration themselves, and so must run when it is wrong.
  private static let exempt: Set<String> = ["config", "doctor", "demo", "manual"]

  /// Puts the file's options behind the command's name, where everything that was typed comes after them and so wins.
  ///
  /// - Parameter arguments: without the program's name. `--config FILE` may stand anywhere before `--`.
  /// - Throws: `ConfigError`.
  static func applied(
    to arguments: [String], environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> [String] {
    let tree = CommandTree.dfer
    if let command = tree.command(in: arguments), exempt.contains(command.name) { return arguments }
    let (rest, named) = try takingConfig(from: arguments)
    // A child of `dfer batch` has all its options from its parent.
    guard let command = tree.command(in: rest), !rest.contains("--parent") else { return rest }
    guard let file = try file(named: named, environment: environment) else { return rest }
    let (name, own) = (rest.prefix(command.words), Array(rest.dropFirst(command.words)))
    return name + file.arguments(for: command.name, tree: tree, typed: own) + own
  }

  /// Where the configuration file has the option that a message is about; nil when it was typed, or is not there.
  static func place(ofOptionIn message: String, typed arguments: [String]) -> String? {
    guard let (rest, named) = try? takingConfig(from: arguments), let command = CommandTree.dfer.command(in: rest),
      !exempt.contains(command.name), let file = try? file(named: named)
    else { return nil }
    return file.entries.first { entry in
      let option = "--" + entry.option
      return (entry.command == command.name || entry.command == ConfigFile.everywhere)
        && message.split(whereSeparator: { !($0.isLetter || $0.isNumber || "-./_".contains($0)) }).contains {
          $0 == option || entry.holds($0)
        }
        && !rest.contains { $0 == option || $0.hasPrefix(option + "=") }
    }.map { "\(file.path), line \($0.line)" }
  }

  /// The file that holds now; nil when there is none.
  static func file(
    named: String?, environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> ConfigFile? {
    let asked = named ?? environment["DFER_CONFIG"].flatMap { $0.isEmpty ? nil : $0 }
    if asked == "none" { return nil }
    guard let path = asked ?? ConfigFile.defaultPath(environment: environment) else { return nil }
    // What was asked for by name must be there.
    guard asked != nil || FileManager.default.fileExists(atPath: path) else { return nil }
    return try ConfigFile(contentsOf: path, tree: .dfer)
  }

  private static func takingConfig(from arguments: [String]) throws -> (rest: [String], path: String?) {
    var (rest, path): ([String], String?) = ([], nil)
    var index = 0
    while index < arguments.count {
      let argument = arguments[index]
      if argument == "--" { return (rest + arguments[index...], path) }
      if argument == "--config" {
        guard index + 1 < arguments.count else {
          throw ConfigError(path: "--config", line: nil, reason: "needs a file, or the word none")
        }
        path = arguments[index + 1]
        index += 1
      } else if argument.hasPrefix("--config=") {
        path = String(argument.dropFirst("--config=".count))
      } else {
        rest.append(argument)
      }
      index += 1
    }
    return (rest, path)
  }
}
