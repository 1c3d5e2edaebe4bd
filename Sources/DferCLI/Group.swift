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
    if OutputFile.isFile(output), !["csv", "tsv"].contains((output as NSString).pathExtension.lowercased()) {
      throw ValidationError("-o \(output): rows are written as .csv or .tsv")
    }
  }

  func run() throws {
    try OutputPaths.check([output], inputs: [input])
    let source = try TimelineInput(input, media: media.map(redacted))
    let table = try self.table(source)
    let rows = source.timeline.videos[0].rows
    let place = try video(source)
    let facts = OutputFile.isFile(output) ? RunManifest.path(beside: output) : nil
    try OutputPaths.check(
      [output], inputs: [input, RunManifest.path(beside: input), place], manifest: facts)
    let file = try OutputFile(output, overwrite: overwrite, kind: .whole)
    if let facts { _ = try OutputFile(facts, overwrite: overwrite, kind: .whole) }
    let weights = Installation.embedderWeights
    let embedder = try FaceEmbedder(weights: weights.path)
    let detector = try FaceDetector(weights: Installation.detectorWeights.path)
    let interrupt = Interrupt()
    let seen = try appearances(of: rows, in: place, detector, embedder, interrupt)
    let grouping = FaceGrouping(
      seen, similarity: similarity ?? embedder.similarity, persons: persons, isCancelled: { interrupt.isRaised })
    if interrupt.isRaised { throw ExitStatus.interrupted }
    let isTabbed = (output as NSString).pathExtension.lowercased() == "tsv"
    let result = try UnreadableTimeline.naming(input) {
      try FaceRenumbering(table, numbers: grouping.numbers, separator: isTabbed ? "\t" : ",")
    }
    do { try file.writeWhole(result.text) } catch OutputError.readerGone { return }
    if let facts, var manifest = try? RunManifest(contentsOf: RunManifest.path(beside: input)) {
      manifest.take(
        grouping, similarity: persons == nil ? similarity ?? embedder.similarity : nil, persons: persons,
        by: RunManifest.Weights(
          file: weights.lastPathComponent, sha256: try SHA256.hex(ofFile: weights.path), model: FaceEmbedder.kind,
          version: embedder.version, licence: embedder.licence))
      manifest.outputs = [output]
      manifest.rowsSha256 = try SHA256.hex(ofFile: output)
      try manifest.write(to: facts)
    }
    for line in report(grouping, kept: result.keptRows) { Terminal.write(line + "\n") }
  }

  private func fault(_ reason: String) -> UnreadableTimeline { UnreadableTimeline(path: input, reason: reason) }

  /// The bytes of the table, which must be rows of one video.
  private func table(_ source: TimelineInput) throws -> [UInt8] {
    guard source.timeline.origin == .dfer else {
      throw fault("a table of \(source.timeline.origin.rawValue); rows of dfer watch are needed")
    }
    guard source.timeline.videos.count == 1 else {
      throw fault("rows of \(source.timeline.videos.count) videos; group each video's own file")
    }
    guard let data = FileManager.default.contents(atPath: input) else { throw fault("cannot be read") }
    let isJSON = data.first { !" \t\r\n".utf8.contains($0) } == UInt8(ascii: "{")
    guard !isJSON else { throw fault("JSON; 'dfer export \(input) -o rows.csv' makes the CSV that is needed") }
    return try UnreadableTimeline.naming(input) { try SpreadsheetTable.plain(Array(data)) }
  }

  /// Where the video is that the rows are of.
  private func video(_ source: TimelineInput) throws -> String {
    guard let place = media ?? source.media?.location, FileManager.default.fileExists(atPath: place) else {
      let name =
        (media ?? source.media?.location).map { "\"\($0)\" is not here" } ?? RunFacts.whyNoVideo(of: input)
      throw fault("the video is needed, and \(name); --media gives its place")
    }
    let manifest = try? RunManifest(contentsOf: RunManifest.path(beside: input))
    guard Folder.kind(of: place) != .folder else { throw fault("rows of images; only faces of a video can be grouped") }
    if let (there, read) = manifest?.otherSize(of: place) {
      throw fault("\(place) is not the video of these rows: it has \(there) bytes, that one \(read)")
    }
    return place
  }

  private func appearances(
    of rows: [ClipResult], in place: String, _ detector: FaceDetector, _ embedder: FaceEmbedder, _ interrupt: Interrupt
  ) throws -> [FaceGrouping.Face] {
    let video = try VideoSource(place, options: VideoOptions(ofRunBeside: input))
    do {
      guard
        let seen = try FaceAppearances(detector: detector, embedder: embedder)
          .read(rows, from: video, isCancelled: { interrupt.isRaised })
      else { throw ExitStatus.interrupted }
      return seen
    } catch let error as FaceAppearances.Mismatch {
      throw fault("\(place) is not the video of these rows: \(error)")
    }
  }

  private func report(_ grouping: FaceGrouping, kept: Int) -> [String] {
    func count(_ number: Int, _ one: String, _ more: String) -> String { "\(number) \(number == 1 ? one : more)" }
    let faces = grouping.groups.reduce(0) { $0 + $1.count }
    var lines = [count(faces, "face", "faces") + ", " + count(grouping.groups.count, "person", "persons")]
    for join in grouping.joins {
      lines.append("face \(join.other) is face \(join.one) (similarity \(fixedDecimal(join.similarity, places: 2)))")
    }
    if let next = grouping.nearest, next.similarity >= 0.5 {
      lines.append(
        "face \(next.other) is not taken for face \(next.one) (similarity \(fixedDecimal(next.similarity, places: 2)))")
    }
    if let persons, grouping.groups.count > persons {
      lines.append("no fewer persons: the others are in the image at the same time, or never seen clearly")
    } else if let persons, grouping.groups.count < persons {
      lines.append("there are no \(persons) faces")
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

extension RunManifest {
  /// Says which faces are one person now, by their numbers in the run's own rows, also when these were grouped before.
  fileprivate mutating func take(
    _ grouped: FaceGrouping, similarity: Double?, persons: Int?, by weights: Weights
  ) {
    let before = grouping?.faces ?? []
    let faces = grouped.groups.map { group in
      group.flatMap { id in before.first { $0.first == id } ?? [id] }.sorted()
    }
    counts.faces = grouped.groups.count
    grouping = Grouping(
      faces: faces.filter { $0.count > 1 }, similarity: similarity, persons: persons, weights: weights)
  }
}
