import DferTestSupport
import Foundation
import Testing

/// What somebody does right after installing: `dfer` alone, `dfer doctor`, `dfer demo`.
@Suite struct FirstMinuteTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  private func dfer(_ arguments: String..., environment: [String: String] = [:]) throws -> Tool.Result {
    try Tool.run(Tool.dfer, arguments, folder: scratch.url, environment: environment)
  }

  @Test func aloneItSaysWhatToTypeNext() throws {
    let result = try dfer()
    #expect(result.status == 0 && result.errors.isEmpty)
    #expect(result.output.split(separator: "\n").count < 12)
    for command in ["dfer demo", "dfer watch talk.mp4", "dfer doctor"] { #expect(result.output.contains(command)) }
  }

  @Test func doctorFindsEverythingHere() throws {
    let result = try dfer("doctor")
    #expect(result.status == 0, "\(result.output) \(result.errors)")
    for what in ["pipelines", "FFmpeg", "processor", "BLAS", "cameras", "disk", "memory", "configuration", "speed"] {
      #expect(result.output.contains(" \(what) "), "\(result.output)")
    }
    #expect(result.output.contains("h264") && result.output.contains("mtcae-dfer"))
    #expect(result.output.contains("times real time with one face"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.url.path).isEmpty, "nothing is left behind")
  }

  /// A program without its pipelines: copied alone to another place.
  @Test func doctorNamesWhatIsMissing() throws {
    let alone = scratch.file("bin/dfer")
    try FileManager.default.createDirectory(at: alone.deletingLastPathComponent(), withIntermediateDirectories: true)
    try FileManager.default.copyItem(at: Tool.dfer.resolvingSymlinksInPath(), to: alone)
    let result = try Tool.run(alone, ["doctor", "--no-speed"], folder: scratch.url, environment: ["DFER_HOME": ""])
    #expect(result.status == 3, "\(result.output)")
    #expect(result.output.contains("MISSING  pipelines") && result.output.contains("DFER_HOME"))
    let demo = try Tool.run(alone, ["demo"], folder: scratch.url, environment: ["DFER_HOME": ""])
    #expect(demo.status == 3 && demo.errors.contains("sample video is not installed"), "\(demo.errors)")
  }

  @Test func doctorReportsADamagedConfiguration() throws {
    let file = scratch.file("config.yaml")
    try "watch:\n  pipelin: x\n".write(to: file, atomically: true, encoding: .utf8)
    let result = try dfer("doctor", "--no-speed", environment: ["DFER_CONFIG": file.path])
    #expect(
      result.status == 3 && result.output.contains("did you mean 'pipeline'"), "\(result.output) \(result.errors)")
  }

  @Test func demoLeavesRowsAndAReport() throws {
    let result = try dfer("demo", "--no-open")
    #expect(result.status == 0, "\(result.errors)")
    let files = try FileManager.default.contentsOfDirectory(atPath: scratch.file("dfer-demo").path)
    #expect(Set(files) == ["demo.csv", "demo.html", "demo.mp4", "demo.run.json"])
    let rows = try String(contentsOf: scratch.file("dfer-demo/demo.csv"), encoding: .utf8)
    #expect(rows.contains("happiness") && rows.contains("surprise") && rows.contains("sadness"))
    #expect(result.output.contains("demo.html"))
    // Twice is no error.
    #expect(try dfer("demo", "--no-open", "--quiet").status == 0)
  }
}
