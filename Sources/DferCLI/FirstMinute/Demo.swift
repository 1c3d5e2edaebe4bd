import ArgumentParser
import DferTimeline
import Foundation

struct Demo: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Analyse a sample video and open the report.",
    discussion: """
        dfer demo
        dfer demo -o somewhere --no-open

      Analyses a rendered face that smiles, is surprised and is sad, and writes rows (demo.csv), a report (demo.html) and \
      the run manifest (demo.run.json). On a desktop, the report opens in the browser.
      """)

  @Option(
    name: [.customShort("o"), .customLong("output")], help: ArgumentHelp("Folder for the files.", valueName: "folder"),
    completion: .directory)
  var folder = "dfer-demo"

  @Flag(help: "Do not open the report.")
  var noOpen = false

  @Flag(name: .shortAndLong, help: "Print errors only.")
  var quiet = false

  func run() throws {
    let sample = try SampleVideo.find()
    do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
      throw OutputError.notWritable(path: folder, reason: error.localizedDescription)
    }
    let place = URL(fileURLWithPath: folder)
    // A copy: the report plays the video that stands beside it, also where the folder is given to somebody else.
    let video = place.appendingPathComponent("demo.mp4")
    if !FileManager.default.fileExists(atPath: video.path) {
      do { try FileManager.default.copyItem(atPath: sample, toPath: video.path) } catch {
        throw OutputError.notWritable(path: video.path, reason: error.localizedDescription)
      }
    }
    let report = place.appendingPathComponent("demo.html")
    let rows = place.appendingPathComponent("demo.csv")
    // An earlier demo's files make room, nobody else's.
    if RunFacts(beside: rows.path)?.video.map({ ($0 as NSString).lastPathComponent }) != video.lastPathComponent {
      for file in [rows, report] where FileManager.default.fileExists(atPath: file.path) {
        throw OutputError.notWritable(path: file.path, reason: "already exists; -o gives another folder")
      }
    }
    let watch = try Watch.parse(
      ["--output", rows.path, "--output", report.path, "--overwrite"] + (quiet ? ["--quiet"] : []) + ["--", video.path])
    try watch.run()
    guard !quiet else { return }
    let isOpen = !noOpen && Self.open(report)
    print(
      """

      report: \(report.path)\(isOpen ? " (opened)" : "")
      rows:   \(rows.path)
      next:   dfer watch YOUR-VIDEO.mp4 -o rows.csv
      """)
  }

  /// Hands a file to the desktop, if there is one.
  private static func open(_ file: URL) -> Bool {
    let environment = ProcessInfo.processInfo.environment
    #if os(macOS)
      let opener = "open"
    #else
      guard environment["DISPLAY"] != nil || environment["WAYLAND_DISPLAY"] != nil else { return false }
      let opener = "xdg-open"
    #endif
    let folders = (environment["PATH"] ?? "").split(separator: ":")
    guard let program = folders.map({ "\($0)/\(opener)" }).first(where: FileManager.default.isExecutableFile) else {
      return false
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = [file.path]
    (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
    return (try? process.run()) != nil
  }
}
