import Dfer
import DferImage
import DferTimeline
import DferTracking
import DferVideo
import DferWeb
import Foundation

/// Carries what a run gives to the live view in the browser. Used on the run's thread.
final class LiveShow {
  /// Long side in pixels of the images that are sent.
  private static let longSide = 960

  let board: LiveBoard
  /// What to type into a browser.
  let address: String
  private let server: LiveServer
  private let hidesFaces: Bool
  private let encoder = JPEGEncoder()
  private var lastImage: ContinuousClock.Instant?

  /// Opens the view. Throws `WebError`.
  init(_ options: ViewOptions, run: AnalysisRun, models: LoadedPipeline, isLive: Bool) throws {
    board = LiveBoard(
      LiveInfo(
        source: run.source.info.location, pipeline: models.pipeline.name, layout: models.layout, span: run.grid.span,
        hop: run.grid.hopSeconds, blur: options.pixelate, isLive: isLive, version: Installation.version),
      layout: models.layout, detectorEvery: run.load.detectorEvery)
    server = try LiveServer(
      board, address: options.effectiveListen, port: options.port ?? 8087, token: options.effectiveToken)
    let listen = options.effectiveListen
    let host = listen.contains(":") ? "[\(listen)]" : listen
    address = "http://\(host):\(server.port)/" + (options.effectiveToken == nil ? "" : "?token=...")
    hidesFaces = options.pixelate
  }

  deinit { server.stop() }

  func show(_ event: RunEvent, of run: AnalysisRun) throws {
    switch event {
    case .row(let row): board.add(row)
    case .image(let image): try show(image)
    case .load(let load): board.set(load)
    case .progress(let progress):
      let isLost = (run.source as? ReconnectingSource)?.isLost ?? false
      board.update(counts(of: run), time: progress.seconds, isLost: isLost)
    }
  }

  /// Waits while somebody has paused the view.
  func waitWhilePaused(_ run: AnalysisRun, until isStopped: () -> Bool) {
    while board.isPaused && !isStopped() {
      run.notePause()
      board.update(counts(of: run))
      Thread.sleep(forTimeInterval: 0.1)
    }
  }

  /// An image only when somebody looks, and at most 12 a second: it costs a few milliseconds.
  private func show(_ sample: RunImage) throws {
    if let lastImage, ContinuousClock.now - lastImage < .milliseconds(80) { return }
    guard board.wantsImage else { return }
    lastImage = .now
    let size = sample.frame.size
    var image = sample.frame.image(longSide: min(Self.longSide, max(size.width, size.height)))
    if hidesFaces {
      let (x, y) = (Double(image.width) / Double(size.width), Double(image.height) / Double(size.height))
      image = image.hiding(
        sample.everything.map { Rect(x: $0.x * x, y: $0.y * y, width: $0.width * x, height: $0.height * y) })
    }
    board.show(
      jpeg: try encoder.encode(image), frame: sample.frame.index, time: sample.frame.time.seconds, width: size.width,
      height: size.height, faces: sample.faces)
  }

  private func counts(of run: AnalysisRun) -> LiveCounts {
    let (counts, decode) = (run.counts, run.source.counts)
    var result = LiveCounts()
    result.framesIn = decode.frames
    result.framesProcessed = counts.decoded
    result.framesDropped = counts.dropped
    result.damagedPackets = decode.damaged
    result.detectorRuns = counts.detectorRuns
    result.clips = counts.clips
    result.gaps = counts.gaps
    result.faces = counts.faces
    result.latencyMedian = run.latency.quantile(0.5)
    result.latency95 = run.latency.quantile(0.95)
    result.stageSeconds = run.times.table
    return result
  }
}
