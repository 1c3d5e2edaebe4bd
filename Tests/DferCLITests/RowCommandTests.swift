import DferTestSupport
import Foundation
import Testing

/// `dfer summary`, `merge`, `compare` and `export` on tables as people have them: sorted, joined, among other files, in
/// other folders.
@Suite struct RowCommandTests: RowTables {
  let folder: ScratchFolder

  init() throws {
    folder = try ScratchFolder()
    for name in ["rows/a.csv", "rows/day/b.csv"] { try writeRows(name, count: 6) }
    try write("rows/failures.csv", "input,exit_code,message\n")
  }

  private func names(_ result: Tool.Result) -> [String] {
    result.output.split(separator: "\n").dropFirst().map { String($0.prefix { $0 != "," }) }
  }

  @Test func rowsMayComeOutOfAPipe() throws {
    let plain = try dfer("summary", "rows/a.csv").output.split(separator: "\n")
    let piped = try Tool.run(
      URL(fileURLWithPath: "/bin/sh"),
      [
        "-c",
        "cat rows/a.csv | '\(Tool.dfer.path)' summary /dev/stdin && cat rows/a.csv | '\(Tool.dfer.path)' export /dev/stdin -o a.eaf",
      ], folder: folder.url)
    let lines = piped.output.split(separator: "\n")
    #expect(piped.status == 0, "\(piped.errors)")
    // All but the name.
    #expect(lines.count == plain.count && lines.last?.drop { $0 != "," } == plain.last?.drop { $0 != "," })
    #expect(FileManager.default.fileExists(atPath: folder.file("a.eaf").path))
  }

  @Test func aSpreadsheetOfAnotherLanguageIsRead() throws {
    let text = try String(contentsOf: folder.file("rows/a.csv"), encoding: .utf8)
    try write("rows/a2.csv", text.replacing(",", with: ";").replacing(".", with: ","))
    let figures = try ["rows/a.csv", "rows/a2.csv"].map { name in
      try dfer("summary", name).output.split(separator: "\n").map { $0.split(separator: ",").dropFirst() }
    }
    #expect(figures[0].count == 2 && figures[0] == figures[1])
    try write("rows/a3.csv", "sep=,\n" + text)
    let merged = try dfer("merge", "rows/a.csv", "rows/a2.csv", "rows/a3.csv", "-o", "m.csv")
    #expect(merged.status == 0, "\(merged.errors)")
    #expect(try dfer("summary", "m.csv").status == 0)
  }

  /// Quotas of clusters: half a file under its name is worse than none.
  @Test(arguments: [
    "merge rows/a.csv rows/day/b.csv -o out.csv", "export rows/a.csv -o out.jsonl", "export rows/a.csv -o out.eaf",
    "export rows/a.csv -o out.html", "export rows/a.csv -o out.sqlite",
  ])
  func aFileThatMayNotGrowIsAnError(command: String) throws {
    let before = Set(try FileManager.default.contentsOfDirectory(atPath: folder.url.path))
    try writeRows("rows/a.csv", count: 60)
    let result = try Tool.run(
      URL(fileURLWithPath: "/bin/bash"), ["-c", "ulimit -f 1; exec '\(Tool.dfer.path)' \(command)"], folder: folder.url)
    #expect(result.status == 5, "\(result.status) \(result.errors)")
    let after = Set(try FileManager.default.contentsOfDirectory(atPath: folder.url.path))
    #expect(after == before, "\(after.subtracting(before))")
  }

  // MARK: What is replaced

  @Test func manifestsAndVideosAreNotReplaced() throws {
    try writeRows("t.csv", count: 3, location: "v.mp4")
    try write("v.mp4", "a video")
    for arguments in [
      ["summary", "t.csv", "-o", "t.run.json"], ["merge", "t.csv", "-o", "t.run.json"],
      ["export", "t.csv", "-o", "t.run.json", "--format", "json"], ["summary", "t.csv", "-o", "v.mp4"],
      ["merge", "t.csv", "rows/a.csv", "-o", "v.mp4"], ["export", "t.csv", "-o", "v.mp4", "--format", "csv"],
    ] {
      let result = try Tool.run(Tool.dfer, arguments + ["--overwrite"], folder: folder.url)
      #expect(result.status == 5 || result.status == 2, "\(arguments): \(result.status) \(result.errors)")
    }
    #expect(try String(contentsOf: folder.file("v.mp4"), encoding: .utf8) == "a video")
    #expect(try String(contentsOf: folder.file("t.run.json"), encoding: .utf8).contains("v.mp4"))
  }

