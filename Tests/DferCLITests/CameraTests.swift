import DferTestSupport
import Foundation
import Testing

/// Cameras, by the code that talks to real ones: a library put before the C library answers for `/dev/video7`.
@Suite(
  .serialized, .enabled(if: Tool.hasFFmpeg, "needs the ffmpeg program"),
  .enabled(if: FakeCamera.library != nil, "needs a C compiler and Linux"))
struct CameraTests {
  private let scratch: ScratchFolder

  init() throws { scratch = try ScratchFolder() }

  /// Cameras need eighty libraries more than files do.
  @Test func onlyDevicesLoadTheLibraryOfDevices() throws {
    let said = ["LD_DEBUG": "files"]
    let file = Shared.root.appendingPathComponent("Samples/one-face.mp4").path
    let read = try Tool.run(
      Tool.dfer, ["watch", file, "--end", "1", "-o", scratch.file("r.csv").path], environment: said)
    #expect(read.status == 0 && read.errors.contains("libavformat") && !read.errors.contains("libavfilter"))
    #expect(try Tool.run(Tool.dfer, ["watch", "v4l2:6"], environment: said).errors.contains("libavdevice"))
  }

  @Test func devicesAreListedWithTheirModes() throws {
    let free = try FakeCamera().run(["devices"])
    #expect(free.output == "/dev/video7  Test camera\n  yuyv422    640x480     25 fps\n", "\(free.errors)")
    #expect(try FakeCamera(state: "busy").run(["devices"]).output.contains("in use by another program"))
    #expect(try FakeCamera(state: "forbidden").run(["devices"]).output.contains("no permission"))
  }

  @Test(arguments: [
    ("", "v4l2:6", "no such camera"), ("busy", "v4l2:7", "in use by another program"),
    ("forbidden", "v4l2:7", "no permission"), ("", "v4l2:/dev/null", "is no camera"),
  ])
  func whyACameraCannotBeUsed(state: String, source: String, words: String) throws {
    let result = try FakeCamera(state: state).run(["watch", source])
    #expect(result.status == 3)
    #expect(result.errors.contains(words), "\(result.errors)")
  }

  @Test func unpluggedIsNoticedAtOnceAndTheCameraComesBack() throws {
    let csv = scratch.file("camera.csv")
    let text = { (try? String(contentsOf: csv, encoding: .utf8)) ?? "" }
    var rowsWhileGone = ""
    let result = try FakeCamera(unplug: 5, back: 7).run(
      ["watch", "v4l2:7", "--keep-tubes", "0.1", "-o", csv.path]
    ) { process in
      Thread.sleep(forTimeInterval: 6.5)
      rowsWhileGone = text()
      for _ in 0..<100 where !text().contains("stream_gap") || !text().contains("\n8,") {
        Thread.sleep(forTimeInterval: 0.1)
      }
      process.interrupt()
    }
    #expect(result.status == 130, "\(result.errors)")
    #expect(result.errors.contains("lost (No such device); next try in 1 s"))
    #expect(result.errors.contains("lost (no such camera"))
    let rows = Self.rows(text())
    let hole = try #require(rows.firstIndex { $0["status"] == "stream_gap" })
    #expect(rows[hole]["wall_time"]?.hasSuffix("Z") == true)
    // The clip that the loss cut short did not wait for the camera to come back.
    #expect(Self.rows(rowsWhileGone).count == hole)
    let (end, start) = (Double(rows[hole - 1]["end_s"]!)!, Double(rows[hole]["start_s"]!)!)
    #expect(abs(end - start) < 0.1)
    let ids = { (rows: ArraySlice<[String: String]>) in Set(rows.compactMap { $0["face_id"] }).subtracting([""]) }
    #expect(!ids(rows[..<hole]).isEmpty && ids(rows[..<hole]).isDisjoint(with: ids(rows[hole...])))
  }

  @Test func aSilentCameraCostsNothing() throws {
    var used = 0.0
    let result = try FakeCamera(state: "silent").run(["watch", "v4l2:7", "--read-timeout", "1"]) { process in
      Thread.sleep(forTimeInterval: 2)
      let before = Self.cpuSeconds(process)
      Thread.sleep(forTimeInterval: 4)
      used = Self.cpuSeconds(process) - before
      process.interrupt()
    }
    #expect(result.errors.contains("nothing for 1.0 s"), "\(result.errors)")
    #expect(used < 0.6, "\(used) s of processor time in 4 s of waiting")
  }

