import DferTestSupport
import Foundation
import Testing

/// Live sources on loopback: the pace is theirs, and what is lost is said.
@Suite(.serialized, .enabled(if: Tool.hasFFmpeg, "needs the ffmpeg program"))
struct LiveTests {
  private let sample = Shared.root.appendingPathComponent("Samples/one-face.mp4").path

  @Test func simulatedLiveKeepsPaceAndCountsDrops() throws {
    let scratch = try ScratchFolder()
    let (clip, csv) = (scratch.file("clip.mp4"), scratch.file("live.csv"))
    try Tool.ffmpeg(["-i", sample, "-t", "3", "-c:v", "libx264", "-preset", "veryfast", clip.path])
    let start = ContinuousClock.now
    let result = try Tool.run(Tool.dfer, ["watch", clip.path, "--simulate-live", "-o", csv.path])
    // A machine that stands still for more than a second has holes, and says so.
    #expect([0, 4].contains(result.status), "\(result.errors)")
    #expect(ContinuousClock.now - start > .seconds(2.9))
    let manifest =
      try JSONSerialization.jsonObject(
        with: Data(contentsOf: scratch.file("live.run.json"))) as? [String: Any]
    let counts = try #require(manifest?["counts"] as? [String: Any])
    let count = { (name: String) in counts[name] as? Int ?? -1 }
    #expect(count("decoded_frames") + count("dropped_frames") == 75)
    #expect(count("decoded_frames") == count("used_frames") + count("skipped_frames"))
    let rows = try String(contentsOf: csv, encoding: .utf8).split(separator: "\n")
    #expect(rows.first?.hasSuffix(",wall_time") == true)
    #expect(rows.count > 2)
    #expect(rows.dropFirst().allSatisfy { $0.hasSuffix("Z") || $0.contains("stream_gap") })
  }

  @Test func lostStreamComesBackWithAHoleAndANewFace() throws {
    let scratch = try ScratchFolder()
    let csv = scratch.file("stream.csv")
    let url = "udp://127.0.0.1:\(Int.random(in: 20_000...50_000))"
    let ffmpeg = try #require(Tool.find("ffmpeg"))
    func send(_ seconds: String) -> Process {
      let process = Process()
      process.executableURL = ffmpeg
      process.arguments = [
        "-nostdin", "-v", "error", "-re", "-i", sample, "-t", seconds, "-c:v", "mpeg2video", "-q:v", "3", "-f",
        "mpegts",
        url + "?pkt_size=1316",
      ]
      return process
    }
    let result = try Tool.run(
      Tool.dfer, ["watch", url, "--read-timeout", "2", "-o", csv.path]
    ) { watcher in
      let first = send("4")
      try? first.run()
      first.waitUntilExit()
      Thread.sleep(forTimeInterval: 4)
      let second = send("6")
      try? second.run()
      for _ in 0..<120 where !((try? String(contentsOf: csv, encoding: .utf8)) ?? "").contains("stream_gap") {
        Thread.sleep(forTimeInterval: 0.1)
      }
      second.waitUntilExit()
      watcher.interrupt()
    }
    #expect(result.status == 130, "\(result.errors)")
    let text = try String(contentsOf: csv, encoding: .utf8)
    #expect(text.contains("stream_gap"))
    #expect(result.errors.contains("next try in 1 s"))
    let starts = text.split(separator: "\n").dropFirst().compactMap {
      Double($0.split(separator: ",", omittingEmptySubsequences: false)[2])
    }
    #expect(starts == starts.sorted())
  }

  @Test func camerasThatAreNotThereAreNamed() throws {
    let result = try Tool.run(Tool.dfer, ["watch", "v4l2:97"])
    #expect(result.status == 3)
    #expect(result.errors.contains("no such camera"))
  }

  @Test func secretsOfURLsAreNeverShown() throws {
    let result = try Tool.run(Tool.dfer, ["watch", "http://user:secret@127.0.0.1:9/x.mp4"])
    #expect(result.status == 3)
    #expect(!result.errors.contains("secret"))
  }
}
