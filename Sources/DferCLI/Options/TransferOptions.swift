import ArgumentParser
import DferModels
import DferTraining
import Foundation

/// What `dfer train` offers so that weights read other people, cameras and light than those of the data.
struct TransferOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Your own classes instead of those of the weights, as bored,confused,pain; 20 clips of each will do.",
      valueName: "names"))
  var labels: String?

  @Option(
    help: ArgumentHelp(
      """
      Mix another source into the labels of a packed set: a CSV file with frame and a probability for each class, or frame \
      and label. WEIGHT is its fraction of the target, above 0 and at most 1. DATA= says which --data it belongs to, where \
      there are several packed sets. May be given several times.
      """, valueName: "[data=]file:weight"))
  var softLabels: [String] = []

  @Option(
    help: ArgumentHelp(
      """
      Leave the class frequencies of the data out of the weights: the loss adds TAU times their logarithm to the logits \
      (arXiv 2007.07314). 1 leaves out all of it, 0 nothing.
      """, valueName: "tau"))
  var logitAdjustment = 0.0

  @Option(help: ArgumentHelp("Reduce faces to a random side from this many pixels up to 112.", valueName: "pixels"))
  var minResolution: Int?

  @Option(
    help: ArgumentHelp("Strength of random hue, saturation, white balance and grey, 0 to 1.", valueName: "strength"))
  var colourJitter = 0.0

  @Option(
    help: ArgumentHelp(
      "Strength of random places and widths of the crop, 0 to 1, as of other detectors.", valueName: "strength"))
  var cropJitter = 0.0

  @Option(
    help: ArgumentHelp(
      "Keep the weights with the best mean recall over the domains of a suite, instead of --valid; see docs/suite.md.",
      valueName: "file"))
  var validSuite: String?

  @Option(help: "Folder where the relative paths of the suite start (default: the suite's own).")
  var suiteData: String?

  /// Own classes; nil: those of the weights.
  func ownLabels() throws -> OwnLabels? { try labels.map(OwnLabels.init) }

  func validate() throws {
    _ = try ownLabels()
    if suiteData != nil && validSuite == nil { throw ValidationError("--suite-data requires --valid-suite") }
    func check(_ ok: Bool, _ message: String) throws { if !ok { throw ValidationError(message) } }
    try check((0...1).contains(logitAdjustment), "--logit-adjustment must be 0 to 1")
    try check(minResolution.map { (8...112).contains($0) } ?? true, "--min-resolution must be 8 to 112")
    try check(
      (0...1).contains(colourJitter) && (0...1).contains(cropJitter), "--colour-jitter and --crop-jitter must be 0 to 1"
    )
    let labels = try softLabels.map(SoftLabelFile.init)
    let sums = Dictionary(grouping: labels, by: \.data).mapValues { $0.reduce(0) { $0 + $1.weight } }
    try check(
      sums.values.allSatisfy { $0 <= 1 + 1e-6 },
      "the weights of --soft-labels for one set must not add up to more than 1")
  }

  /// nil when nothing is to be changed, so that checkpoints of trainings without it stay as they were.
  private var randomization: DomainRandomization? {
    guard minResolution != nil || colourJitter > 0 || cropJitter > 0 else { return nil }
    return DomainRandomization(minimumResolution: minResolution, colour: colourJitter, crop: cropJitter)
  }

  func apply(to settings: inout some LabelledTrainingOptions) {
    settings.randomization = randomization
    settings.logitAdjustment = logitAdjustment > 0 ? logitAdjustment : nil
  }

  /// Reads the sets of `--data`, each with its weight, and mixes the soft labels in.
  ///
  /// - Parameter read: one file.
  func read(_ data: [String], labels: [String], _ read: (String) throws -> LabelledSet) throws -> LabelledSet {
    let files = try data.map(WeightedFile.init)
    var sources = try softLabels.map(SoftLabelFile.init)
    let packed = Set(files.map(\.path).filter { PackedSet.video(of: $0) != nil })
    if let first = sources.first, packed.isEmpty {
      throw ValidationError(
        "--soft-labels \(first.path): they belong to the frames of a packed set, but no video lies beside any --data")
    }
    for index in sources.indices where sources[index].data == nil {
      guard packed.count == 1 else {
        throw ValidationError(
          "--soft-labels \(sources[index].path): say which --data it labels, as DATA=\(sources[index].path):\(sources[index].weight)"
        )
      }
      sources[index].data = packed.first
    }
    for source in sources where !packed.contains(source.data ?? "") {
      throw ValidationError("--soft-labels \(source.data ?? "")=...: no packed set of --data has this path")
    }
    var all = LabelledSet(labels: labels, clips: [])
    for file in files {
      var set = try read(file.path)
      let own = try sources.filter { $0.data == file.path }.map {
        try SoftLabels($0.path, weight: $0.weight, labels: labels)
      }
      if !own.isEmpty {
        let count = set.mix(own)
        Terminal.write("\(count) of them with soft labels\n")
        if count == 0 { Terminal.write("dfer: warning: the soft labels name no frame of \(file.path)\n") }
      }
      for index in set.clips.indices { set.clips[index].weight = file.weight }
      all.clips += set.clips
    }
    return all
  }

  /// The suite of `--valid-suite`, read.
  func suite(for info: FaceReader.ModelInfo, detector: () throws -> FaceDetector) throws -> SuiteValidation? {
    try validSuite.map {
      let suite = try SuiteValidation(EvaluationSuite(contentsOf: $0, data: suiteData), for: info, detector: detector)
      Terminal.write("suite \($0) is read\n")
      return suite
    }
  }

  /// What checkpoints say of the data beside their names.
  var description: String {
    softLabels.isEmpty
      ? "" : "; soft labels \(softLabels.map { ($0 as NSString).lastPathComponent }.joined(separator: ", "))"
  }
}

/// `FILE` or `FILE:WEIGHT`, as `--data` takes it.
struct WeightedFile: Hashable {
  let path: String
  let weight: Double

  init(_ text: String) throws {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count > 1, let weight = Double(parts[parts.count - 1]), !FileManager.default.fileExists(atPath: text)
    else {
      (path, weight) = (text, 1)
      return
    }
    guard weight > 0 && weight <= 1000 else {
      throw ValidationError("\(text): the weight must be above 0, at most 1000")
    }
    (path, self.weight) = (parts.dropLast().joined(separator: ":"), weight)
  }
}

/// `[DATA=]FILE:WEIGHT`, as `--soft-labels` takes it.
struct SoftLabelFile: Hashable {
  var data: String?
  let path: String
  let weight: Float

  init(_ text: String) throws {
    let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
    let file = try WeightedFile(parts[parts.count - 1])
    guard file.path != parts[parts.count - 1], file.weight <= 1 else {
      throw ValidationError("--soft-labels \(text): write FILE:WEIGHT with a weight above 0, at most 1")
    }
    (data, path, weight) = (parts.count > 1 ? parts[0] : nil, file.path, Float(file.weight))
  }
}
