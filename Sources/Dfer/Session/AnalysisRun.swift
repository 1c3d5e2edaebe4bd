import DferModels
import DferTensor
import DferTimeline
import DferTracking
import DferVideo

/// One pass over a video: decode, find and follow faces, cut clips, read expressions, give rows.
///
///     VideoSource -> FramePrefetch -> FrameRouter -> ContinuousSegment -> PendingClip -> ClipClassifying -> RowBuilder
///      decodes        on its own       segments       samples by time,     16 crops      probabilities       rows
///                     thread           and gaps       detector, tracker    of a face
///
/// This type only pulls events, hands them on, and asks the network. In files the network reads clips on threads of their own,
/// while this one looks for faces in the next; events come in the same order. In live sources nothing runs ahead but the decoder.
/// Only frames that a clip needs are converted. Memory is bounded by the length of a clip, not of the video.
public final class AnalysisRun {
  package let options: RunOptions
  package let source: any VideoEvents
  package let grid: ClipGrid
  /// Where every frame went so far.
  public var counts: RunCounts {
    RunCounts(
      router, decoded: decoded, dropped: prefetch.dropped, unread: prefetch.unread, clips: clips, gaps: gapCount)
  }
  /// Times of the first 1000 cuts, in seconds from the container's start.
  public var cuts: [Double] { router.cuts }
  /// The first 1000 gaps.
  package private(set) var gaps: [Gap] = []
  package var times: StageTimes { clock.times }
  /// Time from the arrival of a clip's last frame until whoever pulls has dealt with its rows and asks for more.
  package private(set) var latency = LatencyHistogram()
  /// How closely the run looks now.
  public private(set) var load: LoadChange
  /// Filled when the options ask for it.
  package private(set) var views = ViewSheet()

  private let prefetch: FramePrefetch
  private let whenSlow: WhenSlow
  private let rows: RowBuilder
  private let classifier: any ClipClassifying
  private let detector: any FaceDetecting
  private let detectorEvery: Double
  private let clock: StageClock
  private var router: FrameRouter
  private var shedding: LoadShedding
  private var (decoded, clips, gapCount) = (0, 0, 0)
  /// What comes next, in order.
  private var pending: [Pending] = []
  /// Clips among it.
  private var pendingClips = 0
  private let mostPendingClips: Int
  /// What reads clips; nil: this thread.
  private let readers: ReadingThreads?
  /// Faces that are read at a time: a crowd must not need the memory of thirty clips at once.
  private let batch: Int
  private let cache: EmbeddingCache?
  private var isFinished = false
  /// Why the source ended early; thrown once all rows before it have been given.
  private var failure: (any Error)?
  /// Whether the network failed: then no clip is read any more. After a fault of the source, what was read is.
  private var hasNoNetwork = false

  private enum Pending {
    case event(RunEvent)
    case clip(PendingClip, number: Int, ClipReading)
  }
  /// Arrival of the last frame of the clip whose rows are being dealt with.
  private var rowsInHand: ContinuousClock.Instant?

  init(_ source: any VideoEvents, stages: RunStages, options: RunOptions = RunOptions()) {
    (self.source, self.options, classifier, rows) = (source, options, stages.classifier, stages.rows)
    whenSlow = options.whenSlow ?? (source.info.isLive ? .dropOldest : .block)
    (grid, detector) = (stages.segment.grid, stages.segment.detector)
    detectorEvery = stages.detectorEvery
    clock = StageClock()
    router = FrameRouter(
      settings: stages.segment, pace: SegmentPace(detectorEvery: detectorEvery),
      start: (source as? ExcerptSource)?.start ?? 0, dropsFrames: whenSlow == .dropOldest, clock: clock)
    prefetch = FramePrefetch(source, policy: whenSlow)
    // Clips may be skipped as long as the next one starts where the last one ends, or earlier.
    shedding = LoadShedding(canSkipClips: 2 * grid.hop <= grid.frames)
    load = LoadChange(seconds: 0, step: 0, detectorEvery: detectorEvery, hop: grid.hopSeconds)
    if let threads = options.threads { Compute.threads = threads }
    // Only then is a half of a clip wanted again.
    cache = options.keepsEmbeddings && 2 * grid.hop == grid.frames ? EmbeddingCache() : nil
    let isElsewhere = classifier.isComputedElsewhere
    let readsAhead = whenSlow == .block && Compute.threads > 1
    readers = readsAhead ? ReadingThreads(isElsewhere ? 1 : Compute.threads) : nil
    batch = readsAhead && !isElsewhere ? 1 : 4
    // Images hold whole frames.
    mostPendingClips = readsAhead ? options.givesImages ? 1 : Compute.threads + 1 : 0
  }

