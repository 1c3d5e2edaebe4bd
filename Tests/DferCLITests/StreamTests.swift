import DferTestSupport
import Foundation
import Testing

/// Streams of local servers that break in every way that streams break: rows 26 to 34 of the fault ladder.
@Suite(.serialized, .enabled(if: Tool.hasFFmpeg, "needs the ffmpeg program"))
struct StreamTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  /// A face, `seconds` long, in H.264 with a key frame every 12 frames of 25 a second.
  private func clip(_ seconds: Int, _ options: [String] = [], to name: String) throws -> String {
    let sample = Shared.root.appendingPathComponent("Samples/one-face.mp4").path
    try Tool.ffmpeg(
      [
        "-stream_loop", "-1", "-i", sample, "-t", "\(seconds)", "-an", "-vf", "fps=25,scale=320:-2", "-c:v", "libx264",
        "-preset",
        "ultrafast", "-g", "12", "-bf", "0", "-sc_threshold", "0", "-pix_fmt", "yuv420p",
      ] + options + [scratch.file(name).path])
    return scratch.file(name).path
  }

  private func watch(_ source: String, _ options: [String] = [], after: ((Process) -> Void)? = nil) throws -> Outcome {
    let csv = scratch.file("rows-\(UUID().uuidString).csv")
    let result = try Tool.run(
      Tool.dfer, ["watch", source, "--keep-tubes", "0.1", "-o", csv.path, "--read-timeout", "2"] + options, after: after
    )
    let facts =
      try? JSONSerialization.jsonObject(
        with: Data(contentsOf: csv.deletingPathExtension().appendingPathExtension("run.json"))) as? [String: Any]
    return Outcome(
      result: result, rows: CameraTests.rows((try? String(contentsOf: csv, encoding: .utf8)) ?? ""),
      counts: (facts?["counts"] as? [String: Any] ?? [:]).compactMapValues { $0 as? Int })
  }

  private struct Outcome {
    let result: Tool.Result
    let rows: [[String: String]]
    let counts: [String: Int]

    var holes: [(start: Double, end: Double)] {
      rows.filter { $0["status"]?.hasSuffix("_gap") == true }.map { (Double($0["start_s"]!)!, Double($0["end_s"]!)!) }
    }

    /// Every moment from the first row to the last is in a row, but for a few frames at an edge; and frames add up.
    func expectNothingUnexplained(sourceLocation: SourceLocation = #_sourceLocation) {
      var end = 0.0
      for row in rows {
        let (from, to) = (Double(row["start_s"]!)!, Double(row["end_s"]!)!)
        #expect(
          from <= end + 0.25, "nothing says what was between \(end) and \(from) s", sourceLocation: sourceLocation)
        end = max(end, to)
      }
      let count = { (name: String) in counts[name] ?? 0 }
      #expect(
        count("source_frames") == count("decoded_frames") + count("dropped_frames") + count("unread_frames"),
        sourceLocation: sourceLocation)
      #expect(
        count("decoded_frames") == count("used_frames") + count("skipped_frames") && count("decoded_frames") > 0,
        sourceLocation: sourceLocation)
    }
  }

  /// Starts a helper that runs until the test is over.
  private func start(_ program: URL?, _ arguments: [String]) throws -> Process {
    let process = Process()
    process.executableURL = try #require(program)
    process.arguments = arguments
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
  }

  private func script(_ name: String) -> String { Shared.root.appendingPathComponent("Tests/Live/\(name)").path }

  private func waitFor(_ port: Int) {
    for _ in 0..<100 {
      let probe = try? Tool.run(
        URL(fileURLWithPath: "/bin/bash"), ["-c", "exec 3<>/dev/tcp/127.0.0.1/\(port)"])
      if probe?.status == 0 { return }
      Thread.sleep(forTimeInterval: 0.1)
    }
  }

  // MARK: Row 30

  @Test(
    .enabled(
      if: GStreamer.python != nil, "needs gir1.2-gst-rtsp-server-1.0, python3-gi and GStreamer's good and bad plugins"))
  func rtspServerStallsAndIsKilledAndComesBack() throws {
    let file = try clip(60, to: "camera.mp4")
    let port = Int.random(in: 20_000...50_000)
    func serve() throws -> Process {
      let server = try start(GStreamer.python, [script("rtsp.py"), "\(port)", file])
      waitFor(port)
      return server
    }
    var server = try serve()
    defer { kill(server.processIdentifier, SIGKILL) }
    let outcome = try watch("rtsp://user:secret@127.0.0.1:\(port)/live") { process in
      Thread.sleep(forTimeInterval: 4)
      kill(server.processIdentifier, SIGSTOP)
      Thread.sleep(forTimeInterval: 3.5)
      kill(server.processIdentifier, SIGKILL)
      server.waitUntilExit()
      server = (try? serve()) ?? server
      Thread.sleep(forTimeInterval: 5)
      process.interrupt()
    }
    #expect(outcome.result.status == 130, "\(outcome.result.errors)")
    #expect(outcome.result.errors.contains("lost (nothing for 2.0 s); next try in 1 s"), "\(outcome.result.errors)")
    #expect(!outcome.result.errors.contains("secret") && !outcome.result.output.contains("secret"))
    // A machine that stands still for a second has a hole of its own.
    let hole = try #require(outcome.holes.max { $0.end - $0.start < $1.end - $1.start })
    // 2 s of silence, 1 s of waiting, and the server was stopped for longer than both.
    #expect(hole.end - hole.start > 3 && (outcome.rows.last.flatMap { Double($0["end_s"]!) } ?? 0) > hole.end + 1)
    outcome.expectNothingUnexplained()
  }

  @Test(.enabled(if: Python.program != nil, "needs python3"))
  func udpThatLosesPacketsIsExplained() throws {
    let (from, to) = (Int.random(in: 20_000...35_000), Int.random(in: 35_001...50_000))
    let relay = try start(#require(Python.program), [script("lossy.py"), "\(from)", "\(to)", "97"])
    defer { kill(relay.processIdentifier, SIGKILL) }
    let file = try clip(9, to: "sent.mp4")
    let sender = try start(
      Tool.find("ffmpeg"),
      [
        "-nostdin", "-v", "quiet", "-re", "-i", file, "-c", "copy", "-f", "mpegts",
        "udp://127.0.0.1:\(from)?pkt_size=1316",
      ])
    defer { kill(sender.processIdentifier, SIGKILL) }
    let outcome = try watch("udp://127.0.0.1:\(to)", ["--on-disconnect", "stop"])
    #expect(outcome.result.status == 4, "\(outcome.result.status) \(outcome.result.errors)")
    #expect(outcome.result.errors.contains("lost (nothing for 2.0 s)"))
    #expect(outcome.holes.contains { $0.end - $0.start > 0.5 && $0.end - $0.start < 2 }, "\(outcome.holes)")
    #expect((outcome.counts["damaged_packets"] ?? 0) > 0)
    outcome.expectNothingUnexplained()
  }

  // MARK: Row 31

  @Test(.enabled(if: Python.program != nil, "needs python3"))
  func liveHLSWithAMissingSegmentAndAStall() throws {
    _ = try clip(
      12,
      ["-f", "hls", "-hls_time", "0.48", "-hls_list_size", "0", "-hls_segment_filename", scratch.file("i%d.ts").path],
      to: "all.m3u8")
    let port = Int.random(in: 20_000...50_000)
    let server = try start(Python.program, [script("hls.py"), "\(port)", scratch.url.path, "10", "16", "1"])
    defer { kill(server.processIdentifier, SIGKILL) }
    waitFor(port)
    let outcome = try watch(
      "http://127.0.0.1:\(port)/live.m3u8?token=secret", ["--read-timeout", "5", "--on-disconnect", "stop"])
    #expect([0, 4].contains(outcome.result.status), "\(outcome.result.errors)")
    #expect(outcome.rows.allSatisfy { $0["wall_time"]?.hasSuffix("Z") == true }, "a playlist without an end is live")
    #expect(outcome.rows.contains { $0["status"] == "stream_gap" })
    // 0.48 s, and more only by frames that were dropped beside it.
    #expect(outcome.holes.contains { (0.4...1.6).contains($0.end - $0.start) }, "\(outcome.holes)")
    #expect(!outcome.result.errors.contains("secret"))
    outcome.expectNothingUnexplained()
  }

  // MARK: Rows 26, 33

  @Test(arguments: ["ts", "mp4", "flv"]) func aFileThatGrowsIsFollowed(ending: String) throws {
    let fragments = ending == "mp4" ? ["-movflags", "+frag_keyframe+empty_moov"] : []
    let file = try clip(6, fragments, to: "whole." + ending)
    let whole = try Data(contentsOf: URL(fileURLWithPath: file))
    let growing = scratch.file("growing." + ending)
    try whole.prefix(whole.count / 2).write(to: growing)
    let outcome = try watch(growing.path, ["--follow", "--read-timeout", "3"]) { _ in
      Thread.sleep(forTimeInterval: 1.5)
      let file = try? FileHandle(forWritingTo: growing)
      _ = try? file?.seekToEnd()
      try? file?.write(contentsOf: whole.suffix(from: whole.count / 2))
    }
    #expect(outcome.result.status == 0, "\(outcome.result.errors)")
    #expect(outcome.counts["decoded_frames"] == 150)
    #expect(outcome.rows.last?["end_s"] == "6.000000")
  }

  @Test(.enabled(if: Python.program != nil, "needs python3"))
  func aReaderThatStopsReadingIsSpokenOf() throws {
    let file = try clip(60, to: "long.mp4")
    // A pipe of one page, and a reader that reads none of it.
    let line = """
      "$DFER" watch "$FILE" --simulate-live --quiet --keep-tubes 0.1 --hop 0.1 -o - \
        | python3 -c 'import fcntl, time; fcntl.fcntl(0, 1031, 4096); time.sleep(12)'
      """
    let errors = try Tool.run(
      URL(fileURLWithPath: "/bin/bash"), ["-c", line], environment: ["DFER": Tool.dfer.path, "FILE": file]
    ).errors
    #expect(errors.contains("nobody has read for 5 s; new frames are dropped meanwhile"), "\(errors)")
  }

  // MARK: Files of a long run

  @Test func rotationKeepsEveryRowOnce() throws {
    let file = try clip(6, to: "day.mp4")
    let csv = scratch.file("day.csv")
    let result = try Tool.run(
      Tool.dfer,
      [
        "watch", file, "--simulate-live", "--keep-tubes", "0.1", "--split-every", "2s", "-o", csv.path, "-o",
        scratch.file("one.jsonl").path,
      ])
    #expect([0, 4].contains(result.status), "\(result.errors)")
    let names = try FileManager.default.contentsOfDirectory(atPath: scratch.url.path).filter { $0.hasPrefix("day-") }
      .sorted()
    #expect(names.count > 1 && names.allSatisfy { $0.wholeMatch(of: /day-\d{8}T\d{6}Z\.csv/) != nil }, "\(names)")
    let rows = try names.flatMap { CameraTests.rows(try String(contentsOf: scratch.file($0), encoding: .utf8)) }
    let clips = rows.map { Int($0["clip"]!)! }
    #expect(clips == clips.sorted() && Set(clips) == Set(0...(clips.last ?? 0)))
    #expect(Set(rows.map { "\($0["clip"]!) \($0["face_id"]!)" }).count == rows.count)
    #expect(rows.last?["end_s"] == "6.000000")
    let facts = try JSONSerialization.jsonObject(with: Data(contentsOf: scratch.file("day.run.json"))) as? [String: Any]
    #expect((facts?["outputs"] as? [String])?.filter { $0.hasSuffix(".csv") }.count == names.count)
    let verified = try Tool.run(Tool.dfer, ["verify", scratch.file(names[1]).path, file, "--fast"])
    #expect(verified.status == 0 && verified.output.contains("\(rows.count) rows"), "\(verified)")
    #expect(try Tool.run(Tool.dfer, ["watch", file, "--split-every", "90"]).errors.contains("--rotation 90"))
    #expect(try Tool.run(Tool.dfer, ["watch", file, "--split-every", "1h", "-o", "a.eaf"]).status == 2)
  }
}

enum GStreamer {
  /// A Python that can start an RTSP server.
  static let python = [URL(fileURLWithPath: "/usr/bin/python3"), Python.program].compactMap { $0 }.first {
    (try? Tool.run($0, ["-c", "import gi; gi.require_version('GstRtspServer', '1.0')"]))?.status == 0
  }
}
