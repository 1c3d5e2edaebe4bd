import ArgumentParser
import Dfer
import DferTimeline
import DferVideo
import Foundation

struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Convert a timeline to other formats.",
    discussion: """
      The input is what dfer watch wrote (CSV, TSV, JSON, JSON Lines), or a table of OpenFace, py-feat, LibreFace or iMotions.

        dfer export talk.csv -o talk.eaf               ELAN, with a link to the video
        dfer export talk.csv -o talk.vtt -o talk.TextGrid
        dfer export talk.csv -o - --format srt         standard output
        dfer export talk.csv -o feat.csv --csv-style pyfeat
        dfer export fex.csv --fps 29.97 -o fex.eaf     frames of another program
        dfer export talk.csv --smooth 2 --hysteresis 0.1 -o calm.eaf
        dfer export talk.csv --against coder.eaf -o talk.html
        dfer export talk.csv --pixelate -o annotated.mp4

      Rows become segments; docs/export.md explains how, and what each format can hold.
      """)

  @Argument(help: "Rows of dfer watch, or a table of another program.", completion: .tables)
  var input: String

  @Option(
    name: [.short, .customLong("output")],
    help: ArgumentHelp(
      """
      Write to this file in the format of its extension: \(OutputFormat.extensions); .mp4, .mkv and .mov are the video \
      with the timeline drawn in. Repeatable.
      """, valueName: "file"), completion: .file())
  var output: [String]

  @Flag(help: "Replace existing output files.")
  var overwrite = false

  @Option(help: ArgumentHelp("Format of all outputs, whatever their names: eaf, boris.tsv ...", valueName: "extension"))
  var format: OutputFormat?

  @Option(help: ArgumentHelp("Column names of CSV files: dfer, openface, pyfeat or imotions.", valueName: "style"))
  var csvStyle = TableStyle.dfer

  @Option(
    help: ArgumentHelp("Video that annotation files link to (default: from the run manifest).", valueName: "file"),
    completion: .file())
  var media: String?

  @Flag(help: "Pixelate faces in videos.")
  var pixelate = false

  @Option(help: "Take this observation of --against, of a BORIS file with several whose videos do not tell.")
  var observation: String?

  @OptionGroup
  var frames: FrameRateOption

  @OptionGroup(title: "Post-processing")
  var modelling: ModelOptions

  @Option(
    help: ArgumentHelp(
      "Compare with this annotation in the HTML report: ELAN, BORIS, or rows of another run or program.",
      valueName: "file"),
    completion: .annotations)
  var against: String?

  @Option(help: ArgumentHelp("Treat label A of that annotation as B. Repeatable.", valueName: "A=B"))
  var map: [String] = []

  func run() throws {
    let formats = try self.formats()
    let source = try TimelineInput(input, media: media.map(redacted), frameRate: frames.fps)
    let videos = source.timeline.videos
    guard videos.count == 1 else {
      throw UnreadableTimeline(path: input, reason: "rows of \(videos.count) videos; export each video's own file")
    }
    let (rows, baselines) = try modelling.apply(videos[0].rows, labels: source.timeline.labels, name: input)
    let reference = try against.map { path in try self.reference(path, source, rows) }
    warnOfMissingVideo(source.media)
    var layout = source.layout
    layout.provenance = Provenance.of(source.facts)
    if modelling.model.isActive { (layout.includesModel, layout.model) = (true, modelling.model.recorded) }
    do {
      if modelling.model.isActive { try record(baselines) }
      var writers = try zip(output.filter { !VideoExport.isVideo($0) }, formats).map { path, format in
        try format.writer(
          to: path, overwrite: overwrite, layout: layout, media: source.media, style: csvStyle, against: reference,
          isWhole: true)
      }
      for index in writers.indices {
        for row in rows { try writers[index].write(row) }
        try writers[index].finish()
      }
      let videos = output.filter(VideoExport.isVideo)
      if !videos.isEmpty {
        let video = try VideoExport(
          rows, labels: source.timeline.labels, media: source.media, blur: pixelate, input: input)
        for path in videos { try video.write(to: path, overwrite: overwrite) }
      }
    } catch OutputError.readerGone {
      return
    }
  }

  /// The annotation that the report is set against, with its name.
  private func reference(
    _ path: String, _ source: TimelineInput, _ rows: [ClipResult]
  ) throws -> (annotation: Annotation, name: String) {
    let file = try AnnotationInput(path, frameRate: frames.fps)
    let videos = source.media.map { [$0.location] } ?? []
    file.warnUnless(of: videos, whose: input)
    let annotation = try file.annotation(with: videos, observation: observation).renaming(
      try AnnotationInput.names(map))
    let own = Annotation(SegmentTimeline(rows, labels: source.timeline.labels)).renaming([:])
    _ = try UnreadableTimeline.naming(path) { try Agreement(annotation, own) }
    return (annotation, (path as NSString).lastPathComponent)
  }

  /// A link that leads nowhere is found years later; now it costs one option.
  private func warnOfMissingVideo(_ media: MediaReference?) {
    guard let media, !media.isURL, output.contains(where: { !(OutputFormat(path: $0)?.isIncremental ?? true) }),
      !FileManager.default.fileExists(atPath: media.absolute)
    else { return }
    Terminal.write(
      "warning: the video \(media.absolute) is not there, and the files will link to it; --media names another\n")
  }

  /// The outputs' formats, after everything that the options alone can get wrong.
  private func formats() throws -> [OutputFormat] {
    let formats = try output.filter { !VideoExport.isVideo($0) }.map { path in
      guard let format = format ?? OutputFormat(path: path) else {
        throw ValidationError("-o \(path): \(OutputFormat.whyNone(path))")
      }
      return format
    }
    try OutputPaths.check(output, inputs: [input] + (against.map { [$0] } ?? []))
    guard csvStyle == .dfer || formats.contains(.csv) else {
      throw ValidationError("--csv-style applies to CSV outputs only")
    }
    guard against == nil || formats.contains(.html) else {
      throw ValidationError("--against applies to HTML reports only")
    }
    guard !pixelate || output.contains(where: VideoExport.isVideo) else {
      throw InapplicableOption("--pixelate", "applies to video outputs only")
    }
    guard format == nil || !output.contains(where: VideoExport.isVideo) else {
      throw ValidationError("--format cannot be combined with a video output")
    }
    guard map.isEmpty || against != nil else { throw ValidationError("--map requires --against") }
    guard observation == nil || against != nil else { throw ValidationError("--observation requires --against") }
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
  @Option(help: ArgumentHelp("Frame rate of tables without exact times (py-feat, OpenFace 3).", valueName: "fps"))
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
