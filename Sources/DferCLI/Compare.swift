import ArgumentParser
import DferTimeline
import Foundation

struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure agreement between two timelines.",
    discussion: """
      Both are rows of dfer (CSV, TSV, JSON, JSON Lines), tables of OpenFace, py-feat, LibreFace or iMotions, ELAN files \
      (.eaf), BORIS projects (.boris), or BORIS tables of aggregated events (.tsv).

        dfer compare coder.eaf talk.csv
        dfer compare coder1.eaf coder2.eaf -o confusion.csv
        dfer compare coder.boris talk.csv --map happy=happiness
        dfer compare coder.eaf talk.csv --pair "Anna=Face 0"

      Faces are paired by position and time unless --pair names them. Agreement is weighted by the time that both label.
      """)

  @Argument(help: "The reference.", completion: .annotations)
  var reference: String

  @Argument(help: "The timeline to compare with it.", completion: .annotations)
  var other: String

  @Option(
    name: [.short, .customLong("output")],
    help: ArgumentHelp("Write the confusion matrix, in seconds, to this file as CSV.", valueName: "file"),
    completion: .csv)
  var output: String?

  @Flag(help: "Replace an existing output file.")
  var overwrite = false

  @Option(help: ArgumentHelp("Treat label A as B in both. Repeatable.", valueName: "A=B"))
  var map: [String] = []

  @Option(
    help: ArgumentHelp(
      "Compare tier, face or subject A of the reference with B of the other. Repeatable.", valueName: "A=B"))
  var pair: [String] = []

  @Option(help: "Take this observation, of a BORIS file with several whose videos do not tell.")
  var observation: String?

  @OptionGroup
  var frames: FrameRateOption

  func run() throws {
    if let output { try OutputPaths.check([output], inputs: [reference, other]) }
    let names = try AnnotationInput.names(map)
    let (firstFile, secondFile) = try (
      AnnotationInput(reference, frameRate: frames.fps), AnnotationInput(other, frameRate: frames.fps)
    )
    firstFile.warnOfOtherVideo(than: secondFile)
    let first = try firstFile.annotation(with: secondFile.videos, observation: observation).renaming(names)
    let second = try secondFile.annotation(with: firstFile.videos, observation: observation).renaming(names)
    let pairs = try pair.map { try AnnotationInput.split($0, "--pair") }
    for (one, two) in pairs {
      for (name, annotation, path) in [(one, first, reference), (two, second, other)]
      where !annotation.tracks.contains(where: { $0.name == name }) {
        let known = annotation.tracks.map(\.name).joined(separator: ", ")
        throw ValidationError("--pair: \(path) has no \"\(name)\"; it has \(known.isEmpty ? "nothing" : known)")
      }
    }
    let agreement = try UnreadableTimeline.naming(reference) {
      try Agreement(first, second, pairs: pairs.isEmpty ? nil : pairs.map { (reference: $0.0, other: $0.1) })
    }
    do {
      if let output {
        try OutputFile(output, overwrite: overwrite, kind: .whole).writeWhole(agreement.csv)
        if output == "-" {
          for line in agreement.notCompared { Terminal.write("warning: \(line)\n") }
          return
        }
      }
      let console = try OutputFile("-", overwrite: false)
      for line in agreement.lines { try console.append(line) }
    } catch OutputError.readerGone {
      return
    }
  }
}

/// An annotation file as commands read it, and the videos that it is of.
struct AnnotationInput {
  let path: String
  private let file: AnnotationFile
  /// As the file itself or the manifest beside it names them.
  let videos: [String]

  /// Throws `UnreadableTimeline`.
  init(_ path: String, frameRate: Double?) throws {
    self.path = path
    file = try UnreadableTimeline.naming(path) { try AnnotationFile(path: path, frameRate: frameRate) }
    videos = file.media + (RunFacts(beside: path)?.location.map { [$0] } ?? [])
  }

  /// What it says of one of `videos`. Throws `UnreadableTimeline`.
  func annotation(with videos: [String], observation: String?) throws -> Annotation {
    try UnreadableTimeline.naming(path) { try file.annotation(of: videos, observation: observation) }
  }

  /// Two timelines of different videos can be compared by mistake, and the figures would not show it.
  func warnOfOtherVideo(than other: AnnotationInput) { other.warnUnless(of: videos, whose: path) }

  /// Warns when the file names videos, and none of them is among `others`.
  func warnUnless(of others: [String], whose owner: String) {
    guard !others.isEmpty, !videos.isEmpty, !videos.contains(where: { AnnotationFile.isSameVideo($0, others) }) else {
      return
    }
    func names(_ paths: [String]) -> String {
      // An annotation file names its video by more than one path.
      var names: [String] = []
      for name in paths.map({ ($0 as NSString).lastPathComponent }) where !names.contains(name) { names.append(name) }
      return names.prefix(3).joined(separator: ", ")
    }
    Terminal.write(
      "warning: \(owner) is of \(names(others)), but \(path) is of \(names(videos)); is this the same video?\n")
  }

  /// What `--map A=B` says, by A.
  static func names(_ map: [String]) throws -> [String: String] {
    Dictionary(try map.map { try split($0, "--map") }) { $1 }
  }

  static func split(_ text: String, _ option: String) throws -> (String, String) {
    let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
    guard parts.count == 2 else { throw ValidationError("\(option) \(text): write it as A=B") }
    return (parts[0], parts[1])
  }
}
