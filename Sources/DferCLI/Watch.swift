import ArgumentParser
import Dfer
import DferTimeline
import DferVideo
import Foundation

struct Watch: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Read the expressions of every face in a video.",
    discussion: """
      SOURCE is a video file, a URL, '-' for standard input, or a camera ('v4l2:0', '/dev/video0').

        dfer watch talk.mp4                          look, and get a summary at the end
        dfer watch talk.mp4 -o talk.csv              one row for each clip and face
        dfer watch talk.mp4 -o talk.csv -o talk.jsonl
        cat talk.mp4 | dfer watch - -o - | head      CSV on standard output
        dfer watch crowd.mp4 --max-faces 4 --min-face 60 -o crowd.csv
        dfer watch -o talk.csv -- -odd-name.mp4      '--' ends the options

      A clip without a face has a row too (status no_face), so rows always account for the whole video.
      Beside the first file, talk.run.json records weights, options, counts and times of the run.
      """)

  @Argument(help: "Video file, URL, '-', or camera.")
  var source: String

  @Option(
    name: [.short, .customLong("output")],
    help: "Write rows to FILE; .csv, .tsv or .jsonl, or '-' for CSV on standard output. May be given several times.")
  var output: [String] = []

  @Flag(help: "Replace output files that exist.")
  var overwrite = false

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
  var rotate: Int?

  @Flag(help: "Add columns for five landmarks.")
  var landmarks = false

  @Flag(help: "Add columns for the blendshape coefficients, a stand-in for action units.")
  var blendshapes = false

  @Option(help: "When reading is slower than the source: drop-oldest (default for live sources) or block (for files).")
  var live: FramePrefetch.Policy?

  @Flag(help: "Play a file as if it were live: at its own pace, dropping what comes too fast.")
  var simulateLive = false

  @Option(help: "When a camera or stream is lost: retry (default, waiting 1 to 30 seconds) or stop.")
  var onDisconnect = OnDisconnect.retry

  @Option(help: "Seconds of silence after which a camera or stream counts as lost.")
  var readTimeout = 10.0

  @Flag(name: .shortAndLong, help: "No view, no summary; errors only.")
  var quiet = false

  func validate() throws {
    func check(_ ok: Bool, _ message: String) throws { if !ok { throw ValidationError(message) } }
    try check(maxFaces.map { $0 > 0 } ?? true, "--max-faces must be at least 1")
    try check(minFace >= 0, "--min-face must not be negative")
    try check(hop.map { (0.04...60).contains($0) } ?? true, "--hop must be 0.04 to 60 seconds")
    try check(span.map { (0.1...60).contains($0) } ?? true, "--span must be 0.1 to 60 seconds")
    try check((0.1...1).contains(keepTubes), "--keep-tubes must be 0.1 to 1")
    try check(threads.map { (1...256).contains($0) } ?? true, "--threads must be 1 to 256")
    try check((0.5...3600).contains(readTimeout), "--read-timeout must be 0.5 to 3600 seconds")
    try check(rotate.map { [0, 90, 180, 270].contains($0) } ?? true, "--rotate must be 0, 90, 180 or 270")
  }

  var runOptions: RunOptions {
    var options = RunOptions()
    options.span = span
    options.hop = hop
    options.maximumFaces = maxFaces
    options.minimumFace = minFace
    options.mainFaceOnly = mainFace
    options.threads = threads
    options.whenSlow = live ?? (isLive ? .dropOldest : .block)
    return options
  }

  enum OnDisconnect: String, ExpressibleByArgument, CaseIterable {
    case retry, stop
  }

  /// Whether the source sets the pace.
  var isLive: Bool { simulateLive || VideoInfo.isLive(source) }

  /// Opens the source in the way that its kind asks for.
  func open() throws -> any VideoEvents {
    if VideoInfo.isLive(source) && onDisconnect == .retry {
      let stream = try ReconnectingSource(source, options: videoOptions)
      stream.onRetry = { wait, reason in
        Terminal.write("\(redacted(source)): lost (\(reason)); next try in \(Int(wait)) s\n")
      }
      return stream
    }
    let file = try VideoSource(source, options: videoOptions)
    return simulateLive ? PacedSource(file) : file
  }

  var videoOptions: VideoOptions {
    var options = VideoOptions()
    options.stream = stream
    options.rotation = rotate
    options.readTimeout = readTimeout
    return options
  }

  /// The options as they go into the manifest: everything that changes what is in the rows.
  var recordedOptions: [String: String] {
    let all: [(String, String?)] = [
      ("pipeline", pipeline), ("max_faces", maxFaces.map(String.init)), ("min_face", minFace > 0 ? String(minFace) : nil),
      ("main_face", mainFace ? "true" : nil), ("hop", hop.map { "\($0)" }), ("span", span.map { "\($0)" }),
      ("keep_tubes", keepTubes < 1 ? "\(keepTubes)" : nil), ("stream", stream.map(String.init)),
      ("rotate", rotate.map(String.init)), ("threads", threads.map(String.init)),
    ]
    return Dictionary(uniqueKeysWithValues: all.compactMap { key, value in value.map { (key, $0) } })
  }

  /// The outputs with their formats, chosen by extension.
  func formats() throws -> [(path: String, format: OutputFormat)] {
    try output.map { path in
      guard let format = OutputFormat(path: path) else {
        let known = OutputFormat.allCases.map { "." + $0.rawValue }.joined(separator: ", ")
        throw ValidationError("-o \(path): no format has this extension; known are \(known)")
      }
      return (path, format)
    }
  }

  func run() throws {
    var session = try WatchSession(self)
    let status = try session.run()
    if status != .ok { throw status }
  }
}

extension FramePrefetch.Policy: ExpressibleByArgument {}
