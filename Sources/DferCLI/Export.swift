import ArgumentParser
import Dfer
import DferTimeline
import DferVideo
import Foundation

struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a timeline in other formats.",
    discussion: """
      INPUT is what dfer watch wrote (CSV, TSV, JSON, JSON Lines), or a table of OpenFace, py-feat, LibreFace or iMotions.

        dfer export talk.csv -o talk.eaf                    for ELAN, with a link to the video
        dfer export talk.csv -o talk.vtt -o talk.TextGrid   several at once
        dfer export talk.csv -o - --format srt              on standard output
        dfer export talk.csv -o feat.csv --csv-style pyfeat for scripts that read py-feat's tables
        dfer export fex.csv --fps 29.97 -o fex.eaf          somebody else's frames for ELAN
        dfer export talk.csv --smooth 2 --hysteresis 0.1 -o calm.eaf
        dfer export talk.csv --against coder.eaf -o talk.html
        dfer export talk.csv --blur -o annotated.mp4        boxes, labels and timeline in the video, faces hidden

      Rows become segments: see docs/export.md for the rule, and for what each format can hold.
      """)

  @Argument(help: "Rows of dfer watch, or a table of another program.")
  var input: String

  @Option(
    name: [.short, .customLong("output")],
    help: """
      Write to FILE in the format of its extension: \(OutputFormat.extensions); .mp4, .mkv and .mov are the video with \
      the timeline drawn in. May be given several times.
      """)
  var output: [String]

  @Flag(help: "Make faces unrecognisable in videos.")
  var blur = false

  @Option(help: "Format of all outputs, whatever their names: an extension, such as eaf or boris.tsv.")
  var format: OutputFormat?

  @Option(help: "Whose columns CSV files get: dfer, openface, pyfeat or imotions.")
  var csvStyle = TableStyle.dfer

  @OptionGroup(title: "Model")
  var modelling: ModelOptions

  @Option(help: "Set the report against this annotation: ELAN, BORIS, or rows of another run or program.")
  var against: String?

  @Option(help: "Read label A of that annotation as B, as A=B. May be given several times.")
  var map: [String] = []

  @OptionGroup
  var frames: FrameRateOption

  @Option(help: "The video that annotation files link to (default: what the run's .run.json says).")
  var media: String?

  @Flag(help: "Replace output files that exist.")
  var overwrite = false

  func run() throws {
    let formats = try self.formats()
    let source = try TimelineInput(input, media: media, frameRate: frames.fps)
    let videos = source.timeline.videos
    guard videos.count == 1 else {
      throw UnreadableTimeline(path: input, reason: "rows of \(videos.count) videos; export each video's own file")
    }
    let (rows, baselines) = try modelling.apply(videos[0].rows, labels: source.timeline.labels)
    let reference = try against.map { path in
      let annotation = try AnnotationInput.read(path, frameRate: frames.fps)
      return (annotation: annotation.renaming(try AnnotationInput.names(map)), name: (path as NSString).lastPathComponent)
    }
    var layout = source.layout
    if modelling.model.isActive { (layout.includesModel, layout.model) = (true, modelling.model.recorded) }
    do {
      if modelling.model.isActive { try record(baselines) }
      var writers = try zip(output.filter { !VideoExport.isVideo($0) }, formats).map { path, format in
        try format.writer(
          to: path, overwrite: overwrite, layout: layout, media: source.media, style: csvStyle, against: reference)
      }
      for index in writers.indices {
        for row in rows { try writers[index].write(row) }
        try writers[index].finish()
      }
      for path in output where VideoExport.isVideo(path) {
        try VideoExport(rows, labels: source.timeline.labels, media: source.media, blur: blur, input: input)
          .write(to: path, overwrite: overwrite)
      }
    } catch OutputError.readerGone {
      return
    }
  }

  /// The outputs' formats, after everything that the options alone can get wrong.
  private func formats() throws -> [OutputFormat] {
    let formats = try output.filter { !VideoExport.isVideo($0) }.map { path in
      guard let format = format ?? OutputFormat(path: path) else {
        throw ValidationError("-o \(path): no format has this extension; known are \(OutputFormat.extensions)")
      }
      return format
    }
    try OutputPaths.check(output, inputs: [input] + (against.map { [$0] } ?? []))
    guard csvStyle == .dfer || formats.contains(.csv) else {
      throw ValidationError("--csv-style is for CSV outputs")
    }
    guard against == nil || formats.contains(.html) else { throw ValidationError("--against is for the HTML report") }
    guard !blur || output.contains(where: VideoExport.isVideo) else { throw ValidationError("--blur is for videos") }
    guard format == nil || !output.contains(where: VideoExport.isVideo) else {
      throw ValidationError("--format cannot be used together with a video")
    }
    guard map.isEmpty || against != nil else { throw ValidationError("--map needs --against") }
    return formats
  }

  /// Writes what the model did beside the first file.
  private func record(_ baselines: [TimelineModel.Baseline]) throws {
    guard let first = output.first(where: OutputFile.isFile) else { return }
    let record = ModelRecord(
      dfer: Installation.version, input: input, inputSha256: (try? SHA256.hex(ofFile: input)) ?? "",
      options: modelling.model.recorded, baselines: baselines, outputs: output)
    try record.write(to: ModelRecord.path(beside: first), overwrite: overwrite)
  }
}

/// For tables of programs that count frames and write no exact times.
struct FrameRateOption: ParsableArguments {
  @Option(help: "Frames each second, for tables without exact times (py-feat, OpenFace 3).")
  var fps: Double?

  func validate() throws {
    guard fps.map({ (0.01...10_000).contains($0) }) ?? true else {
      throw ValidationError("--fps must be 0.01 to 10000")
    }
  }
}

extension TableStyle: ExpressibleByArgument {}

extension OutputFormat: ExpressibleByArgument {
  public init?(argument: String) { self.init(rawValue: argument.lowercased()) }
}
