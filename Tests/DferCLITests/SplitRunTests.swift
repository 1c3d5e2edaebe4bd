import DferTestSupport
import Foundation
import Testing

/// Files of `watch --split-every`, and manifests that several files could lay claim to.
@Suite struct SplitRunTests: RowTables {
  let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  /// Files of a run that was split are one video, in the order of time: their faces and clips go on from file to file.
  @Test func filesOfASplitRunAreOneVideo() throws {
    let (first, second) = ("split/day-20261125T080000Z.csv", "split/day-20261125T090000Z.csv")
    try writeRows("whole/day.csv", count: 6)
    try write(first, ([header] + lines(count: 6).prefix(4)).map { $0 + "\n" }.joined())
    try write(second, ([header] + lines(count: 6).suffix(2)).map { $0 + "\n" }.joined())
    try write(
      "split/day.run.json",
      "{\"input\":{\"location\":\"videos/day.mp4\"},\"outputs\":[\"elsewhere/day-20261125T080000Z.csv\",\"elsewhere/day-20261125T090000Z.csv\"]}"
    )
    let whole = try dfer("summary", "whole/day.csv")
    #expect(try dfer("summary", second, first).output == whole.output)
    #expect(try dfer("summary", "split").output == whole.output)
    #expect(try dfer("merge", second, first, "-o", "all.csv").status == 0)
    #expect(try dfer("merge", "split", "-o", "folder.csv").status == 0)
    let (all, below) = (try text("all.csv"), try text("folder.csv"))
    #expect(all.dropFirst().elementsEqual(lines(count: 6).map { "split/day,\($0)" }, by: ==))
    #expect(below.dropFirst().elementsEqual(lines(count: 6).map { "day,\($0)" }, by: ==))
    // A name of this kind without such a run is a name like any other.
    try writeRows("other/day-20261125T080000Z.csv", count: 6)
    #expect(try dfer("merge", "other", "-o", "other.csv").status == 0)
    #expect(try text("other.csv")[1].hasPrefix("day-20261125T080000Z,"))
  }

  private func text(_ name: String) throws -> [Substring] {
    try String(contentsOf: folder.file(name), encoding: .utf8).split(separator: "\n")
  }

  /// `a.tsv` has the name of `a.csv`'s manifest.
  @Test func noRunTakesAnotherOnesManifest() throws {
    let sample = Shared.root.appendingPathComponent("Samples/no-face.mp4").path
    #expect(try dfer("watch", sample, "-q", "-o", "a.csv").status == 0)
    let manifest = try text("a.run.json")
    let refused = try dfer("watch", sample, "-q", "-o", "a.tsv", "--overwrite")
    #expect(refused.status == 5 && refused.errors.contains("is the manifest of a.csv"), "\(refused.errors)")
    #expect(try text("a.run.json") == manifest)
    #expect(!FileManager.default.fileExists(atPath: folder.file("a.tsv").path))
    #expect(try dfer("watch", sample, "-q", "-o", "a.csv", "-o", "a.tsv", "--overwrite").status == 0)
    #expect(try dfer("watch", sample, "-q", "-o", "a.csv", "--overwrite").status == 0)
  }

  /// Rows of one run never lie beside the facts of another, also when both go on at the same time.
  @Test func twoRunsAtOnceDoNotShareAManifest() throws {
    func sample(_ name: String) -> String { Shared.root.appendingPathComponent("Samples/\(name).mp4").path }
    let first = Process()
    (first.executableURL, first.currentDirectoryURL) = (Tool.dfer, folder.url)
    first.arguments = ["watch", sample("one-face"), "--simulate-live", "-q", "-o", "a.csv"]
    try first.run()
    defer { kill(first.processIdentifier, SIGKILL) }
    let lock = folder.file(".a.run.json.lock").path
    for _ in 0..<600 where !FileManager.default.fileExists(atPath: lock) { usleep(50_000) }
    try #require(FileManager.default.fileExists(atPath: lock))
    let second = try dfer("watch", sample("no-face"), "-q", "-o", "a.tsv")
    #expect(second.status == 5 && second.errors.contains("another run is going on"), "\(second.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("a.tsv").path))
    #expect(try dfer("watch", sample("no-face"), "-q", "-o", "b.csv").status == 0)
    // However it ends, the name is free again.
    kill(first.processIdentifier, SIGKILL)
    first.waitUntilExit()
    #expect(try dfer("watch", sample("no-face"), "-q", "-o", "a.jsonl").status == 0)
    #expect(!FileManager.default.fileExists(atPath: lock))
  }

  /// Two batches at once, as when a job was submitted twice with other videos: the second to finish replaces nothing.
  @Test func twoBatchesAtOnceReplaceNothing() throws {
    for (name, sample) in [("A", "no-face"), ("B", "one-face")] {
      try FileManager.default.createDirectory(at: folder.file(name), withIntermediateDirectories: true)
      try FileManager.default.copyItem(
        at: Shared.root.appendingPathComponent("Samples/\(sample).mp4"), to: folder.file("\(name)/1.mp4"))
    }
    let result = try Tool.run(
      URL(fileURLWithPath: "/bin/bash"),
      [
        "-c",
        "\"$DFER\" batch B -o rows --keep-tubes 0.1 -q & b=$!; \"$DFER\" batch A -o rows --keep-tubes 0.1 -q; a=$?; wait $b; echo $a $?",
      ], folder: folder.url, environment: ["DFER": Tool.dfer.path])
    let codes = result.output.trimmingCharacters(in: .whitespacesAndNewlines)
    try #require(["0 5", "5 0"].contains(codes), "\(result)")
    let winner = codes == "0 5" ? "A" : "B"
    #expect(try text("rows/1.run.json").contains { $0.contains("\"location\" : \"\(winner)/1.mp4\"") })
    #expect(try dfer("verify", "rows/1.csv", "\(winner)/1.mp4", "-q").status == 0)
  }

