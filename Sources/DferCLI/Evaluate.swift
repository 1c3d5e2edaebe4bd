import ArgumentParser
import Dfer
import DferModels
import DferTensor
import DferTimeline
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
        dfer evaluate --data valid.csv --pipeline mtcae-dfer lanmsff      side by side, with what each costs
        dfer evaluate --data clips.csv --against frames            and what it gains from reading time

      A face counts when more than half of all its votes are for one of the classes. Beside all classes of the weights,
      the figures without contempt are given: the usual seven.
      """)

  @Option(help: "Labelled data, a CSV file.")
  var data: String

  @Option(
    parsing: .upToNextOption, help: "Installed pipelines, or paths of pipeline files (default: mtcae-dfer); several give a table.")
  var pipeline: [String] = []

  @Option(help: "Weight file (default: the pipeline's).")
  var weights: String?

  @Flag(help: "The column label of DATA says mask or none instead of an expression.")
  var masks = false

  @Flag(help: "Draw a mask on every face whose outline is known; the others are left out.")
  var drawMasks = false

  @Option(help: "Labels left out in the first block of figures; may be given several times.")
  var without: [String] = ["contempt"]

  @Option(
    help: """
      What the network gets of each face: slot (one tubelet), clip (all its frames), or frames (single frames of it, each \
      repeated to a clip, and the mean of the answers). Default: slot for stills, else clip.
      """)
  var look: Evaluator.InputMode?

  @Option(help: "Read the faces a second time with this look, and say how much the first one gains.")
  var against: Evaluator.InputMode?

  @Option(help: "Only every N-th face.")
  var every = 1

  @Option(help: "Divide logits by this instead of by the weights' own temperature.")
  var temperature: Double?

  @Option(help: "Write all figures to FILE, as JSON.")
  var json: String?

  @Option(help: "Write the confusion table to FILE, as CSV.")
  var confusion: String?

  @Option(help: "Write what was read of each face to FILE, as CSV.")
  var answers: String?

  @Option(help: "Threads for the arithmetic (default: all cores this process may use).")
  var threads: Int?

  func validate() throws {
    if weights != nil && pipeline.count > 1 { throw ValidationError("--weights goes with one pipeline") }
    if confusion != nil && pipeline.count > 1 { throw ValidationError("--confusion goes with one pipeline") }
    if answers != nil && pipeline.count > 1 { throw ValidationError("--answers goes with one pipeline") }
    if against != nil && pipeline.count > 1 { throw ValidationError("--against goes with one pipeline") }
    if pipeline == [DetectorSession.name] {
      let other = [
        ("--look", look != nil), ("--against", against != nil), ("--confusion", confusion != nil), ("--answers", answers != nil),
        ("--masks", masks), ("--draw-masks", drawMasks), ("--temperature", temperature != nil),
      ]
      for (name, isGiven) in other where isGiven { throw ValidationError("\(name) means nothing to --pipeline \(DetectorSession.name)") }
    }
    if every < 1 { throw ValidationError("--every must be at least 1") }
    if let threads, !(1...256).contains(threads) { throw ValidationError("--threads must be 1 to 256") }
    if let temperature, !(temperature > 0) { throw ValidationError("--temperature must be above 0") }
  }

  func run() throws {
    if let threads { Compute.threads = threads }
    if pipeline == [DetectorSession.name] {
      return try DetectorSession(weights: weights).evaluate(data, every: every, json: json)
    }
    guard pipeline.count < 2 else { return try SideBySide(self).run() }
    let name = pipeline.first ?? "mtcae-dfer"
    let reader = try FaceReader(weights: weights ?? Installation.pipeline(name).modelWeights.path)
    for label in without where label != "contempt" && !reader.modelInfo.labels.contains(label) {
      throw ValidationError("--without \(label): the weights' labels are \(reader.modelInfo.labels.joined(separator: ", "))")
    }
    let files = (json: try file(json), answers: try file(answers), confusion: try file(confusion))
    let set = try labelledSet(for: reader)
    let other = try otherLook(of: reader, at: set)
    let reading = try reading(of: reader, on: set, named: name)
    var result = evaluation(reading, of: reader, on: set)
    print("\(set.clips.count) faces of \(data), \(reading.look)")
    for line in result.lines { print(line) }
    if let other {
      let second = try self.reading(of: reader, on: set, named: name, as: other)
      result.gain = Comparison(
        (reading.look, reading.predictions), over: (second.look, second.predictions), of: set.clips, labels: reader.modelInfo.labels,
        without: Set(without))
      print(result.gain?.line ?? "no gain to tell: no face has a majority")
    }
    try files.json?.writeWhole(result.json)
    try files.answers?.writeWhole(result.predictionsCSV(reading.predictions, of: set))
    if let text = result.confusionCSV { try files.confusion?.writeWhole(text) }
  }

  func labelledSet(for reader: FaceReader) throws -> LabelledSet {
    let modelInfo = reader.modelInfo
    // The detector is looked for only where it is needed: own weights and a packed set do without an installation.
    var set =
      try masks
      ? LabelledSet.masks(data, labels: modelInfo.labels, every: every)
      : LabelledSet(
        data, labels: modelInfo.labels, blendshapes: modelInfo.blendshapes, frames: modelInfo.clip.frames,
        imageSize: modelInfo.imageSize, every: every, contours: drawMasks
      ) { try FaceDetector(weights: Installation.pipeline("mtcae-dfer").detectorWeights.path) }
    for line in set.skipped { Terminal.write("dfer: \(line)\n") }
    if drawMasks { set = set.withDrawnMasks(seed: 0) }
    if set.clips.isEmpty && set.faceless.isEmpty { throw TrainingError.noClips(data) }
    return set
  }

  /// What a network got to see, in words, and what it read.
  typealias Reading = (look: String, predictions: [Evaluator.Prediction])

  /// - Parameter wanted: nil: as asked for, or what suits the faces and the network.
  func reading(
    of reader: FaceReader, on set: LabelledSet, named name: String, as wanted: Evaluator.InputMode? = nil
  ) throws -> Reading {
    let isStills = set.clips.allSatisfy { $0.images.count == 1 }
    var terminal = Terminal()
    let interrupt = Interrupt()
    func progress(_ done: Int) -> Bool {
      terminal.redraw { ["\(name): \(done) of \(set.clips.count) faces"] }
      return !interrupt.isRaised
    }
    let reading: Reading
    switch reader {
    case .clips(let model):
      let evaluator = Evaluator(model, inputMode: try model.look(wanted ?? look, at: set))
      reading = (evaluator.inputMode.words, evaluator.read(set.clips, progress: progress))
    case .images(let model):
      reading = (
        isStills ? "single pictures" : "means over whole clips", ImageEvaluator(model).read(set.clips, progress: progress)
      )
    }
    if interrupt.isRaised { throw ExitStatus.interrupted }
    interrupt.release()
    return reading
  }

  /// The look to compare with; found wrong before anything is read.
  private func otherLook(of reader: FaceReader, at set: LabelledSet) throws -> Evaluator.InputMode? {
    guard let against else { return nil }
    guard case .clips(let model) = reader else {
      throw ValidationError("--against is for networks that read clips; \(reader.modelInfo.system) reads single pictures")
    }
    if try model.look(against, at: set) == model.look(look, at: set) {
      throw ValidationError("--against \(against.rawValue): the faces are read like this already; give another --look")
    }
    return against
  }

  func evaluation(_ reading: Reading, of reader: FaceReader, on set: LabelledSet) -> Evaluation {
    let modelInfo = reader.modelInfo
    return Evaluation(
      reading.predictions, of: set.clips, faceless: set.faceless, labels: modelInfo.labels,
      temperature: temperature ?? modelInfo.temperature, without: Set(without))
  }

  /// A file of figures, in the place of an earlier one. Asked for before anything is read, which may take an hour.
  func file(_ path: String?) throws -> OutputFile? {
    try path.map { try OutputFile($0, overwrite: true, kind: .whole) }
  }
}

extension ExpressionModel {
  /// What the network gets of each face: as asked for, or what suits the faces and the network.
  func look(_ wanted: Evaluator.InputMode?, at set: LabelledSet) throws -> Evaluator.InputMode {
    if wanted == .tubelet && !card.config.readsShortClips {
      throw ValidationError("--look slot: these weights read whole clips only, stills repeated to clips; use --look clip")
    }
    return wanted ?? .usual(for: set.clips, card.config)
  }
}

extension Evaluator.InputMode: ExpressibleByArgument {
  fileprivate var words: String {
    switch self {
    case .tubelet: "one slot"
    case .clip: "whole clips"
    case .frames: "single frames of clips"
    }
  }
}
