import ArgumentParser
import DferTimeline
import Foundation

struct Summary: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Figures of timelines: one CSV row for each video and face.",
    discussion: """
        dfer summary talk.csv
        dfer summary rows/*.csv -o study.csv
        dfer summary all.csv                  a table of dfer merge, video by video

      Time shares, mean, deviation and maximum of every class, episodes, transitions and unread time, for R and pandas.
      Columns are explained in docs/export.md.
      """)

  @Argument(help: "Rows of dfer watch, or tables of OpenFace, py-feat, LibreFace or iMotions.")
  var input: [String]

  @Option(name: [.short, .customLong("output")], help: "Write to FILE instead of standard output.")
  var output = "-"

  @OptionGroup(title: "Model")
  var modelling: ModelOptions

  @OptionGroup
  var frames: FrameRateOption

  @Flag(help: "Replace the output file when it exists.")
  var overwrite = false

  func run() throws {
    try OutputPaths.check([output], inputs: input)
    let sources = try input.map { try TimelineInput($0, frameRate: frames.fps) }
    let labels = Set(sources.flatMap(\.timeline.labels)).sorted()
    do {
      let file = try OutputFile(output, overwrite: overwrite, kind: .whole)
      let table = StatisticsTable(labels: labels)
      var lines = [table.header]
      for source in sources {
        for video in source.timeline.videos {
          let rows = try modelling.apply(video.rows, labels: source.timeline.labels).rows
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