  private func writeParts(_ ending: String = "csv", outputs: [String] = [], missing: Bool = false) throws -> [String] {
    let names = ["08", "09"].map { "split/day-20261125T\($0)0000Z.\(ending)" }
    let cells = ([header] + lines(count: 6)).map { ending == "tsv" ? $0.replacingOccurrences(of: ",", with: "\t") : $0 }
    try write(names[0], cells[0...4].map { $0 + "\n" }.joined())
    if !missing { try write(names[1], (cells[0...0] + cells[5...]).map { $0 + "\n" }.joined()) }
    let listed = (names + outputs).map { "\"\($0)\"" }.joined(separator: ",")
    try write("split/day.run.json", "{\"input\":{\"location\":\"videos/day.mp4\"},\"outputs\":[\(listed)]}")
    return names
  }

  @Test func missingFilesAreSaid() throws {
    _ = try writeParts(outputs: ["split/frames.csv"], missing: true)
    for command in [["merge", "split", "-o", "all.csv"], ["summary", "split"]] {
      let result = try Tool.run(Tool.dfer, command, folder: folder.url)
      #expect(result.status == 0 && result.errors.contains("1 of the run's 2 files is missing"), "\(result.errors)")
    }
  }

  /// The same rows in two formats are not counted twice.
  @Test func oneFormatIsRead() throws {
    let csv = try writeParts()
    let tsv = try writeParts("tsv", outputs: csv)
    let mixed = try dfer("summary", csv[0], tsv[1])
    #expect(mixed.status == 3 && mixed.errors.contains("in another format"), "\(mixed.errors)")
    #expect(try dfer("summary", "split").output.split(separator: "\n").count == 2)
    // A spreadsheet has saved the second file again.
    let second = try text(csv[1]).map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map { "\"\($0)\"" }.joined(separator: ",")
    }
    let whole = try dfer("summary", csv[0], csv[1]).output
    try write(csv[1], "\u{FEFF}" + second.map { $0 + "\r\n" }.joined())
    #expect(try dfer("summary", csv[0], csv[1]).output == whole && !whole.isEmpty)
    #expect(try dfer("merge", csv[0], csv[1], "-o", "m.tsv").status == 2)
    let merged = try dfer("merge", tsv[0], tsv[1], "-o", "all.csv")
    #expect(merged.status == 3 && merged.errors.contains("is no CSV file"), "\(merged.errors)")
  }

  /// Neither another run nor a batch takes the manifest of rows that stay.
  @Test func aSplitRunKeepsItsManifest() throws {
    let sample = Shared.root.appendingPathComponent("Samples/no-face.mp4")
    let parts = try writeParts()
    let manifest = try text("split/day.run.json")
    for options in [["-o", "split/day.tsv"], ["-o", "split/day.csv", "--split-every", "1h"]] {
      let result = try Tool.run(
        Tool.dfer, ["watch", sample.path, "-q", "--overwrite"] + options, folder: folder.url)
      #expect(result.status == 5 && result.errors.contains("is the manifest of \(parts[0])"), "\(result.errors)")
    }
    try FileManager.default.createDirectory(at: folder.file("videos"), withIntermediateDirectories: true)
    try FileManager.default.copyItem(at: sample, to: folder.file("videos/day.mp4"))
    #expect(try dfer("batch", "videos", "-o", "split").status == 5)
    #expect(try text("split/day.run.json") == manifest)
    #expect(try text("split/failures.csv").joined().contains("is the manifest of"))
  }

  /// Nobody who listens is no reason to stop, and nothing is printed into a file or a pipe of the program's own.
  @Test func closedStandardStreams() throws {
    let sample = Shared.root.appendingPathComponent("Samples/no-face.mp4").path
    func shell(_ line: String) throws -> Tool.Result {
      try Tool.run(
        URL(fileURLWithPath: "/bin/bash"), ["-c", line], folder: folder.url,
        environment: ["DFER": Tool.dfer.path, "V": sample])
    }
    for (end, status) in [("2>&-", 0), ("2>/dev/full", 0), (">&-", 0), ("<&- >&- 2>&-", 0)] {
      let result = try shell("\"$DFER\" watch \"$V\" --keep-tubes 0.1 -o rows.csv --overwrite \(end)")
      #expect(result.status == status, "\(end): \(result)")
      #expect(try text("rows.csv").count == 4)
    }
    #expect(try shell("\"$DFER\" watch /none.mp4 2>&-").status == 3)
    #expect(try shell("timeout 30 \"$DFER\" watch \"$V\" --keep-tubes 0.1 -q -o - >&-").status == 5)
  }
}
