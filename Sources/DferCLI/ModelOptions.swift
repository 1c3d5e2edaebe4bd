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
      valueName: "from-to"),
    transform: NeutralPeriod.init)
  var neutralPeriod: NeutralPeriod?

  @Option(
    help: ArgumentHelp(
      "The same, with rows of another recording, in all of which the only person is at rest; at least 1 s.",
      valueName: "file"),
    completion: .tables)
  var neutralRows: String?

  func validate() throws {
    func check(_ ok: Bool, _ message: String) throws { if !ok { throw ValidationError(message) } }
    try check(smooth.map { (0.01...3600).contains($0) } ?? true, "--smooth must be 0.01 to 3600 seconds")
    try check(hysteresis.map { (0...1).contains($0) } ?? true, "--hysteresis must be 0 to 1")
    try check(abstainBelow.map { (0...1).contains($0) } ?? true, "--abstain-below must be 0 to 1")
    let rests = [
      (neutralBaseline, "--neutral-baseline"), (neutralPeriod != nil, "--neutral-period"),
      (neutralRows != nil, "--neutral-rows"),
    ].filter(\.0).map(\.1)
    try check(rests.count < 2, "\(rests.joined(separator: " cannot be combined with "))")
  }

  var model: TimelineModel {
    var model = TimelineModel()
    model.smoothing = smooth
    model.hysteresis = hysteresis
    model.abstainBelow = abstainBelow
    if let neutralRows {
      model.neutralBaseline = .recording(means: [:], seconds: 0, name: neutralRows)
    } else if let neutralPeriod {
      model.neutralBaseline = .period(neutralPeriod.seconds)
    } else if neutralBaseline {
      model.neutralBaseline = .whereNeutralIsLikeliest
    }
    return model
  }

  /// The rows with what the model makes of them; as they are when no model is asked for. Faces whose rest was not seen
  /// are named.
  ///
  /// - Parameter name: of the rows, for people.
  func apply(
    _ rows: [ClipResult], labels: [String], name: String
  ) throws -> (rows: [ClipResult], baselines: [TimelineModel.Baseline]) {
    var model = model
    guard model.isActive else { return (rows, []) }
    let option =
      neutralRows.map { _ in "--neutral-rows" } ?? neutralPeriod.map { _ in "--neutral-period" } ?? "--neutral-baseline"
    if model.neutralBaseline != nil && !labels.contains("neutral") {
      throw ValidationError("\(option): these rows have no class \"neutral\"")
    }
    if let neutralRows { model.neutralBaseline = try recording(neutralRows, for: rows, labels: labels, name: name) }
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

  /// The person at rest of `--neutral-rows`. Nobody is taken for somebody else: both tables must show one person at a time.
  private func recording(
    _ path: String, for rows: [ClipResult], labels: [String], name: String
  ) throws -> TimelineModel.NeutralMoments {
    let source = try TimelineInput(path)
    guard source.timeline.videos.count == 1 else {
      throw UnreadableTimeline(
        path: path, reason: "rows of \(source.timeline.videos.count) videos; --neutral-rows takes one")
    }
    guard Set(source.timeline.labels) == Set(labels) else {
      throw UnreadableTimeline(
        path: path,
        reason: "its classes (\(source.timeline.labels.joined(separator: ", "))) are not those of \(name) "
          + "(\(labels.joined(separator: ", ")))")
    }
    for (table, rows) in [(path, source.timeline.videos[0].rows), (name, rows)] {
      if let time = TimelineModel.secondFace(in: rows) {
        throw UnreadableTimeline(
          path: table,
          reason: "two faces at \(fixedDecimal(time, places: 1)) s; --neutral-rows is for one person at a time")
      }
    }
    let (means, seconds) = TimelineModel.rest(in: source.timeline.videos[0].rows, labels: source.timeline.labels)
    guard seconds >= TimelineModel.leastRest else {
      throw UnreadableTimeline(path: path, reason: "less than 1 s of a face; --neutral-rows needs more of its rest")
    }
    return .recording(means: means, seconds: seconds, name: path)
  }
}

/// Where in a video the faces are at rest: "0-3", "1:05-1:10".
struct NeutralPeriod: Hashable {
  let seconds: ClosedRange<Double>

  init(_ text: String) throws {
    let ends = text.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
    guard ends.count == 2, let from = try? VideoTime(ends[0]), let to = try? VideoTime(ends[1]),
      to.seconds - from.seconds >= TimelineModel.leastRest
    else { throw ValidationError("not a period of at least 1 s like 0-3 or 1:05-1:10") }
    seconds = from.seconds...to.seconds
  }
}