  @Test(arguments: [
    ("a label changed by hand", ",anger,", ",neutral,"), ("an unknown label", ",anger,", ",zorn,"),
    ("another confidence", ",0.750000,0.5", ",0.100000,0.5"), ("a probability of 5", "0.750000,0.250000", "5,0.250000"),
    ("one below 0", "0.750000,0.250000", "0.750000,-0.5"), ("a face before the first", "1,0,0.8", "1,-1,0.8"),
    ("a start before 0", "0,0,0.000000", "0,0,-5"),
    ("a middle outside of its clip", "0.000000,1.600000,0.800000", "0.000000,1.600000,9"),
    ("a coverage of 7", "16,1.0000", "16,7"),
  ])
  func whatCannotBeIsRefusedByLine(what: String, old: String, new: String) throws {
    try writeRows("bad.csv", count: 3) { $0.map { $0.replacingOccurrences(of: old, with: new) } }
    let result = try dfer("summary", "bad.csv")
    #expect(result.status == 3 && result.errors.contains("line "), "\(what): \(result.status) \(result.errors)")
  }

  // MARK: Order

  @Test func sortedTablesGiveTheSameFiguresAndDoubledOnesAreRefused() throws {
    try writeRows("rev.csv", count: 6, location: "v.mp4") { $0.reversed() }
    try writeRows("plain.csv", count: 6, location: "v.mp4")
    try writeRows("dup.csv", count: 6, location: "v.mp4") { $0 + $0 }
    #expect(try dfer("summary", "rev.csv").output == dfer("summary", "plain.csv").output)
    #expect(try dfer("compare", "plain.csv", "rev.csv").output.contains("Cohen's kappa  1.000"))
    for format in ["eaf", "vtt", "csv", "jsonl"] {
      func body(_ name: String) throws -> String {
        try dfer("export", name, "-o", "-", "--format", format).output.replacing(#/DATE="[^"]*"/#, with: "")
      }
      #expect(try body("rev.csv") == body("plain.csv"))
    }
    for arguments in [
      ["summary", "dup.csv"], ["export", "dup.csv", "-o", "x.eaf"], ["compare", "plain.csv", "dup.csv"],
    ] {
      let result = try Tool.run(Tool.dfer, arguments, folder: folder.url)
      #expect(
        result.status == 3
          && result.errors.contains("dup.csv: line 8: a second row for face 0 in clip 0; the first is line 2"),
        "\(result.errors)")
    }
    #expect(!FileManager.default.fileExists(atPath: folder.file("x.eaf").path))
  }

  // MARK: Batches

