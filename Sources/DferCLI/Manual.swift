import ArgumentParser
import Dfer

/// Prints the manual page, made of what `--help` says; `make install` puts it in its place.
struct Manual: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the manual page, as roff.", shouldDisplay: false)

  func run() throws { print(Self.page) }

  static var page: String {
    let root = DferCommand.configuration
    let commands = root.subcommands.filter { $0.configuration.shouldDisplay }
    let sections = commands.map { command in
      ".SH \(command._commandName.uppercased())\n" + verbatim(DferCommand.helpMessage(for: command, columns: 76))
    }
    return """
      .TH DFER 1 "" "dfer \(Installation.version)" "User Commands"
      .SH NAME
      dfer \\- \(escaped(root.abstract))
      .SH SYNOPSIS
      .B dfer
      .I command
      [options]
      .SH DESCRIPTION
      \(verbatim(root.discussion))
      \(sections.joined(separator: "\n"))
      .SH FILES
      .TP
      .I NAME.run.json
      The facts of a run, beside its first output.
      .TP
      .I $DFER_HOME/Pipelines
      Pipelines and weights, before those beside the program.
      """
  }

  private static func verbatim(_ text: String) -> String { ".nf\n\(escaped(text))\n.fi" }

  /// Text for roff: no escapes, and no line that looks like a request.
  private static func escaped(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      let safe = line.replacing("\\", with: "\\e").replacing("-", with: "\\-")
      return safe.hasPrefix(".") || safe.hasPrefix("'") ? "\\&" + safe : String(safe)
    }.joined(separator: "\n")
  }
}
