import DferTestSupport
import Foundation
import Testing

@testable import DferCLI

/// Defaults from a configuration file: read strictly, and always weaker than the command line.
@Suite struct ConfigTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private func file(_ yaml: String) throws -> String {
    let file = scratch.file("config.yaml")
    try yaml.write(to: file, atomically: true, encoding: .utf8)
    return file.path
  }

  private func applied(_ yaml: String, _ arguments: String...) throws -> [String] {
    try CommandLineDefaults.applied(to: arguments, environment: ["DFER_CONFIG": file(yaml)])
  }

  private func refusal(_ yaml: String) throws -> String {
    let path = try file(yaml)
    do {
      _ = try ConfigFile(contentsOf: path, tree: .dfer)
      return ""
    } catch let error as ConfigError { return error.description.replacing(path, with: "config") }
  }

  /// Defaults of one's own hold where they can; a value that cannot be is named with its place.
  @Test func defaultsThatDoNotApplyAreLeftOut() throws {
    let sample = Shared.root.appendingPathComponent("Samples/no-face.mp4").path
    func run(_ yaml: String, _ arguments: String...) throws -> Tool.Result {
      try Tool.run(
        Tool.dfer, arguments, folder: scratch.url, environment: ["DFER_CONFIG": file(yaml)])
    }
    let yaml = "watch: {port: 9001, image-rate: 10, camera-size: 640x480}\nall: {pixelate: true}\n"
    let result = try run(yaml, "watch", sample, "--keep-tubes", "0.1", "-q", "-o", "rows.csv")
    #expect(result.status == 0, "\(result)")
    #expect(try run(yaml, "export", "rows.csv", "-o", "rows.eaf").status == 0)
    #expect(try run(yaml, "watch", sample, "--port", "9002").status == 2, "what is typed must do something")
    for (yaml, line) in [("watch:\n  max-faces: two\n", 2), ("all:\n  threads: 1\nwatch:\n  pipeline: nosuch\n", 4)] {
      let wrong = try run(yaml, "watch", sample)
      #expect(wrong.status == 2 && wrong.errors.contains("config.yaml, line \(line))"), "\(wrong.errors)")
    }
  }

  @Test func whatIsTypedComesLast() throws {
    let yaml = "all:\n  threads: 2\nwatch:\n  max-faces: 3\n  landmarks: true\n  blendshapes: false\n"
    #expect(
      try applied(yaml, "watch", "--max-faces", "1", "a.mp4")
        == ["watch", "--threads=2", "--max-faces=3", "--landmarks", "--max-faces", "1", "a.mp4"])
    #expect(try applied(yaml, "batch", "videos").contains("--threads=2"), "every command that has it")
    #expect(try applied(yaml, "devices") == ["devices"], "and no other")
    #expect(try applied(yaml, "--help") == ["--help"])
    #expect(try applied(yaml, "watch", "--parent", "1", "a.mp4") == ["watch", "--parent", "1", "a.mp4"])
  }

  @Test func aCommandsOwnSectionWinsOverAll() throws {
    let yaml = "all: {threads: 2}\nwatch: {threads: 8}\n"
    #expect(try applied(yaml, "watch", "a.mp4") == ["watch", "--threads=8", "a.mp4"])
  }

  @Test func listsAreReplacedAndNotJoined() throws {
    let yaml = "watch:\n  output: [rows.csv, rows.html]\n"
    #expect(try applied(yaml, "watch", "a.mp4") == ["watch", "--output=rows.csv", "--output=rows.html", "a.mp4"])
    #expect(try applied(yaml, "watch", "a.mp4", "-o", "b.csv") == ["watch", "a.mp4", "-o", "b.csv"])
    #expect(try applied(yaml, "watch", "--output=b.csv", "a.mp4") == ["watch", "--output=b.csv", "a.mp4"])
    #expect(try applied(yaml, "watch", "--", "-o").prefix(2) == ["watch", "--output=rows.csv"], "no option after --")
  }

  @Test func anotherFileOrNone() throws {
    let other = scratch.file("other.yaml")
    try "watch: {max-faces: 7}".write(to: other, atomically: true, encoding: .utf8)
    let yaml = "watch: {max-faces: 3}"
    #expect(try applied(yaml, "watch", "a.mp4", "--config", other.path) == ["watch", "--max-faces=7", "a.mp4"])
    #expect(try applied(yaml, "--config=none", "watch", "a.mp4") == ["watch", "a.mp4"])
    #expect(try applied(yaml, "watch", "--", "--config=none") == ["watch", "--max-faces=3", "--", "--config=none"])
    #expect(throws: ConfigError.self) { try applied(yaml, "watch", "a.mp4", "--config", "missing.yaml") }
    #expect(throws: ConfigError.self) { try applied(yaml, "watch", "a.mp4", "--config") }
  }

  @Test func placesOfTheFile() {
    #expect(ConfigFile.defaultPath(environment: ["HOME": "/home/ada"]) == "/home/ada/.config/dfer/config.yaml")
    #expect(ConfigFile.defaultPath(environment: ["HOME": "/h", "XDG_CONFIG_HOME": "/x"]) == "/x/dfer/config.yaml")
    #expect(ConfigFile.defaultPath(environment: ["HOME": "/h", "DFER_CONFIG": "none"]) == nil)
    #expect(ConfigFile.defaultPath(environment: [:]) == nil)
  }

  @Test func mistakesAreNamedWithTheirLine() throws {
    #expect(
      try refusal("watch:\n  threads: 2\n  max-face: 3\n")
        == "config:3: dfer watch has no option 'max-face' (did you mean 'max-faces'?)")
    #expect(try refusal("wach:\n  threads: 2\n") == "config:1: no command 'wach' (did you mean 'watch'?)")
    #expect(try refusal("all:\n  colour: red\n").hasPrefix("config:2: no command has option 'colour'"))
    #expect(try refusal("watch:\n  landmarks: maybe\n") == "config:2: 'landmarks' must be true or false")
    #expect(try refusal("watch:\n  threads:\n").contains("must have"))
    #expect(try refusal("watch:\n  threads: [1, 2]\n") == "config:2: 'threads' must have one value")
    #expect(try refusal("- watch\n").contains("sections"))
    #expect(try refusal("watch: [\n").contains("not YAML"))
    #expect(try refusal("").isEmpty && refusal("watch:\n").isEmpty && refusal(ConfigCommand.template).isEmpty)
  }

  @Test func theProgramUsesIt() throws {
    let sample = Shared.root.appendingPathComponent("Samples/no-face.mp4").path
    let path = try file("watch:\n  output: rows.csv\n  quiet: true\n")
    let result = try Tool.run(Tool.dfer, ["watch", sample], folder: scratch.url, environment: ["DFER_CONFIG": path])
    #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
    #expect(FileManager.default.fileExists(atPath: scratch.file("rows.csv").path))
    let shown = try Tool.run(Tool.dfer, ["config"], environment: ["DFER_CONFIG": path])
    #expect(shown.output == "# \(path)\nwatch:\n  output: \"rows.csv\"\n  quiet: true\n")
    try "wach: {}".write(toFile: path, atomically: true, encoding: .utf8)
    let wrong = try Tool.run(Tool.dfer, ["watch", sample], folder: scratch.url, environment: ["DFER_CONFIG": path])
    #expect(wrong.status == 2 && wrong.errors.contains("did you mean 'watch'"), "\(wrong.errors)")
  }
}
