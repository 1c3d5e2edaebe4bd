import ArgumentParser
import Dfer
import DferTimeline
import DferVideo
import Foundation

struct Watch: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Read the expressions of every face in a video.",
    discussion: """
      SOURCE is a video file, a URL (rtsp, http, HLS, udp ...), '-' for standard input, a camera ('v4l2:0',
      '/dev/video0'), the screen ('screen:'), or a folder or .txt list of pictures.

        dfer watch talk.mp4                          look, and get a summary at the end
        dfer watch talk.mp4 -o talk.csv              one row for each clip and face
        dfer watch talk.mp4 -o talk.csv -o talk.jsonl
        cat talk.mp4 | dfer watch - -o - | head      CSV on standard output
        dfer watch v4l2:0 --serve -o day.csv         a camera, with a live view in the browser
        dfer watch rtsp://host/stream -o day.csv --rotate 1h    a stream for days, a file for each hour
        dfer watch crowd.mp4 --max-faces 4 --min-face 60 -o crowd.csv
        dfer watch -o talk.csv -- -odd-name.mp4      '--' ends the options

      A clip without a face has a row too (status no_face), so rows always account for the whole video.
      Beside the first file, talk.run.json records weights, options, counts and times of the run.
      """)

  @Argument(help: "Video file, URL, '-', camera, screen, or folder or list of pictures.")
  var source: String

  @Option(
    name: [.short, .customLong("output")],
    help: """
      Write to FILE in the format of its extension (\(OutputFormat.extensions)); '-' is CSV on standard output. May be \
      given several times.
      """)
  var output: [String] = []

  @Flag(help: "Replace output files that exist.")
  var overwrite = false

  @OptionGroup(title: "Reading")
  var reading: ReadingOptions

  @OptionGroup(title: "Live view")
  var view: ViewOptions

  /// Whether the live view outlives the source, until Ctrl-C.
  var staysOpen: Bool {
    get { stays.value }
    set { stays.value = newValue }
  }
  private var stays = Stays()

  /// Set by `dfer batch`: its process.
  @Option(help: .hidden)
  var parent: Int32?

  @Option(help: "When reading is slower than the source: drop-oldest (default for live sources) or block (for files).")
  var live: FramePrefetch.Policy?

  @Flag(help: "Play a file as if it were live: at its own pace, dropping what comes too fast.")
  var simulateLive = false

  @Option(help: "With --simulate-live: seconds of video in a second of time.")
  var liveSpeed = 1.0

  @Flag(help: "Go on reading a file that is still written, until it has not grown for the read time-out.")
  var follow = false

  @Option(help: "When a camera or stream is lost: retry (default, waiting 1 to 30 seconds) or stop.")
  var onDisconnect = OnDisconnect.retry

  @Option(
    help: """
      Seconds of silence after which a source counts as lost (default: 5 for cameras, 10 for networks), or that \
      standard input may take to begin (default: 60).
      """)
  var readTimeout: Double?

  @Option(
    help: ArgumentHelp(
      "A new file after this time (90s, 30m, 1h, 1d), named by when it begins; dfer merge joins them.", valueName: "time"),
    transform: Period.rotation)
  var rotate: Period?

  @OptionGroup(title: "Cameras, screens and pictures")
  var device: DeviceOptions

  @Option(help: "Write a PNG of what the network looks at in the first clips: the face, and for emotic-mae its second view.")
  var showViews: String?

  @Flag(name: .shortAndLong, help: "No view, no summary; errors only.")
  var quiet = false

  enum OnDisconnect: String, ExpressibleByArgument, CaseIterable {
    case retry, stop
  }

  func validate() throws {
    guard readTimeout.map({ (0.5...3600).contains($0) }) ?? true else {
      throw ValidationError("--read-timeout must be 0.5 to 3600 seconds")
    }
    guard (0.01...1000).contains(liveSpeed) else { throw ValidationError("--live-speed must be 0.01 to 1000") }
    guard liveSpeed == 1 || simulateLive else { throw ValidationError("--live-speed goes with --simulate-live") }
  }

  /// - Parameter isLive: whether the source sets the pace.
  func runOptions(isLive: Bool) -> RunOptions {
    var options = reading.runOptions
    options.showsViews = showViews != nil
    options.whenSlow = live ?? (isLive ? .dropOldest : .block)
    options.givesImages = view.serve
    return options
  }

  /// Opens the source in the way that its kind asks for.
  ///
  /// - Parameter onRetry: called on another thread before each try to open a lost source again.
  func open(onRetry: @escaping @Sendable (_ wait: Double, _ reason: String) -> Void = { _, _ in }) throws -> any VideoEvents {
    var options = reading.videoOptions
    if let readTimeout { (options.readTimeout, options.pipeTimeout) = (readTimeout, readTimeout) }
    options.follows = follow
    device.set(&options)
    if ImageSource.takes(source) { return paced(try ImageSource(source, options: options)) }
    let first = try VideoSource(source, options: options)
    guard first.info.isLive && onDisconnect == .retry else { return paced(first) }
    let stream = try ReconnectingSource(source, options: options, first: first)
    stream.onRetry = { wait, reason in
      Terminal.write("\(redacted(source)): lost (\(reason)); next try in \(Int(wait)) s\n")
      onRetry(wait, reason)
    }
    return stream
  }

  private func paced(_ source: any VideoEvents) -> any VideoEvents {
    simulateLive ? PacedSource(source, speed: liveSpeed) : source
  }

  /// The outputs with their formats, chosen by extension.
  func formats() throws -> [(path: String, format: OutputFormat)] {
    try output.map { path in
      guard let format = OutputFormat(path: path) else {
        throw ValidationError("-o \(path): no format has this extension; known are \(OutputFormat.extensions)")
      }
      guard rotate == nil || (OutputFile.isFile(path) && format.isIncremental) else {
        throw ValidationError("-o \(path): --rotate can only begin new .csv, .tsv and .jsonl files")
      }
      return (path, format)
    }
  }

  func run() throws {
    let parentWatch = parent.map(ParentWatch.init)
    var session = try WatchSession(self)
    let status = try withExtendedLifetime(parentWatch) { try session.run() }
    if status != .ok { throw status }
  }
}

/// No option, but part of a command that is decoded from options.
private struct Stays: Codable {
  var value = false
  init() {}
  init(from decoder: any Decoder) {}
  func encode(to encoder: any Encoder) {}
}

extension FramePrefetch.Policy: ExpressibleByArgument {}
