import ArgumentParser
import Foundation

struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config",
    abstract: "Show the defaults of your configuration file.",
    discussion: """
        dfer config                                the file in use, and what it sets
        dfer config --template > ~/.config/dfer/config.yaml
        dfer watch talk.mp4 --config other.yaml    another file; 'none' reads none

      The file is $DFER_CONFIG, or dfer/config.yaml in $XDG_CONFIG_HOME or ~/.config. Its sections are commands, its keys \
      options without dashes. Options on the command line override it.
      """)

  @Option(help: ArgumentHelp("Check and print this file.", valueName: "file"), completion: .file(extensions: ["yaml"]))
  var config: String?

  @Flag(help: "Print a template.")
  var template = false

  func run() throws {
    if template { return print(Self.template) }
    guard let file = try CommandLineDefaults.file(named: config) else {
      let path = ConfigFile.defaultPath()
      print(
        "# no configuration file" + (path.map { ": \($0) does not exist" } ?? " is wanted")
          + " (dfer config --template prints one)")
      return
    }
    print("# \(file.path)")
    var command = ""
    for entry in file.entries {
      if entry.command != command { print("\(entry.command):") }
      command = entry.command
      let values = entry.values.map { "\"\($0.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\"" }
      print(
        "  \(entry.option): "
          + (values.isEmpty ? "true" : values.count == 1 ? values[0] : "[\(values.joined(separator: ", "))]"))
    }
  }

  static let template = """
    # Defaults of dfer's options. Sections are commands; keys are options without their dashes (dfer watch --help).
    # What stands on the command line wins; --config none ignores this file.

    # Options of every command that has them:
    all: {}
    #  threads: 4

    watch: {}
    #  pipeline: mtcae-dfer
    #  max-faces: 4
    #  landmarks: true

    batch: {}
    #  jobs: 2
    """
}
