import DferTestSupport
import DferTimeline
import Foundation
import Testing

@testable import Dfer

@Suite struct BatchNamingTests {
  private let scratch: ScratchFolder

  init() throws {
    scratch = try ScratchFolder()
    for name in ["a.mp4", "notes.txt", "s1/b.MOV", "s1/c.mkv", "s2/deep/d.mp4", ".hidden/e.mp4", ".f.mp4"] {
      let file = scratch.file(name)
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data().write(to: file)
    }
  }

  private func outputs(_ arguments: [String], _ rule: BatchInputs = BatchInputs()) throws -> [String] {
    try rule.find(arguments.map { scratch.file($0).path }).map(\.output)
  }

  @Test func folderKeepsPathsBelowIt() throws {
    #expect(try outputs([""]) == ["a.csv", "s1/b.csv", "s1/c.csv", "s2/deep/d.csv"])
    #expect(try outputs(["s2"]) == ["deep/d.csv"])
  }

  @Test func patternKeepsPathsBelowItsFixedPart() throws {
    #expect(try outputs(["s*/*"]) == ["s1/b.csv", "s1/c.csv"])
    #expect(try outputs(["s1/[b-c].m*"]) == ["c.csv"])
    #expect(try outputs(["**/?.mp4"]) == ["a.csv", "s2/deep/d.csv"])
    #expect(throws: BatchError.self) { try outputs(["s*/*.avi"]) }
  }

  @Test func filesKeepTheirNames() throws {
    #expect(try outputs(["s1/b.MOV", "not-there.mp4"]) == ["b.csv", "not-there.csv"])
    #expect(try outputs(["a.mp4"], BatchInputs(keepsExtension: true)) == ["a.mp4.csv"])
    #expect(try outputs(["s1/b.MOV", "a.mp4"], BatchInputs(base: scratch.url.path)) == ["s1/b.csv", "a.csv"])
    #expect(throws: BatchError.self) { try outputs(["a.mp4"], BatchInputs(base: scratch.file("s1").path)) }
  }

  @Test func theSameInputTwiceIsOne() throws {
    #expect(try outputs(["a.mp4", "a.mp4"]) == ["a.csv"])
  }

  @Test func equalNamesAreRefused() throws {
    try Data().write(to: scratch.file("A.mov"))
    #expect(throws: BatchError.self) { try outputs([""]) }
    #expect(try outputs([""], BatchInputs(keepsExtension: true)).contains("A.mov.csv"))
    try Data().write(to: scratch.file("s2/a.mp4"))
    #expect(throws: BatchError.self) { try outputs(["a.mp4", "s2/a.mp4"]) }
  }

  /// Two ways to write a letter are two names, in a folder and of a folder.
  @Test func namesAreBytes() throws {
    for name in ["u/caf\u{E9}.mp4", "u/cafe\u{301}.mp4", "u/\u{E9}/x.mp4", "u/e\u{301}/x.mp4"] {
      let file = scratch.file(name)
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data().write(to: file)
    }
    let found = try outputs(["u"])
    #expect(found.count == 4 && Set(found.map { Array($0.utf8) }).count == 4)
    #expect(try outputs(["u", "u"]).count == 4)
    #expect(try outputs(["u/*.mp4"]).count == 2)
    // Shares do not depend on which of two such names the file system lists first.
    let names = found.map { $0 }
    let whole = (0..<2).map { share in
      Set(Shard(index: share, count: 2).share(of: [1, 1, 1, 1], names: names).map { Array(names[$0].utf8) })
    }
    let turned = Array(names.reversed())
    for share in 0..<2 {
      let mine = Shard(index: share, count: 2).share(of: [1, 1, 1, 1], names: turned).map { Array(turned[$0].utf8) }
      #expect(Set(mine) == whole[share])
    }
  }

