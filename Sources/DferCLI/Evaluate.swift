import ArgumentParser
import Dfer
import DferModels
import DferTensor
import DferTimeline
import DferTraining
import Foundation

struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Evaluate weights on labelled faces.",
    discussion: """
      The data is a packed set (a video and a CSV file of the same name, one row per frame) or a manifest of clips: a CSV \
      file with the columns path,start_s,end_s,label, or one column of votes per class instead of label.

        dfer evaluate --data valid.csv                   the installed weights
        dfer evaluate --data clips.csv --weights mine.safetensors
        dfer evaluate --data valid.csv --json valid.json --confusion confusion.csv
        dfer evaluate --data valid.csv --pipeline mtcae-dfer lanmsff
        dfer evaluate --data clips.csv --baseline-input-mode frames
        dfer evaluate --suite mine.yaml --compare-with mtcae-dfer

      A face counts if more than half of its votes are for one class. Metrics are also given without contempt: the usual \
      seven classes. Several pipelines are compared in one table, with their cost.
      """)

  @Option(help: ArgumentHelp("Labelled data.", valueName: "file"), completion: .csv)
  var data: String?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Installed pipelines, or paths of pipeline files (default: mtcae-dfer).", valueName: "name"),
    completion: .pipelines)
  var pipeline: [String] = []

  @Option(help: ArgumentHelp("Weight file (default: the pipeline's).", valueName: "file"), completion: .weights)
  var weights: String?

  @OptionGroup
  var compute: ThreadOptions

  @OptionGroup(title: "Suite of domains")
  var suite: SuiteOptions

  @OptionGroup(title: "Data")
  var selection: EvaluationData

  @OptionGroup(title: "Input")
  var input: EvaluationInput

  @OptionGroup
  var priorOption: PriorOption

  @OptionGroup(title: "Output")
  var files: EvaluationFiles

  @Option(help: "Numbers in the network's matrix products: fp32, bf16, int16 or int8; auto as in dfer watch.")
  var precision = PrecisionChoice.fp32

  @OptionGroup(title: "ONNX Runtime")
  var runtime: RuntimeChoiceOptions

  func validate() throws {
    if (data == nil) == (suite.suite == nil) { throw ValidationError("give labelled faces: either --data or --suite") }
    try refuseOptionsOfOtherForm()
    let single = [
      ("--weights", weights != nil), ("--prior", priorOption.prior != nil), ("--confusion", files.confusion != nil),
      ("--predictions", files.predictions != nil),
      ("--baseline-input-mode", input.baselineInputMode != nil),
    ]
    for (name, isGiven) in single where isGiven && pipeline.count > 1 {
      throw ValidationError("\(name) requires a single --pipeline")
    }
    guard pipeline == [DetectorSession.name] else { return }
    let other = [
      ("--input-mode", input.inputMode != nil), ("--baseline-input-mode", input.baselineInputMode != nil),
      ("--confusion", files.confusion != nil), ("--predictions", files.predictions != nil),
      ("--masks", selection.masks),
      ("--draw-masks", selection.drawMasks), ("--temperature", input.temperature != nil),
      ("--prior", priorOption.prior != nil),
    ]
    for (name, isGiven) in other where isGiven {
      throw ValidationError("\(name) is not supported by --pipeline \(DetectorSession.name)")
    }
  }

  /// What is not looked at must not seem to have been obeyed.
  private func refuseOptionsOfOtherForm() throws {
    let ofData = [
      ("--masks", selection.masks), ("--draw-masks", selection.drawMasks), ("--subsample", selection.subsample != 1),
      ("--exclude-label", selection.excludeLabel != ["contempt"]), ("--input-mode", input.inputMode != nil),
      ("--baseline-input-mode", input.baselineInputMode != nil), ("--confusion", files.confusion != nil),
      ("--predictions", files.predictions != nil),
    ]
    if suite.suite == nil, let name = suite.given { throw ValidationError("\(name) requires --suite") }
    if suite.suite != nil, let name = ofData.first(where: \.1)?.0 {
      throw ValidationError("\(name) is not supported with --suite: the suite file says which faces are read, and how")
    }
    if suite.suite != nil && (pipeline.count > 1 || pipeline == [DetectorSession.name]) {
      throw ValidationError("--suite takes one pipeline of expressions; --compare-with names a second one")
    }
  }

  func run() throws {
    if let threads = compute.threads { Compute.threads = threads }
    Compute.precision = precision.precision
    let prior = try priorOption.reading()
    try files.check(inputs: [data, suite.suite, suite.compareWith, weights])
    if let path = suite.suite {
      return try SuiteSession(
        suite: path, folder: suite.suiteData, only: suite.domains, weights: weights ?? pipeline.first ?? "mtcae-dfer",
        other: suite.compareWith, temperature: input.temperature, prior: prior.map { ($0, priorOption.prior ?? "") },
        json: try files.open(files.json), compute: runtime.choice
      ).run()
    }
    if pipeline == [DetectorSession.name] {
      return try DetectorSession(weights: weights).evaluate(
        faces, every: selection.subsample, json: try files.open(files.json))
    }
    guard pipeline.count < 2 else { return try SideBySide(self).run() }
    let name = pipeline.first ?? "mtcae-dfer"
    let pipeline = try weights == nil ? Installation.pipeline(name) : nil
    let path = weights ?? pipeline?.modelWeights.path ?? ""
    let trained = try pipeline?.reader(compute: runtime.choice) ?? FaceReader(weights: path)
    let reader = try prior.map { try trained.reading(with: $0, path: path, temperature: input.temperature) } ?? trained
    for label in selection.excludeLabel where label != "contempt" && !reader.modelInfo.labels.contains(label) {
      throw ValidationError(
        "--exclude-label \(label): the labels of these weights are \(reader.modelInfo.labels.joined(separator: ", "))")
    }
    let outputs = (
      json: try files.open(files.json), predictions: try files.open(files.predictions),
      confusion: try files.open(files.confusion)
    )
    let set = try labelledSet(for: reader)
    let baseline = try baselineInputMode(of: reader, for: set)
    let reading = try reading(of: reader, on: set, named: name)
    var result = evaluation(reading, of: reader, on: set)
    print("\(set.clips.count) faces of \(faces), \(reading.inputMode)")
    for line in result.lines { print(line) }
    if let baseline {
      let second = try self.reading(of: reader, on: set, named: name, as: baseline)
      result.gain = Comparison(
        (reading.inputMode, reading.predictions), over: (second.inputMode, second.predictions), of: set.clips,
        labels: reader.modelInfo.labels, without: Set(selection.excludeLabel))
      print(result.gain?.line ?? "no gain: no face has a majority label")
    }
    try outputs.json?.writeWhole(result.json)
    try outputs.predictions?.writeWhole(result.predictionsCSV(reading.predictions, of: set))
    if let text = result.confusionCSV { try outputs.confusion?.writeWhole(text) }
  }

  /// `--data`, which is there whenever there is no suite.
  var faces: String { data ?? "" }

  func labelledSet(for reader: FaceReader) throws -> LabelledSet {
    let modelInfo = reader.modelInfo
    // The detector is looked for only where it is needed: own weights and a packed set do without an installation.
    var set =
      try selection.masks
      ? LabelledSet.masks(faces, labels: modelInfo.labels, every: selection.subsample)
      : LabelledSet(
        faces, labels: modelInfo.labels, blendshapes: modelInfo.blendshapes, frames: modelInfo.clip.frames,
        imageSize: modelInfo.imageSize, every: selection.subsample, contours: selection.drawMasks
      ) { try FaceDetector(weights: Installation.pipeline("mtcae-dfer").detectorWeights.path) }
    for line in set.skipped { Terminal.write("dfer: \(line)\n") }
    if selection.drawMasks { set = set.withDrawnMasks(seed: 0) }
    if set.clips.isEmpty && set.faceless.isEmpty { throw TrainingError.noClips(faces) }
    return set
  }

  /// What a network got to see, in words, and what it read.
  typealias Reading = (inputMode: String, predictions: [Evaluator.Prediction])

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
      let evaluator = Evaluator(model, inputMode: try model.inputMode(wanted ?? input.inputMode, for: set))
      reading = (evaluator.inputMode.words, evaluator.read(set.clips, progress: progress))
    case .images(let model):
      reading = (
        isStills ? "single images" : "means over whole clips", ImageEvaluator(model).read(set.clips, progress: progress)
      )
    case .classifier(let model):
      reading = ("whole clips", try ClassifierEvaluator(model).read(set.clips, progress: progress))
    }
    if interrupt.isRaised { throw ExitStatus.interrupted }
    interrupt.release()
    return reading
  }

  /// The input mode to compare with; found wrong before anything is read.
  private func baselineInputMode(of reader: FaceReader, for set: LabelledSet) throws -> Evaluator.InputMode? {
    guard let baseline = input.baselineInputMode else { return nil }
    guard case .clips(let model) = reader else {
      throw ValidationError(
        "--baseline-input-mode applies to clip networks; \(reader.modelInfo.system) reads single images")
    }
    if try model.inputMode(baseline, for: set) == model.inputMode(input.inputMode, for: set) {
      throw ValidationError(
        "--baseline-input-mode \(baseline.argument): the faces are read like this already; give another --input-mode")
    }
    return baseline
  }

  func evaluation(_ reading: Reading, of reader: FaceReader, on set: LabelledSet) -> Evaluation {
    let modelInfo = reader.modelInfo
    return Evaluation(
      reading.predictions, of: set.clips, faceless: set.faceless, labels: modelInfo.labels,
      temperature: input.temperature ?? modelInfo.temperature, without: Set(selection.excludeLabel))
  }
}

extension ExpressionModel {
  /// What the network gets of each face: as asked for, or what suits the faces and the network.
  func inputMode(_ wanted: Evaluator.InputMode?, for set: LabelledSet) throws -> Evaluator.InputMode {
    if wanted == .tubelet && !card.config.readsShortClips {
      throw ValidationError("--input-mode tubelet: these weights read whole clips only; use --input-mode clip")
    }
    return wanted ?? .usual(for: set.clips, card.config)
  }
}

extension Evaluator.InputMode: ExpressibleByArgument {
  package init?(argument: String) {
    // What version 0.1 called it.
    self.init(rawValue: argument == "tubelet" ? "slot" : argument)
  }

  var argument: String { self == .tubelet ? "tubelet" : rawValue }
  package static var allValueStrings: [String] { allCases.map(\.argument) }

  static let help = """
    What the network sees of each face: tubelet (the frames of one), clip (all frames), or frames (single frames, whose \
    predictions are averaged). Default: tubelet for single images, otherwise clip.
    """
}
