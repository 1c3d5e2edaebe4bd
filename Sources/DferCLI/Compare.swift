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
    help: ArgumentHelp("Write the confusion matrix, in seconds, to this file as CSV.", valueName: "file"), completion: .csv)
  var output: String?

  @Flag(help: "Replace an existing output file.")
  var overwrite = false

  @Option(help: ArgumentHelp("Treat label A as B in both. Repeatable.", valueName: "A=B"))
  var map: [String] = []

  @Option(
    help: ArgumentHelp("Compare tier, face or subject A of the reference with B of the other. Repeatable.", valueName: "A=B"))
  var pair: [String] = []

  @OptionGroup
  var frames: FrameRateOption

  func run() throws {
    if let output { try OutputPaths.check([output], inputs: [reference, other]) }
    let names = try AnnotationInput.names(map)
    let first = try AnnotationInput.read(reference, frameRate: frames.fps).renaming(names)
    let second = try AnnotationInput.read(other, frameRate: frames.fps).renaming(names)
    let pairs = try pair.map { try AnnotationInput.split($0, "--pair") }
    for (one, two) in pairs {
      for (name, annotation, path) in [(one, first, reference), (two, second, other)]
      where !annotation.tracks.contains(where: { $0.name == name }) {
        let known = annotation.tracks.map(\.name).joined(separator: ", ")
        throw ValidationError("--pair: \(path) has no \"\(name)\"; it has \(known.isEmpty ? "nothing" : known)")
      }
    }
    let agreement = Agreement(first, second, pairs: pairs.isEmpty ? nil : pairs.map { (reference: $0.0, other: $0.1) })
    do {
      if let output {
        try OutputFile(output, overwrite: overwrite, kind: .whole).writeWhole(agreement.csv)
        if output == "-" { return }
      }
      let console = try OutputFile("-", overwrite: false)
      for line in agreement.lines { try console.append(line) }
    } catch OutputError.readerGone {
      return
    }
  }
}

/// Annotations as commands read them.
enum AnnotationInput {
  /// Throws `UnreadableTimeline`.
  static func read(_ path: String, frameRate: Double?) throws -> Annotation {
    do { return try Annotation(path: path, frameRate: frameRate) } catch let error as AnnotationError {
      throw UnreadableTimeline(path: path, reason: error.description)
    } catch let error as CSVTimeline.ParseError {
      throw UnreadableTimeline(path: path, reason: error.description)
    } catch {
      throw UnreadableTimeline(path: path, reason: "cannot be read")
    }
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
