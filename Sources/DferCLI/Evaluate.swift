import ArgumentParser
import Dfer
import DferModels
import DferTensor
import DferTraining
import Foundation

struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure how well weights read labelled faces.",
    discussion: """
      DATA is a packed set (a video and a CSV file of one name, one row for each frame) or a manifest of clips: a CSV
      file with the columns path,start_s,end_s,label, or a column of votes for each class instead of label.

        dfer evaluate --data valid.csv                             the installed weights
        dfer evaluate --data clips.csv --weights mine.safetensors
        dfer evaluate --data valid.csv --json valid.json --confusion valid-confusion.csv

      A face counts when more than half of all its votes are for one of the classes. Beside all classes of the weights,
      the figures without contempt are given: the usual seven.
      """)

  @Option(help: "Labelled data, a CSV file.")
  var data: String

  @Option(help: "Weight file (default: the installed one).")
  var weights: String?

  @Option(help: "Labels left out in the first block of figures; may be given several times.")
  var without: [String] = ["contempt"]

  @Option(
    help: """
      What the network gets of each face: slot (one tubelet), clip (all its frames), or frames (single frames of it, each \
      repeated to a clip, and the mean of the answers). Default: slot for stills, else clip.
      """)
  var look: Evaluator.Look?

  @Option(help: "Only every N-th face.")
  var every = 1

  @Option(help: "Divide logits by this instead of by the weights' own temperature.")
  var temperature: Double?

  @Option(help: "Write all figures to FILE, as JSON.")
  var json: String?

  @Option(help: "Write the confusion table to FILE, as CSV.")
  var confusion: String?

  @Option(help: "Threads for the arithmetic (default: all cores this process may use).")
  var threads: Int?

  func validate() throws {
    if every < 1 { throw ValidationError("--every must be at least 1") }
    if let threads, threads < 1 { throw ValidationError("--threads must be at least 1") }
    if let temperature, !(temperature > 0) { throw ValidationError("--temperature must be above 0") }
  }

  func run() throws {
    if let threads { Compute.threads = threads }
    // Looked for only where it is needed: own weights and a packed set do without an installation.
    func pipeline() throws -> Pipeline { try Installation.pipeline("mtcae-dfer") }
    let model = try ExpressionModel(weights: weights ?? pipeline().modelWeights.path)
    let card = model.card
    for label in without where label != "contempt" && !card.labels.contains(label) {
      throw ValidationError("--without \(label): the weights' labels are \(card.labels.joined(separator: ", "))")
    }
    let set = try LabelledSet(data, card: card, every: every) { try FaceFinder(weights: pipeline().finderWeights.path) }
    for line in set.skipped { Terminal.write("dfer: \(line)\n") }
    if set.clips.isEmpty && set.faceless.isEmpty { throw TrainingError.noClips(data) }
    let isStills = set.clips.allSatisfy { $0.pictures.count == 1 }
    let evaluator = Evaluator(model, look: look ?? (isStills ? .slot : .clip))
    var terminal = Terminal()
    let interrupt = Interrupt()
    let answers = evaluator.read(set.clips) { done in
      terminal.redraw { ["\(done) of \(set.clips.count) faces"] }
      return !interrupt.isRaised
    }
    if interrupt.isRaised { throw ExitStatus.interrupted }
    let result = Evaluation(
      answers, of: set.clips, faceless: set.faceless, card, without: Set(without), temperature: temperature)
    print("\(set.clips.count) faces of \(data), \(evaluator.look.words)")
    for line in result.lines { print(line) }
    if let json { try write(result.json, json) }
    if let confusion, let text = result.confusionCSV { try write(text, confusion) }
  }

  private func write(_ text: String, _ path: String) throws {
    do { try text.write(toFile: path, atomically: true, encoding: .utf8) } catch {
      throw CheckpointError(path: path, reason: "it cannot be written: \(error.localizedDescription)")
    }
  }
}

extension Evaluator.Look: ExpressibleByArgument {
  fileprivate var words: String {
    switch self {
    case .slot: "one slot"
    case .clip: "whole clips"
    case .frames: "single frames of clips"
    }
  }
}
