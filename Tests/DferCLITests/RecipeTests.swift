import DferTestSupport
import Foundation
import Testing

/// Every command that README and the documents tell people to type is typed here, as it stands, in a folder with the files
/// that it names. What cannot run here is left out by what it needs; everything else must end well.
@Suite(.enabled(if: Tool.hasFFmpeg, "needs the ffmpeg program")) struct RecipeTests {
  /// What a command needs that no test machine has, by a part of its text.
  private static let absent: [(part: String, need: String)] = [
    ("v4l2:", "a camera"), ("/dev/video", "a camera"), ("rtsp:", "a camera on the network"), ("screen:", "a screen"),
    ("dfer serve", "somebody who presses Ctrl-C"), ("dfer train", "labelled data"), ("dfer evaluate", "labelled data"),
    ("dfer calibrate", "labelled data"), ("--suite", "labelled data"), ("dfer manifest", "a data set"),
    ("dfer pretrain", "hours"),
    ("dfer synthesize", "a mesh of faces"), ("/data", "a folder /data"), ("...", "the rest of the command"),
    ("WEIGHTS", "a name in place of WEIGHTS"), ("checkpoint.pth", "somebody's checkpoint"),
    ("mine.safetensors", "a converted checkpoint"), ("--pipeline mine", "a converted checkpoint"),
    ("emotieff-b0", "a published network"),
  ]

  /// The commands of README and docs/*.md: lines of code blocks, and code in tables.
  private static func commands() throws -> [(page: String, text: String)] {
    let docs = Shared.root.appendingPathComponent("docs")
    let pages =
      [Shared.root.appendingPathComponent("README.md")]
      + (try FileManager.default.contentsOfDirectory(atPath: docs.path)).filter { $0.hasSuffix(".md") }.sorted()
      .map { docs.appendingPathComponent($0) }
    return try pages.flatMap { page -> [(String, String)] in
      let text = try String(contentsOf: page, encoding: .utf8).replacing(#/\\\n\s*/#, with: " ")
      var found: [String] = []
      var language: String?
      for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
        if line.hasPrefix("```") {
          language = language == nil ? String(line.dropFirst(3)) : nil
        } else if let language, ["", "sh", "bash"].contains(language) {
          found.append(String(line))
        } else if line.hasPrefix("|") {
          found += line.replacing("\\|", with: "\u{0}").split(separator: "`", omittingEmptySubsequences: false)
            .enumerated()
            .filter { $0.offset % 2 == 1 }.map { String($0.element).replacing("\u{0}", with: "|") }
        }
      }
      return found.filter { $0.hasPrefix("dfer ") || $0.contains("| dfer ") }
        // What stands behind two spaces says what the command does; a name of a command alone is no command.
        .map { $0.replacing(#/\s\s+.*/#, with: "") }.filter {
          $0.split(separator: " ").count > 2 || $0 == "dfer devices"
        }
        .map { (page.lastPathComponent, $0) }
    }
  }

  private func prepared() throws -> ScratchFolder {
    let folder = try ScratchFolder()
    let samples = Shared.root.appendingPathComponent("Samples")
    func cut(_ sample: String, _ name: String) throws {
      try FileManager.default.createDirectory(
        at: folder.file(name).deletingLastPathComponent(), withIntermediateDirectories: true)
      try Tool.ffmpeg([
        "-i", samples.appendingPathComponent(sample).path, "-t", "3", "-an", "-c:v", "libx264", "-preset", "ultrafast",
        "-movflags", "+faststart",
        folder.file(name).path,
      ])
    }
    try FileManager.default.createDirectory(at: folder.file(".config/dfer"), withIntermediateDirectories: true)
    for name in ["talk.mp4", "clinic.mp4", "videos/a.mp4", "videos/day/take1.mov"] { try cut("one-face.mp4", name) }
    try cut("two-faces.mp4", "group.mp4")
    for name in ["pictures", "images", "frames"] {
      try FileManager.default.createDirectory(at: folder.file(name), withIntermediateDirectories: true)
      try Tool.ffmpeg(["-i", folder.file("talk.mp4").path, "-vf", "fps=5", folder.file("\(name)/f%03d.png").path])
    }
    let pipelines = Shared.root.appendingPathComponent("Pipelines")
    try FileManager.default.createSymbolicLink(
      at: folder.file("weights.safetensors"),
      withDestinationURL: pipelines.appendingPathComponent("lanmsff.safetensors"))
    let yaml = try String(contentsOf: pipelines.appendingPathComponent("lanmsff.yaml"), encoding: .utf8)
    try yaml.replacing(#/weights: +/#, with: "weights: \(pipelines.path)/").write(
      to: folder.file("mine.yaml"), atomically: true, encoding: .utf8)
    for command in [
      "dfer watch talk.mp4 -o talk.csv -q", "dfer batch videos -o rows",
      "dfer export talk.csv -o coder.eaf -o coder.boris -o annotated.eaf",
      "sed -i 's/\"Face 0\"/\"Anna\"/g' coder.boris",
      "dfer quantize weights.safetensors -o small.safetensors",
      "cp talk.csv mine.csv; cp talk.run.json mine.run.json; cp talk.csv rest.csv",
    ] {
      let result = try run(command, in: folder.url)
      #expect(result.status == 0, "\(command): \(result.errors)")
    }
    return folder
  }

  private func run(_ command: String, in folder: URL) throws -> Tool.Result {
    let path = Tool.dfer.deletingLastPathComponent().path + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "")
    // A home of its own: recipes may write into it.
    let home = ["HOME": folder.path, "XDG_CONFIG_HOME": folder.appendingPathComponent(".config").path]
    return try Tool.run(
      URL(fileURLWithPath: "/bin/bash"), ["-c", command], folder: folder,
      environment: home.merging(["PATH": path]) { $1 })
  }

  /// Removes what the command is about to write: most recipes write talk.csv.
  private func clear(_ command: String, in folder: URL) {
    let words = command.split(separator: " ").map(String.init)
    let outputs = zip(words, words.dropFirst()).filter { ["-o", "--output", "--out"].contains($0.0) && $0.1 != "-" }
      .map(\.1)
    for output in outputs {
      let url = folder.appendingPathComponent(output)
      try? FileManager.default.removeItem(at: url)
      if words[1] == "watch" {
        try? FileManager.default.removeItem(at: url.deletingPathExtension().appendingPathExtension("run.json"))
      }
    }
  }

  @Test func documentedCommandsRunAsWritten() throws {
    let folder = try prepared()
    var (done, left): ([String], [String]) = ([], [])
    for (page, command) in try Self.commands() {
      if let reason = Self.absent.first(where: { command.contains($0.part) }) {
        left.append("\(command) (needs \(reason.need))")
        continue
      }
      guard !done.contains(command) else { continue }
      done.append(command)
      let copy = folder.url.deletingLastPathComponent().appendingPathComponent("dfer-recipe-\(UUID().uuidString)")
      try FileManager.default.copyItem(at: folder.url, to: copy)
      defer { try? FileManager.default.removeItem(at: copy) }
      clear(command, in: copy)
      let result = try run(command, in: copy)
      #expect(result.status == 0, "\(page): \(command)\n\(result.errors.suffix(600))")
      // The same once more, as people do.
      if command.hasPrefix("dfer summary"), command.contains("-o ") {
        let again = try run(command + " --overwrite", in: copy)
        #expect(again.status == 0, "\(page): \(command), again\n\(again.errors.suffix(600))")
      }
    }
    #expect(done.count >= 20, "\(done)\nleft out: \(left)")
  }
}