  /// Whatever stands in a folder is read, or named.
  @Test func nothingIsLeftOutSilently() throws {
    let folder = scratch.file("w")
    let (files, bash) = (FileManager.default, try #require(Tool.find("bash")))
    try files.createDirectory(at: folder.appendingPathComponent("sub"), withIntermediateDirectories: true)
    for name in [
      "ok.mp4", "clip.qt", "tape.dv", "a.m2v", "b.h264", "c.f4v", "CAM.MOD", "d.gif", "notes.txt", "img.png",
      "who.knows", ".hidden.mp4",
    ] {
      try Data("x".utf8).write(to: folder.appendingPathComponent(name))
    }
    _ = try Tool.run(
      bash,
      [
        "-c",
        "mkdir ../day2 $'f\\xfc'; touch ../day2/x.mp4 $'M\\xfcller.mp4'; ln -s ../day2 link; ln -s .. sub/up; ln -s nowhere gone.mp4; mkfifo p.mp4",
      ],
      folder: folder)
    let selection = try BatchInputs().select([folder.path])
    #expect(
      selection.inputs.map(\.output)
        == ["CAM.csv", "a.csv", "b.csv", "c.csv", "clip.csv", "d.csv", "link/x.csv", "ok.csv", "tape.csv"])
    let failures = Set(selection.leftOut.filter(\.isFailure).map { ($0.path as NSString).lastPathComponent })
    #expect(failures.isSuperset(of: ["f\\xFC", "M\\xFCller.mp4", "gone.mp4"]))
    let others = Set(selection.leftOut.filter { !$0.isFailure }.map { ($0.path as NSString).lastPathComponent })
    #expect(others.isSuperset(of: ["notes.txt", "img.png", "who.knows", "p.mp4", "up"]))
    let table = BatchOutcome.failureTable([], leftOut: selection.leftOut)
    #expect(table.contains("gone.mp4,3,left out: a link to nothing\n") && table.contains("notes.txt,0,left out: "))
  }

  @Test func argumentsAreNothingButPaths() {
    for name in ["lavfi:x.mp4", "-o.mp4", "-", "v4l2:0", "http://x.mp4"] {
      #expect(BatchInput(path: name, output: "").argument == "./" + name)
    }
    for name in ["a.mp4", "dir/lavfi:x.mp4", "/x:y.mp4", "../a.mp4"] {
      #expect(BatchInput(path: name, output: "").argument == name)
    }
  }

  /// Spreadsheets take cells that begin so for formulas.
  @Test(arguments: ["=1+1.mp4", "+a.mp4", "-a.mp4", "@a.mp4", "\ta.mp4"]) func noFormulas(name: String) {
    let table = BatchOutcome.failureTable([(name, .failed(code: 3, message: "=x"))])
    #expect(table.split(separator: "\n")[1].hasPrefix("./" + name) && table.contains(", =x"))
  }

  @Test func lists() {
    #expect(BatchInputs.entries(ofList: "a.mp4\r\n\n# no\n  b c.mp4\n \n") == ["a.mp4", "  b c.mp4"])
  }
}

@Suite struct ShardTests {
  private func shard(_ text: String, _ environment: [String: String] = [:]) throws -> String {
    try Shard(text, environment: environment).description
  }

  @Test func written() throws {
    #expect(try shard("2/8") == "2/8")
    for bad in ["", "0/3", "4/3", "1", "1/", "/3", "a/3", "1/3/5", "1/0", "auto/0", "auto/x"] {
      #expect(throws: BatchError.self, "\(bad)") { try shard(bad) }
    }
    #expect(throws: BatchError.noArray) { try shard("auto") }
  }

  @Test(arguments: [
    (
      [
        "SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_MIN": "3", "SLURM_ARRAY_TASK_MAX": "9",
        "SLURM_ARRAY_TASK_STEP": "2",
        "SLURM_ARRAY_TASK_COUNT": "4",
      ], "auto", "2/4"
    ),
    (
      [
        "SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_MIN": "3", "SLURM_ARRAY_TASK_MAX": "3",
        "SLURM_ARRAY_TASK_COUNT": "1",
      ],
      "auto/40", "3/40"
    ),
    (["PBS_ARRAY_INDEX": "1"], "auto/4", "1/4"), (["PBS_ARRAYID": "4"], "auto/4", "4/4"),
    (["SGE_TASK_ID": "4", "SGE_TASK_FIRST": "2", "SGE_TASK_LAST": "8", "SGE_TASK_STEPSIZE": "2"], "auto", "2/4"),
    (["LSB_JOBINDEX": "3", "LSB_JOBINDEX_END": "6"], "auto", "3/6"),
    (["JOB_COMPLETION_INDEX": "0"], "auto/6", "1/6"),
    (["AWS_BATCH_JOB_ARRAY_INDEX": "5", "AWS_BATCH_JOB_ARRAY_SIZE": "6"], "auto", "6/6"),
  ])
  func schedulers(environment: [String: String], text: String, expected: String) throws {
    #expect(try shard(text, environment) == expected)
  }

