import ArgumentParser
import Dfer
import DferModels
import DferTimeline
import DferVideo
import Foundation

struct Group: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Give the faces of one person one number.",
    discussion: """
        dfer group talk.csv -o persons.csv
        dfer group talk.csv -o persons.csv --persons 2

      A face that comes back after a cut or an absence has a new face_id. This command reads the video once more, compares \
      the faces' appearances and gives all faces of one person the lowest of their numbers; all other cells stay as they \
      are. Faces that are in the image at the same time stay apart. It can be wrong: docs/export.md says how often. \
      Comparing faces is biometric processing: it happens only here, and nothing of it is stored.
      """)

  @Argument(help: "Rows of dfer watch (CSV or TSV) of one video.", completion: .csv)
  var input: String

  @Option(
    name: [.short, .customLong("output")],
    help: ArgumentHelp("Table to write.", valueName: "file"), completion: .csv)
  var output: String

  @Option(
    help: ArgumentHelp("The video (default: from the run manifest).", valueName: "file"), completion: .file())
  var media: String?

  @Option(
    help: ArgumentHelp("How many persons there are: join the most alike until there are as many.", valueName: "n"))
  var persons: Int?

  @Option(
    help: ArgumentHelp(
      "Join faces that are at least as alike, 0 to 1 (default: what the weights say).", valueName: "share"))
  var similarity: Double?

  @Flag(help: "Replace an existing output file.")
  var overwrite = false

  func validate() throws {
    if let persons, persons < 1 { throw ValidationError("--persons must be at least 1") }
    if let similarity, !(0...1 ~= similarity) { throw ValidationError("--similarity must be 0 to 1") }
    if persons != nil && similarity != nil { throw ValidationError("--persons and --similarity exclude each other") }
  }

  func run() throws {
    try OutputPaths.check([output], inputs: [input])
    let source = try TimelineInput(input, media: media.map(redacted))
    let (rows, table) = try self.rows(source)
    let faces = Set(rows.compactMap(\.faceID)).count
    guard let place = media ?? source.media?.location, FileManager.default.fileExists(atPath: place) else {
      let name = source.media.map { "\"\($0.location)\" is not here" } ?? "no .run.json beside the rows names it"
      throw UnreadableTimeline(path: input, reason: "the video is needed, and \(name); --media gives its place")
    }
    let file = try OutputFile(output, overwrite: overwrite, kind: .whole)
    let embedder = try FaceEmbedder(weights: Installation.embedderWeights.path)
    let detector = try FaceDetector(weights: Installation.detectorWeights.path)
    let interrupt = Interrupt()
    let video = try VideoSource(place, options: VideoOptions(ofRunBeside: input))
    let appearances = FaceAppearances(detector: detector, embedder: embedder)
    guard let seen = try appearances.read(rows, from: video, isCancelled: { interrupt.isRaised }) else {
      throw ExitStatus.interrupted
    }
    let grouping = FaceGrouping(seen, similarity: similarity ?? embedder.similarity, persons: persons)
    let result = try UnreadableTimeline.naming(input) {
      try FaceRenumbering(table, rows: rows, numbers: grouping.numbers)
    }
    do { try file.writeWhole(result.text) } catch OutputError.readerGone { return }
    try writeManifest(grouping)
    for line in Self.report(grouping, faces: faces, kept: result.keptRows) { Terminal.write(line + "\n") }
  }

  /// The rows in the order of the file, and its text.
  private func rows(_ source: TimelineInput) throws -> (rows: [ClipResult], text: String) {
    func fault(_ reason: String) -> UnreadableTimeline { UnreadableTimeline(path: input, reason: reason) }
    guard source.timeline.origin == .dfer else {
      throw fault("a table of \(source.timeline.origin.rawValue); rows of dfer watch are needed")
    }
    guard source.timeline.videos.count == 1 else {
      throw fault("rows of \(source.timeline.videos.count) videos; group each video's own file")
    }
    guard let data = FileManager.default.contents(atPath: input), let text = String(data: data, encoding: .utf8) else {
      throw fault("cannot be read")
    }
    guard !text.drop(while: \.isWhitespace).hasPrefix("{") else {
      throw fault("JSON; 'dfer export \(input) -o rows.csv' makes the CSV that is needed")
    }
    return (try UnreadableTimeline.naming(input) { try CSVTimeline(text: text) }.rows, text)
  }

  /// The run's facts go with the rows, with what was done to them.
  private func writeManifest(_ grouping: FaceGrouping) throws {
    guard OutputFile.isFile(output), var manifest = try? RunManifest(contentsOf: RunManifest.path(beside: input)) else {
      return
    }
    manifest.outputs = [output]
    manifest.rowsSha256 = try? SHA256.hex(ofFile: output)
    manifest.counts.faces = grouping.groups.count
    manifest.groupedFaces = grouping.groups.filter { $0.count > 1 }
    try manifest.write(to: RunManifest.path(beside: output))
  }

  private static func report(_ grouping: FaceGrouping, faces: Int, kept: Int) -> [String] {
    var lines = ["\(faces) faces, \(grouping.groups.count) persons"]
    for join in grouping.joins {
      lines.append("face \(join.other) is face \(join.one) (similarity \(fixedDecimal(join.similarity, places: 2)))")
    }
    if let next = grouping.nearest, next.similarity >= 0.5 {
      lines.append(
        "face \(next.other) is not taken for face \(next.one) (similarity \(fixedDecimal(next.similarity, places: 2)))")
    }
    if !grouping.unclear.isEmpty {
      let ids = grouping.unclear.map(String.init).joined(separator: ", ")
      lines.append("never seen clearly, so left alone: face \(ids)")
    }
    if kept > 0 {
      lines.append("\(kept) rows keep their number: their clip has another row of the same person")
    }
    return lines
  }
}
