import ArgumentParser
import Dfer
import DferImage
import DferTensor
import DferTimeline
import DferTracking
import DferVideo
import DferWeb
import Foundation

/// One `dfer watch` from start to end: opens everything, pulls rows, writes and shows them, and tells how it went.
struct WatchSession {
  private let command: WatchOptions
  /// Whether the live view outlives the source, until Ctrl-C.
  private let staysOpen: Bool
  private let source: any VideoEvents
  /// Whether the source sets the pace.
  private let isLive: Bool
  private let models: LoadedPipeline
  private let pass: AnalysisRun
  private var outputs: [(path: String, writer: any TimelineWriter)] = []
  private var view: LiveView
  private var terminal = Terminal()
  private var summary: TimelineSummary
  private var recorder: RunRecorder
  /// All rows, when they are drawn into the video at the end.
  private var kept: [ClipResult] = []
  /// Every box, when faces are hidden in that video.
  private var sightings: [HiddenFaces.Sighting] = []
  private let show: LiveShow?
  private let rotated = RotatedFiles()
  private let manifestFile: ManifestFile
  private var reader = OutputReader()
  private let clock = ContinuousClock.now

  init(_ command: WatchOptions, isShown: Bool, staysOpen: Bool) throws {
    let started = Date()
    (self.command, self.staysOpen) = (command, staysOpen)
    try OutputPaths.check(
      command.output + command.tables + [command.showViews].compactMap { $0 }, inputs: [command.source],
      manifest: command.manifestPath)
    let formats = try command.formats()
    if !isShown { try command.checkNotShown() }
    try command.checkTables()
    if let threads = command.reading.threads { Compute.threads = threads }
    Compute.precision = command.reading.precision.precision
    // Everything that can be wrong is found before the first output file is made.
    let pipeline = try Installation.pipeline(command.reading.pipeline)
    let shown = Shown()
    source = try command.open { wait, reason in shown.board?.set(LiveState(.lost, reason: reason, nextTryS: wait)) }
    isLive = command.simulateLive || source.info.isLive
    models = try command.reading.load(pipeline, wallTime: isLive)
    try models.check(frames: command.frames != nil, blinks: command.blinks != nil)
    pass = AnalysisRun(source, models: models, options: command.runOptions(isLive: isLive, isShown: isShown))
    recorder = RunRecorder(
      pass, models: models, options: command.reading.recordedOptions, started: started, follows: command.live.follow)
    show = isShown ? try LiveShow(command.view, run: pass, models: models, isLive: isLive) : nil
    shown.board = show?.board
    manifestFile = try ManifestFile(command.manifestPath, overwrite: command.overwrite)
    summary = TimelineSummary(labels: models.layout.labels)
    view = LiveView(
      title: WatchText.title(source.info, pipeline: models.pipeline.name), labels: models.layout.labels,
      usesColour: terminal.usesColour)
    try checkVideoOutputs()
    try checkManifest()
    for (path, format) in formats { outputs.append((path, try writer(format, to: path))) }
    outputs += try command.tableWriters(models.layout)
    if command.splitEvery == nil {
      show?.board.setRowsFile(formats.first { $0.format == .csv && OutputFile.isFile($0.path) }?.path)
    }
  }

  /// Before any output is opened, which empties what it replaces.
  private func checkManifest() throws {
    let replaced = command.splitEvery == nil ? command.output : []
    if let path = manifestFile.path, let rows = RunManifest.rowsLeftAlone(at: path, by: replaced) {
      throw OutputError.describesOthers(path: path, rows: rows)
    }
    for path in [manifestFile.path, command.showViews].compactMap({ $0 })
    where !command.overwrite && FileManager.default.fileExists(atPath: path) {
      throw OutputError.exists(path: path)
    }
  }

  private func writer(_ format: OutputFormat, to path: String) throws -> any TimelineWriter {
    guard let period = command.splitEvery else {
      return try format.writer(
        to: path, overwrite: command.overwrite, layout: try layout(for: format),
        media: MediaReference(source.info.location))
    }
    let (rotated, board) = (rotated, show?.board)
    return try RotatingWriter(
      path, format: format, period: period.seconds, overwrite: command.overwrite, layout: models.layout
    ) { file in
      rotated.files.append(file)
      // The view hands out the rows so far: with files that change, those of the present one.
      if format == .csv { board?.setRowsFile(file) }
    }
  }

