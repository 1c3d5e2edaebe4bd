import DferTestSupport
import Foundation
import Testing

/// `dfer batch`, `merge` and `verify` as built, over short rendered videos.
@Suite(.serialized) struct BatchCommandTests {
  private let scratch: ScratchFolder
  private var videos: URL { scratch.file("videos") }

  /// Three copies of a short sample, one of them in a folder, and one file that is no video.
  init() throws {
    scratch = try ScratchFolder()
    let sample = Shared.root.appendingPathComponent("Samples/no-face.mp4")
    let folder = scratch.file("videos/day 2")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for name in ["a.mp4", "b.mp4", "day 2/c,d.mp4"] {
      try FileManager.default.copyItem(at: sample, to: scratch.file("videos").appendingPathComponent(name))
    }
  }

  private func addCorruptVideo() throws {
    try Data((0..<4000).map { UInt8(truncatingIfNeeded: $0 &* 73 &+ $0 / 7) }).write(
      to: videos.appendingPathComponent("bad.mp4"))
  }

  private func batch(_ out: String, _ options: [String] = [], after: ((Process) -> Void)? = nil) throws -> Tool.Result {
    try Tool.run(
      Tool.dfer, ["batch", "videos", "-o", out, "-j", "2", "--threads", "1"] + options, folder: scratch.url,
      after: after)
  }

  /// Contents of the files below `folder` whose names end in `ending`, by relative path; hidden ones too.
  private func files(_ folder: String, _ ending: String = ".csv") throws -> [String: Data] {
    let url = scratch.file(folder)
    let names = (FileManager.default.enumerator(atPath: url.path)?.allObjects as? [String] ?? []).filter {
      $0.hasSuffix(ending)
    }
    return Dictionary(
      uniqueKeysWithValues: try names.map { ($0, try Data(contentsOf: url.appendingPathComponent($0))) })
  }

  private func failures(_ folder: String) throws -> [String] {
    try String(contentsOf: scratch.file(folder + "/failures.csv"), encoding: .utf8).split(separator: "\n").map(
      String.init)
  }

  @Test(arguments: ["failures.mp4", "Failures-1-of-2.mp4"]) func aVideoNamedLikeTheListOfFailuresKeepsItsRows(
    name: String
  ) throws {
    try FileManager.default.copyItem(
      at: videos.appendingPathComponent("a.mp4"), to: videos.appendingPathComponent(name))
    let result = try batch("rows")
    #expect(result.status == 2 && result.errors.contains("where the batch lists what failed"), "\(result.errors)")
    #expect(try batch("rows", ["--keep-extension"]).status == 0)
    #expect(try files("rows").keys.contains(name + ".csv"))
  }

  @Test func aCorruptVideoCostsOnlyItself() throws {
    try addCorruptVideo()
    let result = try batch("rows")
    #expect(result.status == 3, "\(result.errors)")
    #expect(try files("rows").keys.sorted() == ["a.csv", "b.csv", "day 2/c,d.csv", "failures.csv"])
    #expect(try files("rows", ".run.json").count == 3)
    let lines = try failures("rows")
    #expect(lines.count == 2 && lines[1].hasPrefix("videos/bad.mp4,3,"), "\(lines)")
    let everything = FileManager.default.enumerator(atPath: scratch.file("rows").path)?.allObjects as? [String] ?? []
    #expect(!everything.contains { $0.contains(".part-") }, "\(everything)")

    // The same rows as a run by itself gives.
    let alone = try Tool.run(Tool.dfer, ["watch", "videos/a.mp4", "-o", "alone.csv"], folder: scratch.url)
    #expect(alone.status == 0)
    #expect(try files("rows")["a.csv"] == Data(contentsOf: scratch.file("alone.csv")))

    // Existing rows are neither replaced nor read again unasked.
    #expect(try batch("rows").status == 5)
    let before = try files("rows", ".run.json")
    let again = try batch("rows", ["--resume"])
    #expect(again.status == 3 && again.errors.contains("3 done before"), "\(again.errors)")
    #expect(try files("rows", ".run.json") == before)
  }

