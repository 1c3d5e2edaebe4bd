import DferTestSupport
import Foundation
import Testing

/// The live view in a real browser.
@Suite(
  .enabled(if: Tool.hasFFmpeg, "needs the ffmpeg program"), .enabled(if: Chromium.program != nil, "needs chromium"),
  .enabled(if: Python.program != nil, "needs python3"))
struct BrowserTests {
  @Test func theViewWorksInABrowser() throws {
    let scratch = try ScratchFolder()
    let video = scratch.file("loop.mp4")
    let sample = Shared.root.appendingPathComponent("Samples/one-face.mp4").path
    try Tool.ffmpeg(
      [
        "-stream_loop", "-1", "-i", sample, "-t", "120", "-an", "-vf", "fps=25,scale=320:-2", "-c:v", "libx264",
        "-preset", "ultrafast",
        video.path,
      ])
    let port = Int.random(in: 20_000...50_000)
    var browser: Tool.Result?
    let server = try Tool.run(
      Tool.dfer, ["serve", video.path, "--simulate-live", "--keep-tubes", "0.1", "--port", "\(port)"]
    ) { process in
      browser = try? Tool.run(
        Python.program!,
        [
          Shared.root.appendingPathComponent("Tests/Live/browser.py").path, Chromium.program!.path,
          "http://127.0.0.1:\(port)/",
          ProcessInfo.processInfo.environment["DFER_SCREENSHOTS"] ?? scratch.url.path,
        ])
      process.interrupt()
    }
    #expect(server.status == 130, "\(server.errors)")
    let result = try #require(browser)
    #expect(result.status == 0, "\(result.errors)")
    let found = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    for name in ["picture", "rows", "faces", "pauses"] {
      #expect(found[name] as? Bool == true, "\(name): \(result.output)")
    }
    #expect((found["errors"] as? [String])?.isEmpty == true, "\(result.output)")
    #expect((found["unnamed"] as? [String])?.isEmpty == true, "\(result.output)")
    let requests = try #require(found["requests"] as? [String])
    // Chromium's own page for a server that is not there yet brings its images with it.
    let own = ["http://127.0.0.1:\(port)/", "blob:", "data:"]
    #expect(
      !requests.isEmpty && requests.allSatisfy { request in own.contains { request.hasPrefix($0) } },
      "\(requests.map { $0.prefix(80) })")
    let looks = ["light", "dark", "phone"].compactMap { found[$0] as? [String: Any] }
    #expect(
      looks.count == 3 && looks.allSatisfy { ($0["page_width"] as? Int ?? 9999) <= ($0["width"] as? Int ?? 0) },
      "\(result.output)")
    #expect(looks[0]["background"] as? String != looks[1]["background"] as? String)
  }
}

enum Chromium {
  static let program = Tool.find("chromium") ?? Tool.find("chromium-browser")
}