  mutating func run() throws -> ExitStatus {
    let interrupt = Interrupt(stop: pass.stop)
    if let show { say("live view: \(show.address)") }
    for warning in recorder.warnings { say("warning: \(warning)") }
    var status = ExitStatus.ok
    do {
      try pull { interrupt.isRaised }
      if interrupt.isRaised {
        status = .interrupted
      } else if source.counts.damaged > 0 || pass.gaps.contains(where: { $0.reason != .paused }) {
        status = .finishedWithDamage
      }
      if let reason = (source as? VideoSource)?.endReason, isLive, status != .interrupted {
        say("\(source.info.location): lost (\(reason)); --on-disconnect retry would wait for it")
        status = .finishedWithDamage
      }
      for index in outputs.indices { try outputs[index].writer.finish() }
      try writeViews()
      // After an interruption the rest of the video has no rows to be drawn.
      try writeVideos(until: status == .interrupted ? kept.map(\.endSeconds).max() ?? 0 : .infinity)
    } catch OutputError.readerGone {
      // Nobody reads standard output any more; what goes to files is still ended validly.
      for index in outputs.indices where outputs[index].path != "-" {
        // It may have been this one's reader that went away.
        do { try outputs[index].writer.finish() } catch OutputError.readerGone { continue }
      }
      try writeManifest(.interrupted)
      return .ok
    } catch {
      // Nothing was read: an empty table would only be in the way of the next try.
      if recorder.rows > 0 || error is OutputError {
        for index in outputs.indices { try? outputs[index].writer.finish() }
        // Beside rows that somebody else has put there, the manifest is theirs.
        if case OutputError.replaced = error { throw error }
        try? writeManifest(error is OutputError ? .outputFailed : .failed)
      }
      throw error
    }
    for warning in recorder.closingWarnings { say("warning: \(warning)") }
    try writeManifest(status == .interrupted ? .interrupted : status == .finishedWithDamage ? .damaged : .complete)
    finish(status)
    if let show, staysOpen, status != .interrupted {
      show.board.set(LiveState(.ended, reason: "the source has ended"))
      say("  the live view stays open at \(show.address) until Ctrl-C")
      while !interrupt.isRaised { Thread.sleep(forTimeInterval: 0.1) }
    }
    return status
  }

  private mutating func pull(until isStopped: () -> Bool) throws {
    while let event = try pass.next() {
      try show?.show(event, of: pass)
      show?.waitWhilePaused(pass, until: isStopped)
      switch event {
      case .row(let row):
        for index in outputs.indices where outputs[index].path != "-" || reader.awaits(isLive: isLive, until: isStopped)
        {
          try outputs[index].writer.write(row)
        }
        try noteNewFiles()
        summary.add(row)
        if !command.videoOutputs.isEmpty { kept.append(row) }
        view.add(row)
        if !terminal.isInteractive && outputs.isEmpty { say(WatchText.line(row, labels: models.layout.labels)) }
      case .progress(let progress): draw(progress)
      case .image(let image):
        if command.hidesInVideo { sightings.append(HiddenFaces.Sighting(time: image.seconds, boxes: image.everything)) }
      case .load(let load): say(WatchText.line(load))
      }
      recorder.note(event)
    }
  }

  /// The rows' layout; the report also says how they were made.
  private func layout(for format: OutputFormat) throws -> RowLayout {
    var layout = models.layout
    if format == .html { layout.provenance = try Provenance.of(models) }
    return layout
  }

  // MARK: The annotated video

  /// Refuses what cannot be read a second time, before anything is read. Throws `ValidationError` or `OutputError`.
  private func checkVideoOutputs() throws {
    guard let first = command.videoOutputs.first else { return }
    guard !isLive, FileStamp(path: command.source) != nil, !ImageSource.takes(command.source) else {
      let why =
        command.simulateLive
        ? "not with --simulate-live: frames that live reading drops have no rows"
        : "only of a video file, which is read a second time"
      throw ValidationError("-o \(first): the timeline is drawn into a video \(why)")
    }
    guard command.splitEvery == nil else {
      throw ValidationError("-o \(first): a video cannot be used together with --split-every")
    }
    for path in command.videoOutputs { _ = try StagedPath(path, overwrite: command.overwrite) }
  }

  private mutating func writeVideos(until end: Double) throws {
    guard !command.videoOutputs.isEmpty else { return }
    let video = VideoExport(
      kept, labels: models.layout.labels, location: source.info.location,
      hiding: command.hidesInVideo ? sightings : nil, video: command.reading.videoOptions, quiet: command.quiet)
    for path in command.videoOutputs {
      say("drawing \(path)")
      try video.write(to: path, overwrite: command.overwrite, until: end)
    }
  }

  /// The sheet of `--show-views`.
  private func writeViews() throws {
    guard let path = command.showViews, let image = pass.views.image else { return }
    try OutputFile(path, overwrite: true, kind: .whole).writeWhole(Data(PNG.data(image)))
  }

  // MARK: What people see

  private mutating func draw(_ progress: RunProgress) {
    guard !command.quiet else { return }
    let line = progressLine(progress)
    let view = view
    let width = terminal.width
    terminal.redraw { view.lines(progress: line, width: width) }
  }