  /// Whether clips are read on other threads.
  package var readsAhead: Bool { readers != nil }

  /// The next row or sign of progress; nil when the video has ended and every row has been given.
  /// - Throws: an error of the kind `DferErrorKind.unreadableInput`, after the rows of everything that could be read.
  public func next() throws -> RunEvent? {
    if let arrival = rowsInHand, !isRowNext {
      latency.add((ContinuousClock.now - arrival).inSeconds)
      rowsInHand = nil
    }
    while true {
      switch pending.first {
      case .event(let event):
        pending.removeFirst()
        return event
      case .clip(let clip, let number, let reading)
      where isFinished || pendingClips > mostPendingClips || reading.isMade:
        take(clip, number: number, reading)
      default:
        if !isFinished {
          readsAhead ? Compute.with(threads: 1, advance) : advance()
        } else if let failure = self.failure.take() {
          throw failure
        } else {
          return nil
        }
      }
    }
  }

  /// Whether rows of the clip in hand are left.
  private var isRowNext: Bool { if case .event(.row) = pending.first { true } else { false } }

  /// Reads no further frames; from any thread, also while `next()` waits. `next()` still gives the rows of what has
  /// been read.
  public var stop: @Sendable () -> Void { { [prefetch] in prefetch.cancel() } }
  /// Says that whoever pulls pauses on purpose: the time that a live source loses meanwhile is no damage.
  package func notePause() { router.notePause() }

  private func advance() {
    var event: VideoEvent?
    // What was read before a fault still has its rows.
    do { event = try clock.measure(.decode) { try prefetch.next() } } catch { failure = error }
    switch event {
    case .frame(let frame):
      decoded += 1
      judgeLoad(at: frame.time.seconds)
      router.take(frame).forEach(give)
      if let error = detector.failure, failure == nil { (failure, isFinished) = (error, true) }
      pending.append(.event(.progress(RunProgress(seconds: frame.time.seconds, frames: decoded))))
    case .gap(let gap): router.take(gap).forEach(give)
    case .lost: router.endSegment().forEach(give)
    case nil:
      router.endSegment().forEach(give)
      isFinished = true
    }
  }

  private func judgeLoad(at seconds: Double) {
    guard whenSlow == .dropOldest,
      shedding.judge(time: seconds, taken: decoded, dropped: prefetch.dropped)
    else { return }
    router.pace = shedding.pace(detectorEvery: detectorEvery)
    load = LoadChange(
      seconds: seconds, step: shedding.step, detectorEvery: router.pace.detectorEvery,
      hop: grid.hopSeconds * Double(router.pace.hopFactor))
    pending.append(.event(.load(load)))
  }

  private func give(_ step: FrameRouter.Step) {
    switch step {
    case .image(let image): pending.append(.event(.image(image)))
    case .clip(let clip): read(clip)
    case .gap(let gap, let wallTime):
      gapCount += 1
      if gaps.count < 1000 { gaps.append(gap) }
      pending.append(.event(.row(rows.row(of: gap, number: claimClip(), wallTime: wallTime))))
    }
  }

  /// Has a clip read, here or on another thread.
  private func read(_ clip: PendingClip) {
    guard !hasNoNetwork else { return }
    let number = claimClip()
    // The clip before this one may still be read.
    cache?.forget(before: number - mostPendingClips - 1)
    let (rows, classifier, cache, clock) = (rows, classifier, cache, clock)
    let reading = ClipReading(
      stride(from: 0, to: clip.faces.count, by: batch).map { start in
        let faces = clip.faces[start..<min(clip.faces.count, start + batch)]
        return {
          try clock.measure(.model) {
            try rows.read(faces, of: clip, number: number, classifier: classifier, cache: cache)
          }
        }
      })
    if let readers { readers.add(reading) } else { reading.make() }
    if options.showsViews { rows.addViews(of: clip, classifier: classifier, to: &views) }
    pending.append(.clip(clip, number: number, reading))
    pendingClips += 1
  }

  /// Puts the rows of the first clip in its place.
  private func take(_ clip: PendingClip, number: Int, _ reading: ClipReading) {
    pendingClips -= 1
    do {
      let readings = try clock.measure(.waiting, reading.get)
      pending.replaceSubrange(
        0..<1, with: rows.rows(of: clip, number: number, readings: readings).map { .event(.row($0)) })
      rowsInHand = clip.lastArrival
    } catch {
      // Where another program computes, it may fail in the middle. What was read before still has its rows.
      (failure, isFinished, hasNoNetwork) = (failure ?? error, true, true)
      pending = []
    }
  }

  private func claimClip() -> Int {
    defer { clips += 1 }
    return clips
  }
}
