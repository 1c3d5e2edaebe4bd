import DferTestSupport
import Foundation
import Testing

/// The rows of the ladder that are no file.
extension Ladder {
  private var bash: URL { get throws { try #require(Tool.find("bash")) } }

  /// Runs a line of shell with `$DFER` and `$F` (the folder of faults) set.
  private func shell(_ line: String, environment: [String: String] = [:]) throws -> Tool.Result {
    try Tool.run(
      bash, ["-c", line], folder: scratch.url,
      environment: ["DFER": Tool.dfer.path, "F": input("").path].merging(environment) { $1 })
  }

  func pipeEndsEarly() throws {
    let whole = try Data(contentsOf: input("no-duration.mkv"))
    _ = try write(whole.prefix(whole.count * 2 / 3), "head.mkv")
    let result = try shell("cat head.mkv | \"$DFER\" watch - --quiet --keep-tubes 0.1 -o p.csv")
    #expect([0, 4].contains(result.status), "\(result.errors)")
    #expect(rows(file("p.csv")).contains { $0["label"]?.isEmpty == false })
  }

  /// The base has its index at the end; a file on standard input can go back, a pipe cannot.
  func indexBehindAPipe() throws {
    let pipe = try shell("cat \"$F/base.mp4\" | \"$DFER\" watch - --quiet -o p.csv; exit ${PIPESTATUS[1]}")
    #expect(pipe.status == 3 && pipe.errors.contains("faststart"), "\(pipe.status) \(pipe.errors)")
    let file = try shell("\"$DFER\" watch - --quiet --keep-tubes 0.1 -o f.csv < \"$F/base.mp4\"")
    #expect(file.status == 0 && rows(self.file("f.csv")).count > 1, "\(file.errors)")
  }

  /// Started with SIGINT ignored, as shells do in the background, the first one still ends it.
  func pipeWithoutAWriter() throws {
    let result = try shell(
      "mkfifo nobody; (trap '' INT; exec \"$DFER\" watch nobody --quiet -o n.csv) & sleep 1.5; kill -INT $!; "
        + "(sleep 8; kill -KILL $! 2>/dev/null) & wait %1; exit $?")
    #expect(result.status == 130, "\(result.status) \(result.errors)")
    let given = try shell("mkfifo late; timeout -s KILL 20 \"$DFER\" watch late --quiet --read-timeout 1 -o l.csv")
    #expect(given.status == 3 && given.errors.contains("late"), "\(given.status) \(given.errors)")
  }

  /// Started by a thread that blocks every signal, as those of pools do and hand on, and with the default action even
  /// where the tests run under `nohup`.
  func hangUp() throws {
    let result = try withSignalsBlocked {
      try Tool.run(
        #require(Tool.find("env")),
        [
          "--default-signal=HUP", Tool.dfer.path, "watch", try long(), "--quiet", "--keep-tubes", "0.1", "-o",
          file("hup.csv"), "-o", file("hup.json"),
        ]
      ) { process in
        waitForRows("hup.csv")
        kill(process.processIdentifier, SIGHUP)
      }
    }
    #expect(result.status == 130, "\(result.errors)")
    #expect(
      FileManager.default.fileExists(atPath: file("hup.json"))
        && FileManager.default.fileExists(atPath: file("hup.run.json")))
  }

  private func withSignalsBlocked<Result>(_ body: () throws -> Result) rethrows -> Result {
    var (all, before) = (sigset_t(), sigset_t())
    sigfillset(&all)
    pthread_sigmask(SIG_BLOCK, &all, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    return try body()
  }

  /// A folder of images without some in the middle.
  func missingNumbers() throws -> String {
    try FileManager.default.createDirectory(at: scratch.file("numbers"), withIntermediateDirectories: true)
    try Tool.ffmpeg(["-i", input("base.mp4").path, "-an", "-frames:v", "60", file("numbers/f%03d.png")])
    for number in 41...50 { try FileManager.default.removeItem(at: scratch.file("numbers/f0\(number).png")) }
    return file("numbers")
  }

  func pipeNeverBegins() throws {
    let result = try shell(
      "sleep 20 | timeout 15 \"$DFER\" watch - --quiet --read-timeout 1 -o p.csv; exit ${PIPESTATUS[1]}")
    #expect(result.status == 3 && result.errors.contains("no answer in time"), "\(result.status) \(result.errors)")
  }

  func missingSegment() throws -> String {
    try Tool.ffmpeg(
      [
        "-stream_loop", "2", "-i", input("base.mp4").path, "-an", "-vf", "scale=320:-2", "-c:v", "libx264", "-preset",
        "ultrafast", "-g", "90", "-keyint_min", "90", "-sc_threshold", "0", "-f", "hls", "-hls_time", "3",
        "-hls_list_size", "0", file("i.m3u8"),
      ])
    try FileManager.default.removeItem(atPath: file("i1.ts"))
    return file("i.m3u8")
  }

  func slowReader() throws {
    let result = try shell(
      "\"$DFER\" watch \"$F/base.mp4\" --quiet --keep-tubes 0.1 -o - | while read -r l; do sleep 0.3; echo \"$l\"; done; exit ${PIPESTATUS[0]}"
    )
    let alone = try watch(input("base.mp4").path)
    #expect(result.status == 0 && result.output.split(separator: "\n").count == alone.rows.count + 1)
  }

  func readerGoesAway() throws {
    let result = try shell(
      "\"$DFER\" watch \"$F/base.mp4\" --quiet --keep-tubes 0.1 -o - | head -n 1; exit ${PIPESTATUS[0]}")
    #expect([0, 141].contains(result.status) && result.errors.isEmpty, "\(result.status) \(result.errors)")
    #expect(result.output.hasPrefix("clip,"))
  }

  func fullDisk() throws {
    let before = try Data(contentsOf: input("base.mp4"))
    let result = try shell("\"$DFER\" watch \"$F/base.mp4\" --quiet -o /dev/full --overwrite")
    #expect(result.status == 5 && result.errors.contains("disk is full"), "\(result.errors)")
    #expect(try Data(contentsOf: input("base.mp4")) == before)
  }

  func outputsInTheWay() throws {
    _ = try write(Data("precious\n".utf8), "kept.csv")
    _ = try write(Data("precious\n".utf8), "facts.run.json")
    for (options, word) in [
      ("-o kept.csv", "--overwrite"), ("-o no/such/folder.csv", "folder"),
      ("-o \"$F/base.mp4\" --overwrite", "is the input"),
      ("-o facts.csv", "--overwrite"),
    ] {
      let result = try shell("\"$DFER\" watch \"$F/base.mp4\" --quiet \(options)")
      #expect([2, 5].contains(result.status) && result.errors.contains(word), "\(options): \(result.errors)")
    }
    #expect(try String(contentsOfFile: file("kept.csv"), encoding: .utf8) == "precious\n")
    #expect(try String(contentsOfFile: file("facts.run.json"), encoding: .utf8) == "precious\n")
    #expect(!FileManager.default.fileExists(atPath: file("facts.csv")))
  }

  /// Many minutes of video: no machine is fast enough to reach the end before the signal, however late that comes.
  private func long() throws -> String {
    try Tool.ffmpeg(["-stream_loop", "600", "-i", input("base.mp4").path, "-an", "-c", "copy", file("long.mp4")])
    return file("long.mp4")
  }

  private func waitForRows(_ name: String) {
    for _ in 0..<400 {
      Thread.sleep(forTimeInterval: 0.05)
      if ((try? String(contentsOfFile: file(name), encoding: .utf8)) ?? "").split(separator: "\n").count > 3 { return }
    }
  }

  func signals() throws {
    let video = try long()
    for (signal, name) in [(SIGINT, "int"), (SIGTERM, "term")] {
      let result = try Tool.run(
        Tool.dfer,
        [
          "watch", video, "--quiet", "--keep-tubes", "0.1", "-o", file(name + ".csv"), "-o", file(name + ".vtt"), "-o",
          file(name + ".json"),
        ]
      ) { process in
        waitForRows(name + ".csv")
        kill(process.processIdentifier, signal)
      }
      #expect([130, 143].contains(result.status), "\(result.errors)")
      let found = rows(file(name + ".csv"))
      #expect(Set(found.map(\.count)).count == 1)
      let document =
        try JSONSerialization.jsonObject(with: Data(contentsOf: scratch.file(name + ".json"))) as? [String: Any]
      #expect((document?["rows"] as? [Any])?.count == found.count)
      #expect(try String(contentsOf: scratch.file(name + ".vtt"), encoding: .utf8).hasPrefix("WEBVTT"))
      #expect(try String(contentsOf: scratch.file(name + ".run.json"), encoding: .utf8).contains("interrupted"))
    }
  }

  func killed() throws {
    let result = try Tool.run(
      Tool.dfer,
      [
        "watch", try long(), "--quiet", "--keep-tubes", "0.1", "-o", file("k.csv"), "-o", file("k.jsonl"), "-o",
        file("k.sqlite"),
      ]
    ) { process in
      waitForRows("k.csv")
      kill(process.processIdentifier, SIGKILL)
    }
    #expect(result.status == -SIGKILL)
    let lines = try String(contentsOf: scratch.file("k.csv"), encoding: .utf8).split(
      separator: "\n", omittingEmptySubsequences: false)
    let whole = lines.dropLast()
    #expect(whole.count > 3 && Set(whole.map { $0.count { $0 == "," } }).count == 1)
    #expect(!FileManager.default.fileExists(atPath: file("k.sqlite")))
    let summary = try Tool.run(Tool.dfer, ["summary", file("k.csv")])
    #expect(summary.errors.contains("the run was killed before the end of the video"), "\(summary.errors)")
    let objects = try String(contentsOf: scratch.file("k.jsonl"), encoding: .utf8).split(
      separator: "\n", omittingEmptySubsequences: false
    ).dropLast()
    for line in objects { _ = try JSONSerialization.jsonObject(with: Data(line.utf8)) }
  }

  func wrongWeights() throws {
    let pipelines = Shared.root.appendingPathComponent("Pipelines")
    for name in ["mtcae-dfer.yaml", "face-finder.safetensors"] {
      try FileManager.default.copyItem(at: pipelines.appendingPathComponent(name), to: scratch.file(name))
    }
    let weights = try Data(contentsOf: pipelines.appendingPathComponent("mtcae-dfer.safetensors"))
    for (data, name) in [
      (weights.prefix(weights.count / 2), "cut"), (Data("hello".utf8), "text"), (Data(), "empty"),
      (try Data(contentsOf: pipelines.appendingPathComponent("face-finder.safetensors")), "another network"),
    ] {
      try data.write(to: scratch.file("mtcae-dfer.safetensors"))
      let outcome = try watch(input("base.mp4").path, ["--pipeline", "./mtcae-dfer.yaml"])
      #expect(outcome.result.status == 3 && outcome.rows.isEmpty, "\(name)")
      #expect(outcome.result.errors.contains("mtcae-dfer.safetensors"), "\(name): \(outcome.result.errors)")
    }
  }

  func poorSurroundings() throws {
    let sound = try watch(input("base.mp4").path)
    let core = Tool.find("taskset") == nil ? "" : "taskset -c 0 "
    let result = try shell(
      "mkdir only && cd only && env -i LC_ALL=de_DE.UTF-8 LANG=de_DE.UTF-8 DFER_HOME=\"$R\" \(core)\"$DFER\" watch \"$F/base.mp4\" "
        + "--quiet --keep-tubes 0.1 -o poor.csv", environment: ["R": Shared.root.path])
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: file("only")).sorted() == ["poor.csv", "poor.run.json"])
    let poor = rows(file("only/poor.csv"))
    #expect(poor.map { $0["label"] } == sound.rows.map { $0["label"] } && poor.count == sound.rows.count)
  }

