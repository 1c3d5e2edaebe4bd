import DferTestSupport
import Foundation
import Testing

@testable import DferTimeline

/// Where rows go: through links, to pipes, never below /dev.
@Suite struct OutputTests {
  private let folder: ScratchFolder
  private let rows = exampleRows(["nnas"])

  init() throws { folder = try ScratchFolder() }

  private func write(_ name: String, overwrite: Bool = false) throws {
    let path = name.hasPrefix("/") ? name : folder.file(name).path
    let format = try #require(OutputFormat(path: path))
    var writer = try format.writer(
      to: path, overwrite: overwrite, layout: RowLayout(labels: ["anger", "neutral", "surprise"]))
    for row in rows { try writer.write(row) }
    try writer.finish()
  }

  private func isLink(_ name: String) -> Bool {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: folder.file(name).path)) != nil
  }
  private func link(_ name: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(atPath: folder.file(name).path, withDestinationPath: target)
  }
  private func names() throws -> Set<String> {
    Set(try FileManager.default.contentsOfDirectory(atPath: folder.url.path))
  }

  @Test(arguments: ["csv", "tsv", "jsonl", "json", "sqlite", "eaf", "html", "png"]) func linksStayAndLead(
    _ ending: String
  ) throws {
    try FileManager.default.createDirectory(at: folder.file("real"), withIntermediateDirectories: true)
    try Data("old".utf8).write(to: folder.file("real/rows.\(ending)"))
    try link("link.\(ending)", to: "real/rows.\(ending)")
    try link("second.\(ending)", to: "link.\(ending)")
    try link("new.\(ending)", to: "real/new.\(ending)")
    #expect(throws: OutputError.self) { try write("second.\(ending)") }
    try write("second.\(ending)", overwrite: true)
    try write("new.\(ending)")
    #expect(isLink("link.\(ending)") && isLink("second.\(ending)") && isLink("new.\(ending)"))
    for name in ["rows", "new"] { #expect(try Data(contentsOf: folder.file("real/\(name).\(ending)")).count > 40) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("real").path).count == 2)
    try link("circle.\(ending)", to: "circle.\(ending)")
    #expect(throws: OutputError.self) { try write("circle.\(ending)") }
  }

  @Test func hardLinksKeepWhatTheyHave() throws {
    try Data("old".utf8).write(to: folder.file("a.csv"))
    try FileManager.default.linkItem(at: folder.file("a.csv"), to: folder.file("b.csv"))
    try write("b.csv", overwrite: true)
    #expect(try String(contentsOf: folder.file("a.csv"), encoding: .utf8) == "old")
  }

  @Test func nothingIsMadeBelowDev() throws {
    try link("away.csv", to: "/dev/dfer-test.csv")
    for path in [
      "/dev/dfer-test.csv", "/dev/dfer-test.eaf", "/proc/dfer-test.csv", "away.csv", "/dev/dfer-test.sqlite",
    ] {
      #expect(throws: OutputError.self, "\(path)") { try write(path, overwrite: true) }
    }
    #expect(!FileManager.default.fileExists(atPath: "/dev/dfer-test.csv"))
    try link("null.csv", to: "/dev/null")
    for path in ["/dev/null", "null.csv"] { try write(path, overwrite: true) }
    #expect(isLink("null.csv") && !OutputFile.isFile("/dev/null") && !OutputFile.isFile(folder.file("null.csv").path))
    #expect(throws: OutputError.self) {
      try SQLiteWriter("/dev/null", overwrite: true, layout: RowLayout(labels: []), media: nil)
    }
    #expect(try OutputTarget("/dev/stdout") == .descriptor(1) && OutputTarget("/dev/fd/2") == .descriptor(2))
    #expect(try OutputTarget("-") == .descriptor(1) && OutputTarget("/proc/self/fd/7") == .descriptor(7))
  }

  @Test(arguments: ["csv", "jsonl", "json", "eaf"]) func pipesAreWritten(_ ending: String) throws {
    let pipe = folder.file("p.\(ending)")
    #expect(mkfifo(pipe.path, 0o600) == 0)
    #expect(!OutputFile.isFile(pipe.path))
    let reader = Process()
    reader.executableURL = URL(fileURLWithPath: "/bin/sh")
    reader.arguments = ["-c", "cat \"$0\" > \"$0.out\"", pipe.path]
    try reader.run()
    try write("p.\(ending)")
    reader.waitUntilExit()
    #expect(try Data(contentsOf: folder.file("p.\(ending).out")).count > 100)
    #expect(try names() == ["p.\(ending)", "p.\(ending).out"])
  }

  @Test func withoutRowsThereIsNoFileUntilTheEnd() throws {
    for ending in ["csv", "tsv", "jsonl"] {
      let path = folder.file("x.\(ending)").path
      let format = try #require(OutputFormat(path: path))
      do {
        _ = try format.writer(to: path, overwrite: false, layout: RowLayout(labels: ["anger", "neutral", "surprise"]))
        #expect(try names().filter { $0.hasSuffix(ending) }.isEmpty)
      }
      var writer = try format.writer(
        to: path, overwrite: false, layout: RowLayout(labels: ["anger", "neutral", "surprise"]))
      try writer.finish()
      #expect(FileManager.default.fileExists(atPath: path))
      // Two that begin at once: the second must not replace the first.
      let other = folder.file("y.\(ending)").path
      var (one, two) = try (
        format.writer(to: other, overwrite: false, layout: RowLayout(labels: ["anger", "neutral", "surprise"])),
        format.writer(to: other, overwrite: false, layout: RowLayout(labels: ["anger", "neutral", "surprise"]))
      )
      try one.write(rows[0])
      #expect(throws: OutputError.exists(path: other)) { try two.write(rows[0]) }
    }
  }

  @Test func aFileThatSomebodyElseReplacedIsNotOurs() throws {
    let folder = try ScratchFolder()
    let path = folder.file("rows.csv").path
    let file = try OutputFile(path, overwrite: false)
    try file.append("a")
    let other = try OutputFile(path, overwrite: true)
    try other.append("b")
    try other.close()
    #expect(throws: OutputError.replaced(path: path)) { try file.close() }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "b\n")
  }

  @Test func theManifestOfReplacedRowsGoesWithThem() throws {
    let folder = try ScratchFolder()
    let (rows, facts) = (folder.file("rows.csv").path, folder.file("rows.run.json").path)
    // A link to rows elsewhere has its manifest beside itself.
    let link = folder.file("link.csv").path
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "elsewhere.csv")
    let beside = folder.file("link.run.json").path
    try "{\"outputs\":[\"link.csv\"]}".write(toFile: beside, atomically: true, encoding: .utf8)
    let linked = try OutputFile(link, overwrite: true)
    try linked.append("a")
    try linked.close()
    #expect(!FileManager.default.fileExists(atPath: beside))
    for (outputs, stays) in [("rows.csv", false), ("rows.tsv", true)] {
      try "{\"outputs\":[\"\(outputs)\"]}".write(toFile: facts, atomically: true, encoding: .utf8)
      let file = try OutputFile(rows, overwrite: true)
      // Not before there is a row: a run that cannot begin leaves all as it was.
      #expect(FileManager.default.fileExists(atPath: facts))
      try file.append("a")
      #expect(FileManager.default.fileExists(atPath: facts) == stays, "\(outputs)")
      try file.close()
    }
  }
}
