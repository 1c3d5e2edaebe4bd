import ArgumentParser
import DferTimeline
import Foundation

struct Summary: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Summary statistics for timelines, as CSV.",
    discussion: """
        dfer summary talk.csv
        dfer summary rows -o study.csv   every timeline of a folder, at any depth
        dfer summary rows/*.csv -o study.csv
        dfer summary all.csv             a table of dfer merge, video by video

      One row per video and face: fraction of time, mean, standard deviation and maximum of each class, episodes, \
      transitions and time without analysis, for R and pandas. docs/export.md explains the columns.
      """)

  @Argument(
    help: """
      Rows of dfer watch, folders of them, or tables of OpenFace, py-feat, LibreFace or iMotions. Lists of failures and \
      tables that dfer made of the same rows are skipped and named.
      """, completion: .tables)
  var input: [String]

  @Option(
    name: [.short, .customLong("output")],
    help: ArgumentHelp("Write to this file; '-' is standard output.", valueName: "file"), completion: .csv)
  var output = "-"

  @Flag(help: "Replace an existing output file.")
  var overwrite = false

  @OptionGroup
  var frames: FrameRateOption

  @OptionGroup(title: "Post-processing")
  var modelling: ModelOptions

  func run() throws {
    let found = try RowFiles(input, output: output, makes: .summary, endings: ["csv", "tsv", "jsonl", "json"])
    for note in found.notes { Terminal.write(note + "\n") }
    let sources = try found.files.map { try TimelineInput(parts: $0.parts, frameRate: frames.fps) }
    let labels = Set(sources.flatMap(\.timeline.labels)).sorted()
    do {
      let file = try OutputFile(output, overwrite: overwrite, kind: .whole)
      let table = StatisticsTable(labels: labels)
      var lines = [table.header]
      for source in sources {
        for video in source.timeline.videos {
          let rows = try modelling.apply(
            video.rows, labels: source.timeline.labels, name: video.source ?? source.name
          ).rows
          let statistics = TimelineStatistics(rows, labels: source.timeline.labels)
          lines += table.lines(video.source ?? source.name, statistics)
        }
      }
      try file.writeWhole(lines.map { $0 + "\n" }.joined())
    } catch OutputError.readerGone {
      return
    }
  }
}
