import Foundation
import Testing

/// Runs programs for tests: the built `dfer`, and FFmpeg to make inputs.
package enum Tool {
  package struct Result: Sendable {
    package let status: Int32
    package let output: String
    package let errors: String
  }

  /// The `dfer` that command tests run: `$DFER_BINARY`, else the release build when it is newer than all sources (the
  /// network is many times slower without optimisation), else the one that was built together with the running tests.
  package static let dfer: URL = {
    if let path = ProcessInfo.processInfo.environment["DFER_BINARY"], !path.isEmpty {
      return URL(fileURLWithPath: path)
    }
    let release = Shared.root.appendingPathComponent(".build/release/dfer")
    if let built = modified(release), let changed = lastChange(), built > changed { return release }
    return URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent().appendingPathComponent("dfer")
  }()

  private static func modified(_ file: URL) -> Date? {
    (try? FileManager.default.attributesOfItem(atPath: file.resolvingSymlinksInPath().path))?[.modificationDate]
      as? Date
  }

  /// When a source file last changed.
  private static func lastChange() -> Date? {
    let sources = Shared.root.appendingPathComponent("Sources")
    let names = FileManager.default.enumerator(atPath: sources.path)?.allObjects as? [String] ?? []
    return names.compactMap { modified(sources.appendingPathComponent($0)) }.max()
  }

  package static let hasFFmpeg = find("ffmpeg") != nil

  package static func find(_ name: String) -> URL? {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
      .map { URL(fileURLWithPath: String($0)).appendingPathComponent(name) }
      .first { FileManager.default.isExecutableFile(atPath: $0.path) }
  }

  /// Runs a program to its end. `input` goes to its standard input; `after` may act on the running process.
  package static func run(
    _ program: URL, _ arguments: [String], input: Data? = nil, folder: URL? = nil,
    environment: [String: String] = [:], after: ((Process) -> Void)? = nil
  ) throws -> Result {
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.currentDirectoryURL = folder
    // Without the defaults of whoever runs the tests.
    process.environment = ProcessInfo.processInfo.environment.merging(["DFER_CONFIG": "none"]) { $1 }
      .merging(environment) { $1 }
    // Files, not pipes: a pipe that nobody reads would stop the program.
    let scratch = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: scratch) }
    let (out, err) = (scratch.appendingPathComponent("out"), scratch.appendingPathComponent("err"))
    for file in [out, err] { _ = FileManager.default.createFile(atPath: file.path, contents: nil) }
    process.standardOutput = try FileHandle(forWritingTo: out)
    process.standardError = try FileHandle(forWritingTo: err)
    if let input {
      let file = scratch.appendingPathComponent("in")
      try input.write(to: file)
      process.standardInput = try FileHandle(forReadingFrom: file)
    } else {
      process.standardInput = FileHandle.nullDevice
    }
    try process.run()
    after?(process)
    process.waitUntilExit()
    // A refused command (2) and an output that could not be written (5) leave what was there before.
    if program == dfer, ![2, 5].contains(process.terminationStatus) { checkTables(of: arguments, in: folder) }
    return Result(
      status: process.terminationReason == .uncaughtSignal ? -process.terminationStatus : process.terminationStatus,
      output: String(decoding: try Data(contentsOf: out), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: err), as: UTF8.self))
  }

  /// Judges every table of rows that a `dfer watch` or `dfer batch` has left behind, however it ended.
  private static func checkTables(of arguments: [String], in folder: URL?) {
    guard let command = arguments.first, ["watch", "batch", "serve"].contains(command) else { return }
    func place(_ name: String) -> URL {
      URL(fileURLWithPath: name, relativeTo: folder.map { $0.appendingPathComponent("", isDirectory: true) })
    }
    let names = zip(arguments, arguments.dropFirst()).filter { ["-o", "--output", "--out"].contains($0.0) }.map(\.1)
    var files: [URL] = []
    for name in names where name != "-" && !name.hasPrefix("/dev/") {
      let url = place(name)
      let inside =
        command == "batch" ? FileManager.default.enumerator(atPath: url.path)?.allObjects as? [String] ?? [] : []
      files += inside.map { url.appendingPathComponent($0) } + (command == "batch" ? [] : [url])
    }
    for file in files where ["csv", "tsv", "jsonl"].contains(file.pathExtension) {
      let type = (try? FileManager.default.attributesOfItem(atPath: file.path))?[.type] as? FileAttributeType
      let name = file.lastPathComponent
      guard type == .typeRegular, !name.hasPrefix("."), !name.hasPrefix("failures"), !name.hasSuffix(".boris.tsv")
      else { continue }
      let faults = RowCheck.faults(of: file)
      if !faults.isEmpty { Issue.record("\(name) of dfer \(arguments.joined(separator: " ")): \(faults.prefix(5))") }
    }
  }

  /// Runs FFmpeg quietly and throws what it said when it fails.
  package static func ffmpeg(_ arguments: [String]) throws {
    guard let program = find("ffmpeg") else { throw Failure(text: "ffmpeg is not installed") }
    let result = try run(
      program, ["-nostdin", "-hide_banner", "-v", "error", "-y", "-threads", "1"] + arguments)
    if result.status != 0 { throw Failure(text: "ffmpeg \(arguments.joined(separator: " ")): \(result.errors)") }
  }

  package struct Failure: Error, CustomStringConvertible {
    package let text: String
    package var description: String { text }
  }
}

/// A folder that is gone when the test is over.
package final class ScratchFolder: Sendable {
  package let url: URL

  package init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("dfer-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  package func file(_ name: String) -> URL { url.appendingPathComponent(name) }
}
