import ArgumentParser
import Dfer

/// Prints the manual page, made of what `--help` says; `make install` puts it in its place.
struct Manual: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the manual page, as roff.", shouldDisplay: false)

  func run() throws { print(Self.page) }

  static var page: String {
    let root = DferCommand.configuration
    var sections: [String] = []
    for command in DferCommand.commands {
      let help = DferCommand.helpMessage(for: command.type, columns: 76)
      sections.append(".SH \(command.name.uppercased())\n" + verbatim(help))
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
      The run manifest, next to the first output.
      .TP
      .I $DFER_HOME/Pipelines
      Pipelines and weights, searched before the installed ones.
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
