import ArgumentParser
import DferTimeline
import Foundation

struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a timeline in other formats.",
    discussion: """
      INPUT is a CSV file of dfer watch.

        dfer export talk.csv -o talk.eaf                    for ELAN, with a link to the video
        dfer export talk.csv -o talk.vtt -o talk.TextGrid   several at once
        dfer export talk.csv -o - --format srt              on standard output

      Rows become segments: see docs/export.md for the rule, and for what each format can hold.
      """)

  @Argument(help: "Rows of dfer watch, as CSV.")
  var input: String

  @Option(
    name: [.short, .customLong("output")],
    help: "Write to FILE in the format of its extension: \(OutputFormat.extensions). May be given several times.")
  var output: [String]

  @Option(help: "Format of all outputs, whatever their names: an extension, such as eaf or boris.tsv.")
  var format: OutputFormat?

  @Option(help: "The video that annotation files link to (default: what the run's .run.json says).")
  var media: String?

  @Flag(help: "Replace output files that exist.")
  var overwrite = false

  func run() throws {
    let formats = try output.map { path in
      guard let format = format ?? OutputFormat(path: path) else {
        throw ValidationError("-o \(path): no format has this extension; known are \(OutputFormat.extensions)")
      }
      return format
    }
    func real(_ path: String) -> String {
      URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.path
    }
    for path in output where path != "-" && real(path) == real(input) { throw OutputError.isInput(path: path) }
    let source = try TimelineInput(input, media: media)
    let videos = source.timeline.videos.count
    guard videos == 1 else {
      throw UnreadableTimeline(path: input, reason: "rows of \(videos) videos; export each video's own file")
    }
    do {
      var writers = try zip(output, formats).map { path, format in
        try format.writer(to: path, overwrite: overwrite, layout: source.layout, media: source.media)
      }
      for index in writers.indices {
        for row in source.timeline.rows { try writers[index].write(row) }
        try writers[index].finish()
      }
    } catch OutputError.readerGone {
      return
    }
  }
}

extension OutputFormat: ExpressibleByArgument {
  public init?(argument: String) { self.init(rawValue: argument.lowercased()) }
}
