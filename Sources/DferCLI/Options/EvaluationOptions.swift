import ArgumentParser
import DferTimeline
import DferTraining

/// Which faces `dfer evaluate` reads, and what their labels say.
struct EvaluationData: ParsableArguments {
  @Option(help: ArgumentHelp("Label left out of the first block of metrics. Repeatable.", valueName: "label"))
  var excludeLabel: [String] = ["contempt"]

  @Option(help: ArgumentHelp("Use every N-th face.", valueName: "N"))
  var subsample = 1

  @Flag(help: "The column label says mask or none instead of an expression.")
  var masks = false

  @Flag(help: "Draw a mask on every face whose outline is known; leave the others out.")
  var drawMasks = false

  func validate() throws {
    if subsample < 1 { throw ValidationError("--subsample must be at least 1") }
  }
}

/// What the network sees of each face in `dfer evaluate`.
struct EvaluationInput: ParsableArguments {
  @Option(help: ArgumentHelp(Evaluator.InputMode.help, valueName: "mode"))
  var inputMode: Evaluator.InputMode?

  @Option(
    help: ArgumentHelp("Also evaluate with this input mode, and report the gain over it.", valueName: "mode"))
  var baselineInputMode: Evaluator.InputMode?

  @Option(help: ArgumentHelp("Softmax temperature (default: from the weights).", valueName: "T"))
  var temperature: Double?

  func validate() throws {
    if let temperature, !(temperature > 0) { throw ValidationError("--temperature must be above 0") }
  }
}

/// Where the results of `dfer evaluate` go.
struct EvaluationFiles: ParsableArguments {
  @Option(
    help: ArgumentHelp("Write all metrics to this file, as JSON.", valueName: "file"),
    completion: .file(extensions: ["json"]))
  var json: String?

  @Option(help: ArgumentHelp("Write the confusion matrix to this file, as CSV.", valueName: "file"), completion: .csv)
  var confusion: String?

  @Option(
    help: ArgumentHelp("Write the predictions for each face to this file, as CSV.", valueName: "file"), completion: .csv
  )
  var predictions: String?

  @Flag(help: "Replace existing output files.")
  var overwrite = false

  /// Checks that none is among the files that are read, nor named twice. Throws `OutputError`.
  func check(inputs: [String?]) throws {
    try OutputPaths.check([json, confusion, predictions].compactMap { $0 }, inputs: inputs.compactMap { $0 })
  }

  /// The file at one of these paths, checked before anything is read. Throws `OutputError`.
  func open(_ path: String?) throws -> OutputFile? {
    try path.map { try OutputFile($0, overwrite: overwrite, kind: .whole) }
  }
}
