import ArgumentParser
import DferTimeline

/// Post-processing of rows in `dfer export` and `dfer summary`; none by default.
struct ModelOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Average probabilities over a window of this length.", valueName: "seconds"))
  var smooth: Double?

  @Option(help: ArgumentHelp("Keep a label until another class leads by this much, 0 to 1.", valueName: "margin"))
  var hysteresis: Double?

  @Option(help: ArgumentHelp("Assign no label below this probability, 0 to 1.", valueName: "probability"))
  var abstainBelow: Double?

  @Flag(help: "Subtract each face's own neutral expression.")
  var neutralBaseline = false

  func validate() throws {
    func check(_ ok: Bool, _ message: String) throws { if !ok { throw ValidationError(message) } }
    try check(smooth.map { (0.01...3600).contains($0) } ?? true, "--smooth must be 0.01 to 3600 seconds")
    try check(hysteresis.map { (0...1).contains($0) } ?? true, "--hysteresis must be 0 to 1")
    try check(abstainBelow.map { (0...1).contains($0) } ?? true, "--abstain-below must be 0 to 1")
  }

  var model: TimelineModel {
    var model = TimelineModel()
    model.smoothing = smooth
    model.hysteresis = hysteresis
    model.abstainBelow = abstainBelow
    model.usesNeutralBaseline = neutralBaseline
    return model
  }

  /// The rows with what the model makes of them; as they are when no model is asked for.
  func apply(
    _ rows: [ClipResult], labels: [String]
  ) throws -> (rows: [ClipResult], baselines: [TimelineModel.Baseline]) {
    guard model.isActive else { return (rows, []) }
    if neutralBaseline && !labels.contains("neutral") {
      throw ValidationError("--neutral-baseline: these rows have no class \"neutral\"")
    }
    return model.apply(rows, labels: labels)
  }
}
