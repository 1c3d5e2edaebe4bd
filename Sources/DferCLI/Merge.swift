import ArgumentParser
import Dfer
import DferTimeline
import Foundation

struct Merge: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Join the rows of many videos into one table.",
    discussion: """
        dfer merge rows -o all.csv                every CSV file with a run manifest
        dfer merge monday.csv tuesday.csv -o all.csv

      The first column, source, names the file that a row comes from: its path below the folder, or as given, without \
      '.csv'. Rows are copied unchanged. Files whose columns differ are refused before anything is written.
      """)

  @Argument(help: "CSV files, or folders of them.", completion: .csv)
  var inputs: [String]

  @Option(
    name: [.short, .customLong("output")],
    help: ArgumentHelp("Table to write; '-' is standard output.", valueName: "file"), completion: .csv)
  var output: String

  @Flag(help: "Replace an existing table.")
  var overwrite = false

  func run() throws {
    let files = try self.files()
    // Twice over the files: a mistake in the last must not leave half a table.
    var check = TimelineMerge()
    for file in files { _ = try check.lines(of: read(file.path), source: file.source, path: file.path) }
    let table = try OutputFile(output, overwrite: overwrite)
    var merge = TimelineMerge()
    for file in files {
      let lines = try merge.lines(of: read(file.path), source: file.source, path: file.path)
      if !lines.isEmpty { try table.append(lines.joined(separator: "\n")) }
    }
    try table.close()
  }

  private func files() throws -> [(path: String, source: String)] {
    func same(_ a: String, _ b: String) -> Bool {
      URL(fileURLWithPath: a).standardizedFileURL == URL(fileURLWithPath: b).standardizedFileURL
    }
    var found: [(path: String, source: String)] = []
    for input in inputs {
      let attributes = try? FileManager.default.attributesOfItem(
        atPath: URL(fileURLWithPath: input).resolvingSymlinksInPath().path)
      if attributes?[.type] as? FileAttributeType == .typeDirectory {
        found += try BatchInputs(extensions: ["csv"]).find([input])
          .filter { FileManager.default.fileExists(atPath: RunManifest.path(beside: $0.path)) }
          .map { ($0.path, String($0.output.dropLast(4))) }
      } else {
        try OutputPaths.check([output], inputs: [input])
        found.append((input, input.hasSuffix(".csv") ? String(input.dropLast(4)) : input))
      }
    }
    found.removeAll { same($0.path, output) }
    guard !found.isEmpty else { throw BatchError.noTimelines }
    return found
  }

  private func read(_ path: String) throws -> String {
    guard let data = FileManager.default.contents(atPath: path), let text = String(data: data, encoding: .utf8) else {
      throw BatchError.unreadableTimeline(path: path)
    }
    return text
  }
}