  @Test(arguments: [
    (["JOB_COMPLETION_INDEX": "0"], "auto"), (["PBS_ARRAY_INDEX": "1"], "auto"), (["PBS_ARRAY_INDEX": "0"], "auto/4"),
    (["SGE_TASK_ID": "undefined"], "auto"), (["LSB_JOBINDEX": "0"], "auto"), (["JOB_COMPLETION_INDEX": "4"], "auto/4"),
    // --array=1,3,7
    (
      [
        "SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_MAX": "7",
        "SLURM_ARRAY_TASK_COUNT": "3",
      ],
      "auto"
    ),
  ])
  func arraysThatDoNotSay(environment: [String: String], text: String) {
    #expect(throws: BatchError.self) { try shard(text, environment) }
  }

  @Test func sharesAreBalancedAndComplete() {
    var random = SystemRandomNumberGenerator()
    let names = (0..<50).map { "v\($0).csv" }
    let weights = (0..<50).map { Double($0 * 37 % 23 + 1) }
    let shares = (0..<7).map { Shard(index: $0, count: 7).share(of: weights, names: names) }
    #expect(shares.flatMap { $0 }.sorted() == Array(0..<50))
    let loads = shares.map { $0.reduce(0) { $0 + weights[$1] } }
    #expect((loads.max() ?? 0) - (loads.min() ?? 0) <= 23)
    // The order of the inputs does not matter.
    let order = names.indices.shuffled(using: &random)
    let again = Shard(index: 2, count: 7).share(of: order.map { weights[$0] }, names: order.map { names[$0] })
    #expect(Set(again.map { names[order[$0]] }) == Set(shares[2].map { names[$0] }))
  }

  @Test func moreSharesThanVideos() {
    #expect(Shard(index: 4, count: 5).share(of: [3, 1], names: ["a", "b"]).isEmpty)
  }
}

@Suite struct ResumeTests {
  private let rule = ResumeRule(
    version: "1", weights: "w", detector: "f", pipeline: "y", options: ["pipeline": "p", "threads": "2"])
  private let stamp = FileStamp(byteSize: 10, modified: 5.25)

  private var manifest: RunManifest {
    func weights(_ hash: String) -> RunManifest.Weights {
      .init(file: "", sha256: hash, model: "", version: "", licence: "")
    }
    var manifest = RunManifest(
      dfer: "1", ffmpeg: "", started: Date(timeIntervalSince1970: 1), finished: Date(timeIntervalSince1970: 2),
      outcome: .complete, pipeline: "p", weights: weights("w"), detector: weights("f"), classes: ["a"], temperature: 1,
      preprocessing: [:], input: ["byte_size": "10", "modified_s": "5.25"], options: ["pipeline": "p", "threads": "8"],
      clipFrames: 16, clipSeconds: 1.6, hopSeconds: 0.8, counts: .init(), stageSeconds: [:], longestLatencySeconds: 0,
      outputs: [], warnings: [])
    (manifest.rowsSha256, manifest.pipelineSha256) = ("r", "y")
    manifest.loadChanges = [LoadChange(seconds: 3, step: 1, detectorEvery: 0.4, hop: 0.8)]
    return manifest
  }

  private func verdict(_ rows: String? = "r", change: (inout RunManifest) -> Void) -> ResumeRule.Verdict {
    var manifest = manifest
    change(&manifest)
    return rule.verdict(manifest: manifest, input: stamp, rowsSha256: rows)
  }

  @Test func equalIsKept() {
    #expect(verdict { _ in } == .keep(damaged: false))
    #expect(verdict { $0.outcome = .damaged } == .keep(damaged: true))
    #expect(verdict { $0.input["modified_s"] = "5.2501" } == .keep(damaged: false))
  }