  private func progressLine(_ progress: RunProgress) -> String {
    let elapsed = max(0.001, (ContinuousClock.now - clock).inSeconds)
    let speed = progress.seconds / elapsed
    var parts: [String] = []
    let share = source.info.duration.map { min(1, progress.seconds / max($0, 0.001)) } ?? source.byteProgress
    if let share, !source.info.isLive {
      let cells = Int(share * 24)
      parts.append(String(repeating: "━", count: cells) + String(repeating: "─", count: 24 - cells))
      parts.append("\(Int(share * 100)) %")
    }
    parts.append(time(progress.seconds) + (source.info.duration.map { " / " + time($0) } ?? ""))
    parts.append("\(Int(Double(progress.frames) / elapsed)) fps")
    if isLive {
      if let median = pass.latency.quantile(0.5) { parts.append("latency \(Int(median * 1000)) ms") }
      parts.append("\(pass.counts.dropped) dropped")
    } else {
      parts.append("\(oneDecimal(speed))x")
    }
    if let share, share > 0.01, !isLive { parts.append("ETA " + time(elapsed * (1 - share) / share)) }
    return parts.joined(separator: "  ")
  }

  private mutating func finish(_ status: ExitStatus) {
    guard !command.quiet else { return }
    let elapsed = (ContinuousClock.now - clock).inSeconds
    let (view, width) = (view, terminal.width)
    terminal.redraw(always: true) { view.lines(progress: "", width: width).dropLast() }
    for line in summary.lines { terminal.say(line) }
    terminal.say(
      "  read in \(oneDecimal(elapsed)) s, \(oneDecimal(summary.duration / max(elapsed, 0.001)))x real time"
        + (status == .interrupted ? "; interrupted" : ""))
    if isLive, let median = pass.latency.quantile(0.5), let p95 = pass.latency.quantile(0.95) {
      terminal.say(
        "  latency: median \(Int(median * 1000)) ms, 95 % under \(Int(p95 * 1000)) ms; \(pass.counts.dropped) frames dropped"
      )
    }
    let counts = recorder.counts
    if status == .finishedWithDamage, counts.damagedPackets + counts.gaps > 0 {
      terminal.say("  the input is damaged: \(counts.damageText)" + (counts.gaps > 0 ? "; rows say where" : ""))
    }
    let files = command.splitEvery == nil ? command.output.filter { $0 != "-" } : rotated.short
    let written = files + command.tables + [manifestFile.path].compactMap { $0 }
    if !written.isEmpty {
      terminal.say("  wrote " + written.joined(separator: ", "))
    } else if outputs.isEmpty {
      terminal.say("  rows not saved; use -o FILE.csv")
    }
  }

  private mutating func say(_ line: String) {
    if !command.quiet { terminal.say(line) }
  }

  // MARK: Files

  private func writeManifest(_ outcome: RunManifest.Outcome, goesOn: Bool = false) throws {
    guard manifestFile.path != nil else { return }
    let isSplit = command.splitEvery != nil
    var manifest = try recorder.manifest(
      outcome, outputs: (isSplit ? rotated.files : command.output) + command.tables,
      rowsFile: isSplit || goesOn ? nil : command.rowsPath)
    // Of rows that go on there is no hash yet, and to make one for each new file would read a long run again and again.
    if isSplit, !goesOn { manifest.rowsSha256 = try? SHA256.hex(ofFiles: rotated.files(like: command.rowsPath)) }
    try manifestFile.write(manifest)
  }

  /// The files of a split run belong together from the first one on, whatever ends the run.
  private func noteNewFiles() throws {
    guard rotated.files.count > rotated.noted else { return }
    rotated.noted = rotated.files.count
    try writeManifest(.interrupted, goesOn: true)
  }
}

extension WatchOptions {
  /// The rows that the manifest speaks of: the first CSV file, which is what reads them again, else the first file of another kind.
  fileprivate var rowsPath: String? {
    let files = output.filter { OutputFile.isFile($0) && !VideoExport.isVideo($0) }
    return files.first { OutputFormat(path: $0) == .csv } ?? files.first
  }
  /// Beside the rows; beside the video when there is nothing else.
  fileprivate var manifestPath: String? {
    (rowsPath ?? output.first(where: OutputFile.isFile)).map { RunManifest.path(beside: $0) }
  }
  fileprivate var videoOutputs: [String] { output.filter(VideoExport.isVideo) }
}

/// The live view's board, for the source that is opened before it.
private final class Shown: @unchecked Sendable {
  private let lock = NSLock()
  private var current: LiveBoard?
  var board: LiveBoard? {
    get { lock.withLock { current } }
    set { lock.withLock { current = newValue } }
  }
}
