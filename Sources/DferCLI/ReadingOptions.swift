import ArgumentParser
import Dfer
import DferVideo

/// What `dfer watch` and `dfer batch` let a user choose about how videos are read.
struct ReadingOptions: ParsableArguments {
  @Option(help: "Name of an installed pipeline, or the path of a pipeline file.")
  var pipeline = "mtcae-dfer"

  @Option(help: "Follow at most N faces, the largest.")
  var maxFaces: Int?

  @Option(help: "Ignore faces with fewer pixels than this along their longer side.")
  var minFace = 0

  @Flag(help: "Follow only the main face.")
  var mainFace = false

  @Option(help: "Seconds from one clip to the next (default: what the weights recommend).")
  var hop: Double?

  @Option(help: "Seconds of video in one clip (default: what the weights recommend).")
  var span: Double?

  @Option(help: "Share of tubes that the encoder reads, 0.1 to 1: less is quicker and reads worse.")
  var keepTubes = 1.0

  @Option(help: "Threads for the arithmetic (default: all cores this process may use).")
  var threads: Int?

  @Option(help: "Which video stream, by its index in the file (see dfer inspect).")
  var stream: Int?

  @Option(help: "Turn the picture clockwise by 0, 90, 180 or 270 degrees instead of what the file says.")
  var turn: Int?

  @Flag(help: "Add columns for five landmarks.")
  var landmarks = false

  @Flag(help: "Add columns for the blendshape coefficients, a stand-in for action units.")
  var blendshapes = false

  @Flag(help: "Lower the confidence of faces that wear a mask.")
  var maskAware = false

  func validate() throws {
    func check(_ ok: Bool, _ message: String) throws { if !ok { throw ValidationError(message) } }
    try check(maxFaces.map { $0 > 0 } ?? true, "--max-faces must be at least 1")
    try check(minFace >= 0, "--min-face must not be negative")
    try check(hop.map { (0.04...60).contains($0) } ?? true, "--hop must be 0.04 to 60 seconds")
    try check(span.map { (0.1...60).contains($0) } ?? true, "--span must be 0.1 to 60 seconds")
    try check((0.1...1).contains(keepTubes), "--keep-tubes must be 0.1 to 1")
    try check(threads.map { (1...256).contains($0) } ?? true, "--threads must be 1 to 256")
    try check(turn.map { [0, 90, 180, 270].contains($0) } ?? true, "--turn must be 0, 90, 180 or 270")
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
    return options
  }

  var videoOptions: VideoOptions {
    var options = VideoOptions()
    options.stream = stream
    options.rotation = turn
    return options
  }

  /// The options as they go into the manifest: everything that changes what is in the rows.
  var recordedOptions: [String: String] {
    let all: [(String, String?)] = [
      ("pipeline", pipeline), ("max_faces", maxFaces.map(String.init)),
      ("min_face", minFace > 0 ? String(minFace) : nil),
      ("main_face", mainFace ? "true" : nil), ("hop", hop.map { "\($0)" }), ("span", span.map { "\($0)" }),
      ("keep_tubes", keepTubes < 1 ? "\(keepTubes)" : nil), ("stream", stream.map(String.init)),
      ("turn", turn.map(String.init)), ("threads", threads.map(String.init)),
      ("mask_aware", maskAware ? "true" : nil), ("landmarks", landmarks ? "true" : nil), ("blendshapes", blendshapes ? "true" : nil),
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
