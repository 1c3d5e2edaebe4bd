import ArgumentParser
import Dfer
import DferONNX
import DferVideo

/// A switch with two positions.
enum OnOff: String, ExpressibleByArgument, CaseIterable {
  case on, off
}

/// What `dfer watch` and `dfer batch` let a user choose about the analysis of videos.
struct ReadingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Installed pipeline (see dfer models), or the path of a pipeline file.", valueName: "name"),
    completion: .pipelines)
  var pipeline = "mtcae-dfer"

  @Option(help: ArgumentHelp("Track at most this many faces, the largest first.", valueName: "count"))
  var maxFaces: Int?

  @Option(help: ArgumentHelp("Ignore faces whose longer side is shorter than this.", valueName: "pixels"))
  var minFace = 0

  @Flag(help: "Track the main face only.")
  var mainFace = false

  @Option(
    help: ArgumentHelp(
      "Seconds from one clip to the next, in sixteenths of a clip (default: from the weights).", valueName: "seconds"))
  var hop: Double?

  @Option(help: ArgumentHelp("Length of a clip in seconds (default: from the weights).", valueName: "seconds"))
  var span: Double?

  @Option(
    help: ArgumentHelp("Read from this time on: 90, 90.5s, 1:30 or 1:02:03.5.", valueName: "time"),
    transform: VideoTime.init)
  var start: VideoTime?

  @Option(help: ArgumentHelp("Read up to this time.", valueName: "time"), transform: VideoTime.init)
  var end: VideoTime?

  @Option(
    help: ArgumentHelp(
      "Fraction of the tubes that the encoder reads, 0.1 to 1: lower is faster but less accurate.",
      valueName: "fraction"))
  var keepTubes = 1.0

  @Option(help: "Number of threads for arithmetic (default: all available cores).")
  var threads: Int?

  @Option(
    help: """
      Numbers in the network's matrix products: fp32, bf16, int16 or int8; auto takes bf16 on processors with AMX, \
      int16 on others with VNNI and fp32 on the rest.
      """)
  var precision = PrecisionChoice.fp32

  @OptionGroup var runtime: RuntimeChoiceOptions

  @Option(help: ArgumentHelp("Index of the video stream in the file (see dfer inspect).", valueName: "index"))
  var stream: Int?

  @Option(
    help: ArgumentHelp("Override the file's rotation: 0, 90, 180 or 270 degrees clockwise.", valueName: "degrees"))
  var rotation: Int?

  @Option(help: "Whether a cut to another shot ends tracks and clips: on or off.")
  var cuts = OnOff.on

  @Flag(help: "Add columns for five landmarks.")
  var landmarks = false

  @Flag(
    name: .customLong("landmarks-68"), help: "Add columns for the usual 68 landmarks (also written --landmarks 68).")
  var landmarks68 = false

  @Flag(help: "Add columns for gaze and eye opening.")
  var eyes = false

  @Flag(help: "Add columns for movement strengths, by action unit: those that the weights give.")
  var actionUnits = false

  @Flag(help: "Add a column for the valence that follows from the class probabilities.")
  var valence = false

  @Flag(help: "Add columns for blendshape coefficients, a stand-in for action units.")
  var blendshapes = false

  @OptionGroup var priorOption: PriorOption

  @Flag(help: "Lower the confidence of faces that wear a mask.")
  var maskAware = false

  func validate() throws {
    func check(_ ok: Bool, _ message: String) throws { if !ok { throw ValidationError(message) } }
    try check(maxFaces.map { $0 > 0 } ?? true, "--max-faces must be at least 1")
    try check(minFace >= 0, "--min-face must not be negative")
    try check(hop.map { (0.04...60).contains($0) } ?? true, "--hop must be 0.04 to 60 seconds")
    try check(span.map { (0.1...60).contains($0) } ?? true, "--span must be 0.1 to 60 seconds")
    try check((start?.seconds ?? 0) < (end?.seconds ?? .infinity), "--end must come after --start")
    try check((0.1...1).contains(keepTubes), "--keep-tubes must be 0.1 to 1")
    try check(threads.map { (1...256).contains($0) } ?? true, "--threads must be 1 to 256")
    try check(rotation.map { [0, 90, 180, 270].contains($0) } ?? true, "--rotation must be 0, 90, 180 or 270")
  }

  var runOptions: RunOptions {
    var options = RunOptions()
    options.span = span
    options.hop = hop
    options.maximumFaces = maxFaces
    options.minimumFace = minFace
    options.mainFaceOnly = mainFace
    options.threads = threads
    options.isMaskAware = maskAware
    options.findsCuts = cuts == .on
    return options
  }

  var behaviourColumns: BehaviourColumns {
    var columns = BehaviourColumns()
    (columns.points, columns.eyes) = (landmarks68, eyes)
    (columns.strengths, columns.valence) = (actionUnits, valence)
    return columns
  }

  var videoOptions: VideoOptions {
    var options = VideoOptions()
    options.stream = stream
    options.rotation = rotation
    return options
  }

  /// The pipeline with its weights, and the columns that were asked for.
  func load(_ pipeline: Pipeline, wallTime: Bool) throws -> LoadedPipeline {
    try LoadedPipeline(
      pipeline, keptTubes: keepTubes, prior: priorOption.reading(), landmarks: landmarks, blendshapes: blendshapes,
      behaviour: behaviourColumns, wallTime: wallTime, compute: runtime.choice)
  }

  /// The part of the video that was asked for.
  ///
  /// - Throws: `ValidationError` for a source that has no time of its own to count from.
  func excerpt(of source: any VideoEvents) throws -> any VideoEvents {
    guard start != nil || end != nil else { return source }
    guard !source.info.isLive else { throw ValidationError("--start and --end are for files, not for live sources") }
    return ExcerptSource(source, from: start?.seconds ?? 0, to: end?.seconds)
  }

  /// The options as they go into the manifest: everything that changes what is in the rows.
  var recordedOptions: [String: String] {
    let all: [(String, String?)] = [
      ("pipeline", pipeline), ("max_faces", maxFaces.map(String.init)),
      ("min_face", minFace > 0 ? String(minFace) : nil),
      ("main_face", mainFace ? "true" : nil), ("hop", hop.map { "\($0)" }), ("span", span.map { "\($0)" }),
      ("start", start.map { "\($0.seconds)" }), ("end", end.map { "\($0.seconds)" }),
      ("keep_tubes", keepTubes < 1 ? "\(keepTubes)" : nil), ("stream", stream.map(String.init)),
      ("rotation", rotation.map(String.init)), ("threads", threads.map(String.init)),
      ("device", runtime.device?.rawValue), ("onnxruntime", runtime.onnxruntime),
      ("precision", precision == .fp32 ? nil : precision.rawValue),
      ("prior", priorOption.prior), ("mask_aware", maskAware ? "true" : nil), ("cuts", cuts == .off ? "off" : nil),
      ("landmarks", landmarks ? "true" : nil),
      ("landmarks_68", landmarks68 ? "true" : nil), ("eyes", eyes ? "true" : nil),
      ("action_units", actionUnits ? "true" : nil), ("valence", valence ? "true" : nil),
      ("blendshapes", blendshapes ? "true" : nil),
    ]
    return Dictionary(uniqueKeysWithValues: all.compactMap { key, value in value.map { (key, $0) } })
  }

  /// The same options as arguments of another `dfer`; threads are left to the caller.
  var arguments: [String] {
    recordedOptions.filter { $0.key != "threads" }.sorted { $0.key < $1.key }.flatMap { key, value in
      let name = "--" + key.replacing("_", with: "-")
      return value == "true" ? [name] : [name, value]
    }
  }
}