  func lateFace() throws -> String {
    try Tool.ffmpeg(
      [
        "-i", input("no-face.mp4").path, "-i", input("base.mp4").path, "-filter_complex",
        "[0:v]fps=30,scale=640:480,setsar=1[a];[1:v]setsar=1[b];[a][b]concat=n=2:v=1", "-an", file("late.mp4"),
      ])
    return file("late.mp4")
  }

  /// Three frames of that size.
  func resized(_ size: String) throws -> String {
    try Tool.ffmpeg(
      [
        "-i", input("base.mp4").path, "-an", "-frames:v", "3", "-vf", "scale=\(size)", "-c:v", "ffv1",
        file("small.avi"),
      ])
    return file("small.avi")
  }

  /// A photograph for five seconds, as a camera sees it: grain, a lamp that flickers, and a lossy codec. It never moves,
  /// the person does.
  func poster() throws {
    try Tool.ffmpeg(
      [
        "-i", input("base.mp4").path, "-an", "-vf",
        "select='eq(n,0)',loop=-1:1,setpts=N/25/TB,trim=duration=5,eq=brightness='0.03*sin(20*t)':eval=frame,noise=alls=8:allf=t",
        "-r", "25", "-c:v", "libx264", "-preset", "veryfast", "-crf", "26", "-pix_fmt", "yuv420p", file("poster.mp4"),
      ])
    for (video, isStill) in [(file("poster.mp4"), "1"), (input("base.mp4").path, "0")] {
      let outcome = try watch(video)
      #expect(outcome.result.status == 0 && outcome.rows.contains { $0["motion"]?.isEmpty == false })
      let rows = try #require(
        FileManager.default.contentsOfDirectory(atPath: scratch.url.path).filter {
          $0.hasPrefix("out-") && $0.hasSuffix(".csv")
        }.first)
      let summary = try Tool.run(Tool.dfer, ["summary", file(rows)])
      try FileManager.default.removeItem(atPath: file(rows))
      let lines = summary.output.split(separator: "\n").map {
        $0.split(separator: ",", omittingEmptySubsequences: false)
      }
      let column = try #require(lines.first?.firstIndex(of: "still_face"))
      #expect(lines.count == 2 && lines[1][column] == isStill, "\(summary.output)")
    }
  }

  func thirtyFaces() throws {
    try Tool.ffmpeg(
      [
        "-i", input("base.mp4").path, "-t", "2", "-an", "-vf",
        "crop=320:320:160:100,scale=200:200,split=6[a][b][c][d][e][f];[a][b][c][d][e][f]hstack=6,split=5[g][h][i][j][k];[g][h][i][j][k]vstack=5",
        file("crowd.mp4"),
      ])
    let all = try watch(file("crowd.mp4"))
    #expect(all.result.status == 0 && Set(all.rows.compactMap { $0["face_id"] }).count >= 28)
    let capped = try watch(file("crowd.mp4"), ["--max-faces", "8"])
    let perClip = Dictionary(grouping: capped.rows) { $0["clip"] ?? "" }
    #expect(capped.result.status == 0 && perClip.values.allSatisfy { $0.count <= 9 })
  }
}
