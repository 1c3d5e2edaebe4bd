import ArgumentParser
import Dfer
import DferTimeline
import DferVideo
import Foundation

/// What `dfer watch` and `dfer serve` both take.
struct WatchOptions: ParsableArguments {
  @Argument(
    help: "Video file, URL, '-', camera, screen, or folder or list of images.", completion: .file(),
    transform: { (try? localPath($0)) ?? $0 })
  var source: String

  @Option(
    name: [.short, .customLong("output")],
    help: ArgumentHelp(
      """
      Write to this file in the format of its extension (\(OutputFormat.extensions)); .mp4, .mkv and .mov are the video \
      with the timeline drawn in; '-' is CSV on standard output. Repeatable.
      """, valueName: "file"), completion: .file())
  var output: [String] = []

  @Option(
    help: ArgumentHelp(
      """
      Write head pose, and what --landmarks 68, --eyes and --action-units add, of single frames to this file \
      (.csv, .tsv, .jsonl, .sqlite).
      """, valueName: "file"), completion: .file())
  var frames: String?

  @Option(
    help: ArgumentHelp(
      """
      Frames in that file. moments: the ten per second that clips are made of. all: every decoded frame, which takes \
      about twice as long (default: moments; with --blinks all).
      """, valueName: "kind"))
  var frameRows: FrameRows?

  @Option(
    help: ArgumentHelp(
      """
      Write each blink to this file (.csv, .tsv, .jsonl, .sqlite): when the eyes begin to close, are closed most and are \
      open again. Reads every decoded frame.
      """, valueName: "file"), completion: .file())
  var blinks: String?

  @Flag(help: "Replace existing output files.")
  var overwrite = false

  @Option(
    help: ArgumentHelp(
      "Start a new output file after this time (90s, 30m, 1h, 1d), named by its start; dfer merge joins them.",
      valueName: "time"),
    transform: Period.splitting)
  var splitEvery: Period?

  @Option(
    help: ArgumentHelp(
      "Write a PNG of the network's input for the first clips: the face, and for emotic-mae its second view.",
      valueName: "file"),
    completion: .file(extensions: ["png"]))
  var showViews: String?

  @Flag(name: .shortAndLong, help: "Print errors only.")
  var quiet = false

  @OptionGroup(title: "Analysis")
  var reading: ReadingOptions

  @OptionGroup(title: "Live sources")
  var live: LiveOptions

  @OptionGroup(title: "Cameras, screens and images")
  var device: DeviceOptions

  @OptionGroup(title: "Live view")
  var view: ViewOptions

  /// Set by `dfer batch`: its process.
  @Option(help: .hidden)
  var parent: Int32?

  var simulateLive: Bool { live.simulateLive }

  /// - Parameters:
  ///   - isLive: whether the source sets the pace.
  ///   - isShown: whether the run is shown in a browser.
  func runOptions(isLive: Bool, isShown: Bool) -> RunOptions {
    var options = reading.runOptions
    options.showsViews = showViews != nil
    (options.keepsMoments, options.readsEveryFrame) = (!tables.isEmpty, frameTableRows == .all)
    options.whenSlow = live.whenSlow ?? (isLive ? .dropOldest : .block)
    options.givesImages = isShown || hidesInVideo
    return options
  }

  /// Opens the source in the way that its kind asks for.
  ///
  /// - Parameter onRetry: called on another thread before each try to open a lost source again.
  func open(onRetry: @escaping @Sendable (_ wait: Double, _ reason: String) -> Void = { _, _ in }) throws
    -> any VideoEvents
  {
    var options = reading.videoOptions
    if let readTimeout = live.readTimeout { (options.readTimeout, options.pipeTimeout) = (readTimeout, readTimeout) }
    options.follows = live.follow
    if live.follow, ImageSource.takes(source) {
      throw InapplicableOption("--follow", "applies to a file that is still written, not to images")
    }
    try device.check(source, isImages: ImageSource.takes(source))
    device.set(&options)
    if ImageSource.takes(source) { return paced(try reading.excerpt(of: ImageSource(source, options: options))) }
    let first = try VideoSource(source, options: options)
    guard first.info.isLive && live.onDisconnect == .retry else {
      return paced(try reading.excerpt(of: first))
    }
    let stream = try ReconnectingSource(source, options: options, first: first)
    stream.onRetry = { wait, reason in
      Terminal.write("\(redacted(source)): lost (\(reason)); next try in \(Int(wait)) s\n")
      onRetry(wait, reason)
    }
    return stream
  }

  private func paced(_ source: any VideoEvents) -> any VideoEvents {
    simulateLive ? PacedSource(source, speed: live.liveSpeed) : source
  }

  /// The outputs with their formats, chosen by extension.
  func formats() throws -> [(path: String, format: OutputFormat)] {
    try output.filter { !VideoExport.isVideo($0) }.map { path in
      guard let format = OutputFormat(path: path) else {
        throw ValidationError("-o \(path): \(OutputFormat.whyNone(path))")
      }
      guard splitEvery == nil || (OutputFile.isFile(path) && format.isIncremental) else {
        throw ValidationError("-o \(path): --split-every works with .csv, .tsv and .jsonl files only")
      }
      return (path, format)
    }
  }

  /// Whether a video is written in which faces are hidden.
  var hidesInVideo: Bool { view.pixelate && output.contains(where: VideoExport.isVideo) }

  /// Refuses options of a live view that there is none of. Throws `InapplicableOption`.
  func checkNotShown() throws {
    try view.checkNotShown()
    guard !view.pixelate || output.contains(where: VideoExport.isVideo) else {
      throw InapplicableOption("--pixelate", "applies to the live view (--serve) and to video outputs only")
    }
  }

  /// - Parameters:
  ///   - isShown: whether the run is shown in a browser.
  ///   - staysOpen: whether the live view outlives the source, until Ctrl-C.
  func run(isShown: Bool, staysOpen: Bool = false) throws {
    Interrupt.endAtOnce()
    let parentWatch = parent.map(ParentWatch.init)
    var session = try WatchSession(self, isShown: isShown, staysOpen: staysOpen)
    let status = try withExtendedLifetime(parentWatch) { try session.run() }
    if status != .ok { throw status }
  }
}