  @Test func resumeReadsAgainWhatChanged() throws {
    #expect(try batch("rows").status == 0)
    let before = try files("rows", ".run.json")
    // Another time stamp, and rows that someone edited.
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1e9)], ofItemAtPath: videos.appendingPathComponent("a.mp4").path)
    try Data("edited\n".utf8).write(to: scratch.file("rows/b.csv"))
    let result = try batch("rows", ["--resume"])
    #expect(result.status == 0 && result.errors.contains("1 done before"), "\(result.errors)")
    let after = try files("rows", ".run.json")
    #expect(after["day 2/c,d.run.json"] == before["day 2/c,d.run.json"])
    #expect(after["a.run.json"] != before["a.run.json"] && after["b.run.json"] != before["b.run.json"])
    #expect(try files("rows")["b.csv"] == files("rows")["a.csv"])
    // Other options: all of them again.
    #expect(try batch("rows", ["--resume", "--hop", "0.4"]).errors.contains("done before") == false)
    // A file that dfer did not write is never replaced.
    try FileManager.default.removeItem(at: scratch.file("rows/a.run.json"))
    #expect(try batch("rows", ["--resume"]).status == 5)
  }

  @Test func killedAndResumedGivesTheSameBytes() throws {
    try addCorruptVideo()
    #expect(try batch("whole").status == 3)
    for moment in [0.15, 0.5, 0.9, 1.4] {
      let killed = try batch("parts", ["--resume"]) { process in
        Thread.sleep(forTimeInterval: moment)
        kill(process.processIdentifier, SIGKILL)
      }
      #expect(killed.status == -SIGKILL || killed.status == 3)
    }
    // Workers notice within a second that they are alone.
    Thread.sleep(forTimeInterval: 1.5)
    #expect(try batch("parts", ["--resume"]).status == 3)
    #expect(try files("parts") == files("whole"))
  }

  @Test func controlCEndsValidly() throws {
    let rows = scratch.file("rows").path
    let result = try batch("rows") { process in
      // As soon as a worker writes, however fast the machine is.
      for _ in 0..<2000 {
        let begun = FileManager.default.enumerator(atPath: rows)?.allObjects as? [String] ?? []
        if begun.contains(where: { $0.contains(".part-") }) || !process.isRunning { break }
        Thread.sleep(forTimeInterval: 0.005)
      }
      process.interrupt()
    }
    #expect(result.status == 130, "\(result.errors)")
    let everything = FileManager.default.enumerator(atPath: scratch.file("rows").path)?.allObjects as? [String] ?? []
    #expect(!everything.contains { $0.contains(".part-") }, "\(everything)")
    for (name, data) in try files("rows") { #expect(data.last == 10, "\(name)") }
    #expect(try batch("rows", ["--resume"]).status == 0)
    #expect(try files("rows").count == 4)
  }

  @Test func aHangingVideoIsGivenUp() throws {
    // A pipe that nobody writes to: opening it waits for ever.
    let pipe = videos.appendingPathComponent("hang.mp4").path
    #expect(mkfifo(pipe, 0o600) == 0)
    let result = try Tool.run(
      Tool.dfer,
      [
        "batch", "videos/a.mp4", pipe, "-o", "rows", "--timeout", "3", "--threads", "1", "-j", "2", "--balance",
        "size",
        "--shard", "1/1",
      ], folder: scratch.url)
    #expect(result.status == 3, "\(result.errors)")
    #expect(try failures("rows").contains { $0.contains("hang.mp4,124,") })
    #expect(try files("rows")["a.csv"] != nil)
  }

  @Test func sharesMakeTheWhole() throws {
    #expect(try batch("whole").status == 0)
    #expect(try batch("shares", ["--shard", "1/2"]).status == 0)
    let half = try files("shares").keys.filter { !$0.hasPrefix("failures") }.count
    #expect((1...2).contains(half))
    let environment = [
      "SLURM_ARRAY_TASK_ID": "1", "SLURM_ARRAY_TASK_MIN": "0", "SLURM_ARRAY_TASK_MAX": "1",
      "SLURM_ARRAY_TASK_COUNT": "2",
    ]
    let second = try Tool.run(
      Tool.dfer, ["batch", "videos", "-o", "shares", "--shard", "auto", "--resume"], folder: scratch.url,
      environment: environment)
    #expect(second.status == 0, "\(second.errors)")
    #expect(
      try files("shares").filter { !$0.key.hasPrefix("failures") } == files("whole").filter { $0.key != "failures.csv" }
    )

    for folder in ["whole", "shares"] {
      #expect(try Tool.run(Tool.dfer, ["merge", folder, "-o", "\(folder).csv"], folder: scratch.url).status == 0)
    }
    let table = try String(contentsOf: scratch.file("whole.csv"), encoding: .utf8)
    #expect(table == (try String(contentsOf: scratch.file("shares.csv"), encoding: .utf8)))
    #expect(table.hasPrefix("source,clip,face_id,"))
    #expect(table.contains("\n\"day 2/c,d\",0,"))
  }

  @Test func refusals() throws {
    try FileManager.default.copyItem(
      at: videos.appendingPathComponent("a.mp4"), to: videos.appendingPathComponent("a.mov"))
    let same = try batch("rows")
    #expect(same.status == 2 && same.errors.contains("--keep-extension"), "\(same.errors)")
    #expect(!FileManager.default.fileExists(atPath: scratch.file("rows").path))
    #expect(try Tool.run(Tool.dfer, ["batch", "-o", "rows"], folder: scratch.url).status == 2)
    #expect(try batch("rows", ["--shard", "3/2"]).status == 2)
    #expect(try batch("rows", ["--shard", "auto"]).status == 2)
  }

  @Test func verifyFindsWhatDoesNotFit() throws {
    #expect(try batch("rows").status == 0)
    func verify(_ rows: String, _ video: String) throws -> Tool.Result {
      try Tool.run(Tool.dfer, ["verify", rows, video], folder: scratch.url)
    }
    #expect(try verify("rows/a.csv", "videos/a.mp4").status == 0)
    let other = Shared.root.appendingPathComponent("Samples/two-faces.mp4").path
    #expect(try verify("rows/a.csv", other).status == 4)
    #expect(try verify("rows/a.csv", "videos/no.mp4").status == 3)
    var lines = try String(contentsOf: scratch.file("rows/a.csv"), encoding: .utf8).split(separator: "\n")
    lines.remove(at: 2)
    try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: scratch.file("rows/a.csv"))
    let cut = try verify("rows/a.csv", "videos/a.mp4")
    #expect(cut.status == 4 && cut.output.contains("SHA-256"))
  }

  @Test func mergeRefusesOtherColumns() throws {
    #expect(try batch("rows", ["--landmarks"]).status == 0)
    #expect(try batch("plain").status == 0)
    let mixed = try Tool.run(Tool.dfer, ["merge", "plain", "rows", "-o", "all.csv"], folder: scratch.url)
    #expect(mixed.status == 2 && mixed.errors.contains("columns differ"), "\(mixed.errors)")
    #expect(!FileManager.default.fileExists(atPath: scratch.file("all.csv").path))
  }
}
