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
      '.csv'. Files of one run with --split-every have the name of that run. Rows are copied unchanged. Files whose columns differ are refused before anything is written.
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
    if let format = OutputFormat(path: output), format != .csv {
      throw ValidationError("-o \(output): dfer merge writes CSV; give the table a name that ends in .csv")
    }
    let found = try RowFiles(inputs, output: output, makes: .merged, endings: ["csv"])
    for note in found.notes { Terminal.write(note + "\n") }
    let files = found.files
    // Twice over the files: a mistake in the last must not leave half a table.
    var check = TimelineMerge()
    for file in files {
      for path in file.parts { _ = try check.lines(of: read(path), source: file.source, path: path) }
    }
    try refuseEqualSources(files)
    for file in files { RunFacts.warnIfEarly(file.path, RunFacts(beside: file.path)) }
    let table = try OutputFile(output, overwrite: overwrite, kind: .staged)
    var merge = TimelineMerge()
    for file in files {
      for path in file.parts {
        let lines = try merge.lines(of: read(path), source: file.source, path: path)
        if !lines.isEmpty { try table.append(lines.joined(separator: "\n")) }
      }
    }
    try table.close()
  }

  /// Rows of two files under one name could not be told apart any more.
  private func refuseEqualSources(_ files: [RowFiles.File]) throws {
    var first: [ExactName: String] = [:]
    for file in files {
      if let other = first.updateValue(file.path, forKey: ExactName(file.source)) {
        throw ValidationError(
          "\(other) and \(file.path) would both have the source \"\(file.source)\"; give their folder above both, or the files themselves"
        )
      }
    }
  }

  private func read(_ path: String) throws -> String {
    guard let data = FileManager.default.contents(atPath: path) else { throw UnreadableTimeline.noFile(path) }
    let plain = try UnreadableTimeline.naming(path) { try SpreadsheetTable.plain(Array(data)) }
    guard var text = String(validating: plain, as: UTF8.self) else {
      throw UnreadableTimeline(path: path, reason: "cannot be read as UTF-8 text")
    }
    // A line for spreadsheet programs that names the separator.
    if text.hasPrefix("sep=,\n") { text.removeFirst(6) }
    // Cells are copied as they stand, so this is no place for other formats.
    let header = text.prefix { $0 != "\n" && $0 != "\r\n" }
    guard header.contains(","), !header.hasPrefix("{"), !header.contains("\t") else {
      throw UnreadableTimeline(path: path, reason: "is no CSV file, which is all that dfer merge joins")
    }
    return text
  }
}