  @Test func everyDifferenceCounts() {
    let changes: [(inout RunManifest) -> Void] = [
      { $0.input["byte_size"] = "11" }, { $0.input["modified_s"] = "6" }, { $0.input["modified_s"] = nil },
      { $0.outcome = .interrupted }, { $0.outcome = .failed }, { $0.rowsSha256 = nil }, { $0.dfer = "2" },
      { $0.pipelineSha256 = "z" }, { $0.pipelineSha256 = nil },
      { $0.weights.sha256 = "x" }, { $0.detector.sha256 = "x" }, { $0.options["hop"] = "0.4" }, { $0.options = [:] },
    ]
    for change in changes {
      guard case .redo = verdict(change: change) else {
        Issue.record("a difference was overlooked")
        continue
      }
    }
    #expect(verdict("other") { _ in } == .redo(reason: "the rows have changed"))
    #expect(verdict(nil) { _ in } != .keep(damaged: false))
    #expect(rule.verdict(manifest: nil, input: stamp, rowsSha256: "r") == .redo(reason: "no manifest"))
    #expect(rule.verdict(manifest: manifest, input: nil, rowsSha256: "r") == .redo(reason: "the video has changed"))
  }

  @Test func manifestsComeBackAsTheyWere() throws {
    let scratch = try ScratchFolder()
    let path = scratch.file("a.run.json").path
    try manifest.write(to: path)
    let back = try RunManifest(contentsOf: path)
    #expect(back.input == manifest.input && back.options == manifest.options && back.rowsSha256 == "r")
    #expect(back.started == manifest.started && back.outcome == .complete)
    #expect(rule.verdict(manifest: back, input: stamp, rowsSha256: "r") == .keep(damaged: false))
  }

  @Test func manifestsOfTheFirstContractAreRead() throws {
    let scratch = try ScratchFolder()
    let path = scratch.file("a.run.json").path
    try manifest.write(to: path)
    var text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(text.contains("\"schema\" : 2"))
    for (new, old) in [
      ("outcome", "ending"), ("detector", "finder"), ("skipped_frames", "not_needed_frames"),
      ("detector_runs", "finder_looks"), ("load_changes", "pace"), ("detector_every", "finder_every"),
    ] { text = text.replacing("\"\(new)\"", with: "\"\(old)\"") }
    text = text.replacing("  \"schema\" : 2,\n", with: "")
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    let back = try RunManifest(contentsOf: path)
    #expect(back.schema == nil && back.outcome == .complete && back.detector.file == manifest.detector.file)
    #expect(back.counts.skippedFrames == manifest.counts.skippedFrames && back.loadChanges == manifest.loadChanges)
    #expect(rule.verdict(manifest: back, input: stamp, rowsSha256: "r") == .keep(damaged: false))
  }
}

@Suite struct BatchOutcomeTests {
  @Test func worstOutcomeGivesTheCode() {
    let failed = BatchOutcome.failed(code: 137, message: "")
    #expect(BatchOutcome.exitCode([.ok, .ok]) == 0)
    #expect(BatchOutcome.exitCode([.ok, .damaged]) == 4)
    #expect(BatchOutcome.exitCode([.damaged, failed, .damaged]) == 3)
    #expect(BatchOutcome.exitCode([failed, .outputFailed(message: "")]) == 5)
  }

  @Test func failureTable() {
    let table = BatchOutcome.failureTable([
      ("a.mp4", .ok), ("b,\"c\".mp4", .failed(code: 3, message: "no video stream")), ("d.mp4", .damaged),
    ])
    #expect(
      table == "input,exit_code,message\n\"b,\"\"c\"\".mp4\",3,no video stream\n"
        + "d.mp4,4,the video is damaged; its rows say where\n")
  }

  /// Two batches may write to one folder, and each has its own failures.
  @Test func linesOfOtherBatchesStay() throws {
    let folder = try ScratchFolder()
    let (mine, other) = (folder.file("mine.mp4").path, folder.file("=other, 2.mp4").path)
    try Data().write(to: folder.file("=other, 2.mp4"))
    let before = BatchOutcome.failureTable([
      (mine, .failed(code: 3, message: "old")), (other, .failed(code: 3, message: "theirs")), ("/gone.mp4", .damaged),
    ])
    let table = BatchOutcome.failureTable([(mine, .ok)], keeping: before, ofOthersThan: [ExactName(mine)])
    #expect(table == "input,exit_code,message\n\"\(other)\",3,theirs\n")
    #expect(BatchOutcome.failureTable([(mine, .ok)], keeping: "no \"table") == "input,exit_code,message\n")
  }
}