  @Test func virtualDevicesAreReadLikeCameras() throws {
    let csv = scratch.file("virtual.csv")
    let result = try Tool.run(
      Tool.dfer,
      [
        "watch", "--input-format", "lavfi", "lavfi:testsrc2=s=160x120:r=25:d=2,realtime", "--on-disconnect", "stop",
        "-o", csv.path,
      ])
    #expect(result.status == 0, "\(result.errors)")
    let rows = Self.rows(try String(contentsOf: csv, encoding: .utf8))
    #expect(rows.last?["end_s"] == "2.000000" && rows.allSatisfy { $0["wall_time"]?.hasSuffix("Z") == true })
  }

  @Test(.enabled(if: Tool.find("Xvfb") != nil, "needs Xvfb")) func theScreenIsASource() throws {
    let server = Process()
    server.executableURL = Tool.find("Xvfb")
    let display = ":\(Int.random(in: 2000...9000))"
    server.arguments = [display, "-screen", "0", "320x240x24"]
    server.standardError = FileHandle.nullDevice
    try server.run()
    defer { kill(server.processIdentifier, SIGKILL) }
    let socket = "/tmp/.X11-unix/X\(display.dropFirst())"
    for _ in 0..<50 where !FileManager.default.fileExists(atPath: socket) { Thread.sleep(forTimeInterval: 0.1) }
    let csv = scratch.file("screen.csv")
    let result = try Tool.run(Tool.dfer, ["watch", "screen:", "-o", csv.path], environment: ["DISPLAY": display]) {
      process in
      for _ in 0..<100 where ((try? String(contentsOf: csv, encoding: .utf8)) ?? "").split(separator: "\n").count < 2 {
        Thread.sleep(forTimeInterval: 0.1)
      }
      process.interrupt()
    }
    #expect(result.status == 130, "\(result.errors)")
    #expect(Self.rows(try String(contentsOf: csv, encoding: .utf8)).first?["status"] == "no_face")
    let absent = try Tool.run(Tool.dfer, ["watch", "screen::1999"])
    #expect(absent.status == 3 && absent.errors.contains("display"), "\(absent.errors)")
  }

  /// The rows of a CSV as dictionaries.
  static func rows(_ text: String) -> [[String: String]] {
    let lines = text.split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    guard let header = lines.first else { return [] }
    return lines.dropFirst().filter { $0.count == header.count }.map {
      Dictionary(uniqueKeysWithValues: zip(header, $0))
    }
  }

  /// Processor time of a running program, of all its threads.
  static func cpuSeconds(_ process: Process) -> Double {
    let file = "/proc/\(process.processIdentifier)/stat"
    let stat = (try? Tool.run(URL(fileURLWithPath: "/bin/cat"), [file]))?.output ?? ""
    let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
    guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
    return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }
}

/// `dfer` with a camera at `/dev/video7`.
struct FakeCamera {
  /// The compiled library; nil where it cannot be made.
  static let library: String? = {
    #if os(Linux)
      guard let compiler = Tool.find("cc") ?? Tool.find("clang"), let made = try? ScratchFolder() else { return nil }
      kept = made
      let source = Shared.root.appendingPathComponent("Tests/Live/camera.c").path
      let arguments = ["-shared", "-fPIC", "-o", made.file("camera.so").path, source, "-ldl"]
      return (try? Tool.run(compiler, arguments))?.status == 0 ? made.file("camera.so").path : nil
    #else
      return nil
    #endif
  }()
  nonisolated(unsafe) private static var kept: ScratchFolder?

  /// Three seconds of a face as the camera sends it.
  private static let images: ScratchFolder? = {
    guard let folder = try? ScratchFolder() else { return nil }
    let sample = Shared.root.appendingPathComponent("Samples/one-face.mp4").path
    try? Tool.ffmpeg(
      [
        "-i", sample, "-t", "3", "-vf", "fps=25,scale=640:480", "-pix_fmt", "yuyv422", "-f", "rawvideo",
        folder.file("face.yuyv").path,
      ])
    _ = FileManager.default.createFile(atPath: folder.file("video7").path, contents: nil)
    return folder
  }()

  var state = ""
  var unplug: Double?
  var back: Double?

  func run(_ arguments: [String], after: ((Process) -> Void)? = nil) throws -> Tool.Result {
    let folder = try #require(Self.images)
    var environment = [
      "LD_PRELOAD": try #require(Self.library), "FAKE_CAMERA": folder.file("face.yuyv").path,
      "FAKE_CAMERA_FOLDER": folder.url.path,
      "FAKE_CAMERA_STATE": state,
    ]
    environment["FAKE_CAMERA_UNPLUG"] = unplug.map { "\($0)" }
    environment["FAKE_CAMERA_BACK"] = back.map { "\($0)" }
    return try Tool.run(Tool.dfer, arguments, environment: environment, after: after)
  }
}