  @Test func recipesOfABatchWork() throws {
    let all = try dfer("summary", "rows", "-o", "study.csv")
    #expect(all.status == 0, "\(all.errors)")
    #expect(try String(contentsOf: folder.file("study.csv"), encoding: .utf8).split(separator: "\n").count == 3)
    // A pattern finds the list of failures, and the second time the table itself too.
    let mixed = try dfer("summary", "a.csv", "failures.csv", "day/b.csv", "-o", "s.csv", in: "rows")
    #expect(mixed.status == 0 && mixed.errors == "failures.csv: skipped, a list of failures\n")
    let again = try dfer(
      "summary", "a.csv", "failures.csv", "day/b.csv", "s.csv", "-o", "s.csv", "--overwrite", in: "rows")
    #expect(again.status == 0 && again.errors.contains("s.csv: skipped, it is the output"))
    #expect(
      try dfer("summary", "a.csv", "s.csv", "-o", "s.csv", in: "rows").errors.contains("use --overwrite to replace it"))
    let merged = try dfer("merge", "rows/a.csv", "rows/failures.csv", "rows/s.csv", "rows/day/b.csv", "-o", "all.csv")
    #expect(merged.status == 0 && merged.errors.split(separator: "\n").count == 2, "\(merged.errors)")
    #expect(try dfer("merge", "all.csv", "rows/a.csv", "-o", "all.csv", "--overwrite").status == 0)
    try Data(contentsOf: folder.file("all.csv")).write(to: folder.file("rows/all.csv"))
    let twice = try dfer("summary", "rows/a.csv", "rows/day/b.csv", "rows/all.csv")
    #expect(
      names(twice) == ["videos/a.mp4", "videos/b.mp4"]
        && twice.errors.contains("rows/all.csv: skipped, a table of dfer merge"))
    #expect(try names(dfer("summary", "rows/all.csv")) == ["rows/a"])
    #expect(try dfer("summary", "rows/failures.csv").status == 3)
    // Overwriting a video's own rows is still refused.
    #expect(try dfer("summary", "rows/a.csv", "-o", "rows/a.csv", "--overwrite").status == 5)
  }

  @Test func tablesThatHoldSomeOfTheOthersAreRefused() throws {
    #expect(try dfer("merge", "rows/a.csv", "rows/day/b.csv", "-o", "part.csv").status == 0)
    #expect(try dfer("summary", "part.csv", "rows/a.csv").status == 3)
    try writeRows("other/a.csv", count: 3)
    #expect(try dfer("merge", "rows", "other", "-o", "all.csv").status == 2)
    #expect(try dfer("merge", "rows/a.csv", "other/a.csv", "-o", "all.csv").status == 0)
  }

  @Test func namesAreBytes() throws {
    for name in ["caf\u{e9}", "cafe\u{301}", "comma,\u{301}x", "quote\"\u{301}", "line\nend"] {
      try writeRows("odd/\(name).csv", count: 4, location: "\(name.hasPrefix("caf") ? name : "x").mp4")
    }
    let merged = try dfer("merge", "odd", "-o", "all.csv")
    #expect(merged.status == 0, "\(merged.errors)")
    let summary = try dfer("summary", "all.csv")
    #expect(summary.status == 0 && summary.output.contains("comma,\u{301}x"), "\(summary.errors)")
    #expect(
      Set(names(summary).map { Array($0.utf8) }).isSuperset(of: [Array("caf\u{e9}".utf8), Array("cafe\u{301}".utf8)]))
    #expect(try dfer("summary", "odd").status == 0)
  }

  // MARK: Other people's annotations

  @Test func differentVideosAndObservationsAreNoticed() throws {
    let media = "<HEADER TIME_UNITS=\"milliseconds\"><MEDIA_DESCRIPTOR MEDIA_URL=\"file:///v/other.mp4\"/></HEADER>"
    #expect(try dfer("export", "rows/a.csv", "-o", "a.eaf").status == 0)
    let eaf = try String(contentsOf: folder.file("a.eaf"), encoding: .utf8)
    try write("other.eaf", eaf.replacing(#/<HEADER[\s\S]*</HEADER>/#, with: media))
    let warned = try dfer("compare", "other.eaf", "rows/a.csv")
    #expect(
      warned.status == 0 && warned.errors.contains("rows/a.csv is of a.mp4") && warned.errors.contains("other.mp4"),
      "\(warned.errors)")
    #expect(try dfer("compare", "a.eaf", "rows/a.csv").errors.isEmpty)
    let table =
      "Observation id\tSubject\tBehavior\tBehavior type\tStart (s)\tStop (s)\tMedia file name\n"
      + "one\tc\tanger\tSTATE\t0\t2\t/v/a.mp4\ntwo\tc\tanger\tSTATE\t0\t4\t/v/b.mp4\n"
    try write("two.tsv", table)
    #expect(try dfer("compare", "two.tsv", "rows/a.csv").output.contains("2.0 s that both label"))
    #expect(
      try dfer("compare", "two.tsv", "rows/a.csv", "--observation", "two").output.contains("4.0 s that both label"))
    try write("two.tsv", table.replacing("/v/", with: "/v/x"))
    let refused = try dfer("compare", "two.tsv", "rows/a.csv")
    #expect(refused.status == 3 && refused.errors.contains("2 observations"))
    #expect(try dfer("export", "rows/a.csv", "--against", "two.tsv", "-o", "r.html").status == 3)
  }

  // MARK: Links and outputs

  @Test func linksToVideosAreRightFromAnyFolder() throws {
    try write("p/videos/talk.mp4", "not really")
    try writeRows("p/rows/talk.csv", count: 4, location: "videos/talk.mp4")
    let here = try dfer("export", "talk.csv", "-o", "talk.eaf", "-o", "talk.json", in: "p/rows")
    #expect(here.status == 0 && here.errors.isEmpty, "\(here.errors)")
    let eaf = try String(contentsOf: folder.file("p/rows/talk.eaf"), encoding: .utf8)
    #expect(eaf.contains("RELATIVE_MEDIA_URL=\"../videos/talk.mp4\"") && eaf.contains("/p/videos/talk.mp4\""))
    try FileManager.default.moveItem(at: folder.file("p/videos"), to: folder.file("p/gone"))
    let dead = try dfer("export", "talk.csv", "-o", "talk.eaf", "--overwrite", in: "p/rows")
    #expect(dead.status == 0 && dead.errors.hasPrefix("warning: the video ") && dead.errors.contains("is not there"))
    #expect(try dfer("export", "talk.csv", "-o", "copy.csv", in: "p/rows").errors.isEmpty)
  }

  @Test func outputsGoThroughLinksAndToDescriptors() throws {
    try write("real.eaf", "old")
    try FileManager.default.createSymbolicLink(atPath: folder.file("link.eaf").path, withDestinationPath: "real.eaf")
    #expect(try dfer("export", "rows/a.csv", "-o", "link.eaf").status == 5)
    #expect(try dfer("export", "rows/a.csv", "-o", "link.eaf", "--overwrite").status == 0)
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder.file("link.eaf").path) == "real.eaf")
    #expect(try String(contentsOf: folder.file("real.eaf"), encoding: .utf8).contains("ANNOTATION_DOCUMENT"))
    let plain = try dfer("export", "rows/a.csv", "-o", "-").output
    for path in ["/dev/stdout", "/dev/fd/1"] {
      let result = try dfer("export", "rows/a.csv", "-o", path, "--overwrite")
      #expect(result.status == 0 && result.output == plain, "\(result.errors)")
    }
    let made = try dfer("summary", "rows", "-o", "/dev/dfer-test.csv", "--overwrite")
    #expect(made.status == 5 && !FileManager.default.fileExists(atPath: "/dev/dfer-test.csv"))
  }

  @Test func whatIsNoTableSaysWhatItIs() throws {
    try write("excel.csv", "frame;face_id;timestamp;happy\n0;0;0,8;1,6\n")
    try ("\u{FEFF}" + header).data(using: .utf16LittleEndian)!.write(to: folder.file("utf16.csv"))
    let sample = Shared.root.appendingPathComponent("Samples/one-face.mp4").path
    for (path, word) in [("excel.csv", "semicolons"), ("utf16.csv", "UTF-16"), (sample, "dfer watch reads it")] {
      let result = try dfer("export", path, "-o", "x.eaf")
      #expect(result.status == 3 && result.errors.contains(word), "\(result.errors)")
    }
    #expect(try dfer("export", "rows/a.csv", "-o", "x.parquet").errors.contains("to_parquet"))
  }

  // MARK: Runs

  @Test func aRunThatReadsNothingLeavesNothing() throws {
    try write("junk.mp4", String(repeating: "junk", count: 4000))
    let result = try dfer("watch", "junk.mp4", "-o", "junk.csv", "-o", "junk.eaf", "-q")
    #expect(result.status == 3)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.url.path).filter { $0.hasPrefix("junk.") } == [
        "junk.mp4"
      ])
  }

  @Test(.enabled(if: Tool.hasFFmpeg, "needs the ffmpeg program"), .timeLimit(.minutes(3))) func pipesAsFirstOutputEnd()
    throws
  {
    let video = folder.file("v.mp4").path
    try Tool.ffmpeg([
      "-i", Shared.root.appendingPathComponent("Samples/one-face.mp4").path, "-t", "2", "-c:v", "libx264", "-preset",
      "ultrafast", video,
    ])
    for command in ["cat \"$0\"", "head -2 \"$0\""] {
      let pipe = folder.file("p-\(command.prefix(3)).csv")
      #expect(mkfifo(pipe.path, 0o600) == 0)
      let reader = Process()
      reader.executableURL = URL(fileURLWithPath: "/bin/sh")
      reader.arguments = ["-c", command + " > \"$0.out\"", pipe.path]
      try reader.run()
      let result = try dfer("watch", video, "-o", pipe.path, "-q")
      reader.waitUntilExit()
      #expect(result.status == 0, "\(result.errors)")
      #expect(try String(contentsOf: folder.file("p-\(command.prefix(3)).csv.out"), encoding: .utf8).hasPrefix("clip,"))
    }
  }
}
