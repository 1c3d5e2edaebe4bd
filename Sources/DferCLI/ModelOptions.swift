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

  @Flag(
    help: "Correct the probabilities of each face by what it shows at rest: where neutral is likeliest, at least 2 s.")
  var neutralBaseline = false

  @Option(
    help: ArgumentHelp(
      "The same, with a period in which the faces are at rest, as 0-3 or 1:05-1:10; at least 1 s.",
      valueName: "from-to"))
  var neutralPeriod: NeutralPeriod?

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
    model.neutralBaseline =
      neutralPeriod.map { .period($0.seconds) } ?? (neutralBaseline ? .whereNeutralIsLikeliest : nil)
    return model
  }

  /// The rows with what the model makes of them; as they are when no model is asked for. Faces whose rest was not seen
  /// are named.
  ///
  /// - Parameter name: of the rows, for people.
  func apply(
    _ rows: [ClipResult], labels: [String], name: String
  ) throws -> (rows: [ClipResult], baselines: [TimelineModel.Baseline]) {
    guard model.isActive else { return (rows, []) }
    let option = neutralPeriod == nil ? "--neutral-baseline" : "--neutral-period"
    if model.neutralBaseline != nil && !labels.contains("neutral") {
      throw ValidationError("\(option): these rows have no class \"neutral\"")
    }
    let result = model.apply(rows, labels: labels)
    let unknown = result.baselines.filter(\.means.isEmpty).map { "\($0.faceID)" }
    if !unknown.isEmpty {
      Terminal.write(
        """
        warning: \(name): too little rest was seen of face \(unknown.joined(separator: ", ")) for \(option); nothing is \
        corrected there

        """
      )
    }
    return result
  }
}

/// Where in a video the faces are at rest: "0-3", "1:05-1:10".
struct NeutralPeriod: ExpressibleByArgument, Hashable {
  let seconds: ClosedRange<Double>

  init?(argument: String) {
    let ends = argument.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
    guard ends.count == 2, let from = try? VideoTime(ends[0]), let to = try? VideoTime(ends[1]),
      to.seconds - from.seconds >= 1
    else { return nil }
    seconds = from.seconds...to.seconds
  }
}
