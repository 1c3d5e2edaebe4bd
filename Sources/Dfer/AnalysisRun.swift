import DferImage
import DferModels
import DferTensor
import DferTimeline
import DferVideo
import Foundation

/// What a run gives, in order.
public enum RunEvent: Sendable {
  case row(ClipResult)
  case progress(RunProgress)
  /// A frame whose boxes are final; only with `RunOptions.givesImages`.
  case image(RunImage)
  /// A live run that is too slow gives something up, or takes it back.
  case load(LoadChange)
}

/// A frame with the faces on it, a fraction of a second after it came.
public struct RunImage: Sendable {
  public let frame: Frame
  public let faces: [FaceTracker.Face]
  /// Every box that may be a face: also those that do not count yet, or that were not asked for. For hiding them.
  public let everything: [Rect]
}

/// How far a run has come.
public struct RunProgress: Sendable, Hashable {
  /// Time of the newest frame, in seconds from the container's start.
  public let seconds: Double
  public let frames: Int
}

/// Where every decoded frame went.
public struct RunCounts: Sendable, Hashable, Codable {
  public var decoded = 0
  /// Frames that stand for at least one slot of the clip grid: these were converted.
  public var used = 0
  /// Frames between two slots: decoded and not converted.
  public var skipped = 0
  /// Frames of a live source that were decoded, but made room for newer ones before they were looked at. Not in
  /// `decoded`.
  public var dropped = 0
  /// Frames that were decoded ahead when a run was stopped. Not in `decoded`.
  public var unread = 0
  /// Looks of the face detector.
  public var looks = 0
  public var clips = 0
  public var gaps = 0
}

/// One pass over a video: decode, find and follow faces, cut clips, read expressions, give rows.
///
/// This is the only type that knows the whole path:
///
///     VideoSource -> FramePrefetch -> ContinuousSegment (slots by time) -> FaceDetector -> FaceTracker
///                                        |                                         |
///                                        +-- waiting samples -> crops <-- boxes ---+
///                                                                 |
///                                           clip of 16 crops -> FaceReader -> rows
///
/// Events are pulled: nothing runs ahead but the decoder, which keeps a few frames ready on its own thread. Only frames
/// that a clip needs are converted, straight from the decoder's format to the size that is needed. Memory is bounded by
/// the length of a clip, not of the video.
public final class AnalysisRun {
  public let options: RunOptions
  public let models: LoadedPipeline
  public let grid: ClipGrid
  public let source: any VideoEvents
  public var counts: RunCounts {
    var counts = soFar
    counts.dropped = prefetch.dropped
    counts.unread = prefetch.unread
    return counts
  }
  public private(set) var times = StageTimes()
  /// Time from the arrival of a clip's last frame until whoever pulls has dealt with its rows and asks for more.
  public private(set) var latency = LatencyHistogram()
  /// How closely the run looks now.
  public private(set) var load: LoadChange

  /// Filled when the options ask for it.
  public private(set) var views = ViewSheet()

  private let prefetch: FramePrefetch
  private var soFar = RunCounts()
  private var tracker: FaceTracker
  private var segment: ContinuousSegment?
  private var loadShedding: LoadShedding
  private var events: [RunEvent] = []
  private var isFinished = false
  /// Why the source ended early; thrown once all rows before it have been given.
  private var failure: (any Error)?
  /// Arrival of the last frame of the clip whose rows are being dealt with.
  private var rowsInHand: ContinuousClock.Instant?
  /// Where the newest frame or hole ends. A frame that follows a hole has no frame before it.
  private var reached: (index: Int?, end: Double)?

  public init(_ source: any VideoEvents, models: LoadedPipeline, options: RunOptions = RunOptions()) {
    self.source = source
    self.models = models
    self.options = options
    grid = models.grid(options)
    tracker = FaceTracker(models.trackerOptions(options))
    prefetch = FramePrefetch(source, policy: options.whenSlow)
    // Clips may be skipped as long as the next one starts where the last one ends, or earlier.
    loadShedding = LoadShedding(canSkipClips: 2 * grid.hop <= grid.frames)
    load = LoadChange(seconds: 0, step: 0, finderEvery: models.pipeline.detector.every, hop: grid.hopSeconds)
    if let threads = options.threads { Compute.threads = threads }
  }

  /// The next row or sign of progress; nil when the video has ended and every row has been given.
  public func next() throws -> RunEvent? {
    if events.isEmpty, let arrival = rowsInHand.take() { latency.add((ContinuousClock.now - arrival).inSeconds) }
    while events.isEmpty && !isFinished { try advance() }
    if events.isEmpty, let failure = self.failure.take() { throw failure }
    return events.isEmpty ? nil : events.removeFirst()
  }

  /// Reads no further frames; from any thread, also while `next()` waits. `next()` still gives the rows of what has
  /// been read.
  public var stop: @Sendable () -> Void {
    { [prefetch] in prefetch.cancel() }
  }

  /// Faces that counted so far.
  public var faceCount: Int { tracker.confirmedCount }

  private func advance() throws {
    let event: VideoEvent?
    do { event = try times.measure(.decode) { try prefetch.next() } } catch {
      // What was read before the fault still has its rows.
      failure = error
      event = nil
    }
    switch event {
    case .frame(let frame): try take(frame)
    case .gap(let gap): try take(gap)
    case .lost: try endSegment()
    case nil:
      try endSegment()
      isFinished = true
    }
  }

  // MARK: Frames become samples

  private func take(_ gap: Gap) throws {
    try endSegment()
    // Frames that were dropped just before belong to the hole: no row would tell of them.
    let last = options.whenSlow == .dropOldest ? reached?.end : nil
    let gap = Gap(start: min(gap.start, last ?? gap.start), end: gap.end, reason: gap.reason)
    soFar.gaps += 1
    // A hole is known when it ends, which in a live stream is now.
    let wallTime = models.layout.includesWallTime ? Date().addingTimeInterval(gap.start - gap.end) : nil
    add(.gap(gap, clip: claimClip(), wallTime: wallTime))
    reached = (nil, gap.end)
  }

  private func take(_ frame: Frame) throws {
    // A pause or a stall of this program is no part of any clip.
    if let reached {
      let isAfterDrops = reached.index.map { frame.index > $0 + 1 } ?? true
      if isAfterDrops && frame.time.seconds - reached.end > (reached.index == nil ? 0.2 : 1) {
        try take(Gap(start: reached.end, end: frame.time.seconds, reason: .notTaken))
      }
    }
    reached = (frame.index, frame.time.seconds + (frame.duration ?? 0))
    soFar.decoded += 1
    judgeLoad(at: frame.time.seconds)
    if let segment, segment.size != frame.size { try endSegment() }
    if var segment = self.segment.take() {
      let settled = segment.follow(frame)
      if settled.slots.isEmpty {
        soFar.skipped += 1
      } else {
        use(settled, in: &segment)
        try readClips(of: &segment)
      }
      self.segment = segment
    } else {
      segment = ContinuousSegment(first: frame, grid: grid)
    }
    events.append(.progress(RunProgress(seconds: frame.time.seconds, frames: soFar.decoded)))
  }

  private func judgeLoad(at seconds: Double) {
    guard options.whenSlow == .dropOldest,
      loadShedding.judge(time: seconds, taken: soFar.decoded, dropped: prefetch.dropped)
    else { return }
    let every = models.pipeline.detector.every * loadShedding.lookFactor
    tracker.expectLooks(every: every)
    load = LoadChange(
      seconds: seconds, step: loadShedding.step, finderEvery: every, hop: grid.hopSeconds * Double(loadShedding.hopFactor))
    events.append(.load(load))
  }

  /// Lets the detector look when its time has come, and cuts the crops that are due.
  private func use(_ sample: Sample, in segment: inout ContinuousSegment) {
    soFar.used += 1
    segment.waiting.append(sample)
    guard sample.time >= segment.nextLook - 1e-6 else { return }
    look(at: sample, in: &segment)
    cutCrops(until: tracker.settledUntil, in: &segment)
  }

  private func look(at sample: Sample, in segment: inout ContinuousSegment) {
    let frame = sample.frame
    let detector = models.pipeline.detector
    let image = times.measure(.image) { frame.image(longSide: detector.longSide) }
    let found = times.measure(.detector) { models.detector.detect(image, threshold: Float(models.pipeline.tracker.keepScore)) }
    let (x, y) = (
      Double(frame.size.width) / Double(image.width), Double(frame.size.height) / Double(image.height)
    )
    tracker.observe(found.map { Detection($0, scaledBy: x, y) }, at: sample.time)
    soFar.looks += 1
    while segment.nextLook <= sample.time + 1e-6 { segment.nextLook += load.finderEvery }
  }

  private func cutCrops(until time: Double, in segment: inout ContinuousSegment) {
    let modelInfo = models.modelInfo
    while let sample = segment.waiting.first, sample.time <= time {
      segment.waiting.removeFirst()
      let faces = tracker.faces(at: sample.time)
      if options.givesImages {
        events.append(
          .image(RunImage(frame: sample.frame, faces: faces, everything: tracker.allBoxes(at: sample.time))))
      }
      times.measure(.crop) {
        for face in faces {
          let square = face.box.asLabelled.square(factor: modelInfo.crop.sideFactor)
          let crop = sample.frame.crop(square, side: modelInfo.imageSize)
          let cut = FaceSample(
            crop: crop, square: square, box: face.box, score: face.score, maskWorn: face.maskWorn,
            points: face.points.map {
              Point(x: ($0.x - square.x) / square.width, y: ($0.y - square.y) / square.height)
            }, time: sample.time)
          for slot in sample.slots { segment.crops[face.id, slot] = cut }
        }
      }
      segment.markCropped(sample)
    }
  }

  private func endSegment() throws {
    guard var segment = self.segment.take() else { return }
    let (last, end) = segment.finish()
    if last.slots.isEmpty {
      soFar.skipped += 1
    } else {
      soFar.used += 1
      segment.waiting.append(last)
    }
    if let newest = segment.waiting.last, newest.time > segment.nextLook - load.finderEvery {
      look(at: newest, in: &segment)
    }
    tracker.finish()
    cutCrops(until: .infinity, in: &segment)
    try readClips(of: &segment)
    // What no whole clip covers gets one shorter clip, so that every moment has a row.
    let covered = segment.coveredSlots
    let start = segment.slots(ofClip: segment.nextClip).lowerBound
    if covered < segment.croppedSlots && start < segment.croppedSlots {
      try read(slots: start..<segment.croppedSlots, until: end, in: segment)
    }
    tracker.endAll()
  }

  // MARK: Samples become rows

  private func readClips(of segment: inout ContinuousSegment) throws {
    while segment.slots(ofClip: segment.nextClip).upperBound <= segment.croppedSlots {
      try read(slots: segment.slots(ofClip: segment.nextClip), until: nil, in: segment)
      segment.move(on: loadShedding.hopFactor)
    }
  }

  /// Reads one clip of all faces and adds its rows. `end` is given for a clip that the end of the video cuts short.
  private func read(slots: Range<Int>, until end: Double?, in segment: ContinuousSegment) throws {
    let start = segment.time(ofSlot: slots.lowerBound)
    let stop = min(end ?? .infinity, segment.time(ofSlot: slots.upperBound))
    let place = ClipPlace(
      clip: claimClip(), start: start, end: stop, frames: segment.frame(at: start)..<segment.frame(at: stop),
      slots: slots, isWhole: slots.count == grid.frames,
      wallTime: models.layout.includesWallTime ? segment.wallTime(at: start) : nil)
    let faces = segment.crops.faces(in: slots)
    guard !faces.isEmpty else {
      add(.noFace(place))
      rowsInHand = segment.lastCroppedArrival
      return
    }
    // A few clips at a time: a crowd must not need the memory of thirty clips at once.
    for batch in stride(from: 0, to: faces.count, by: 4).map({ faces[$0..<min(faces.count, $0 + 4)] }) {
      let samples = batch.map { face in
        ClipSampler.evenly(face.samples.count, over: grid.frames).map { face.samples[$0].sample }
      }
      let readings = times.measure(.model) {
        models.reader.read(samples.map { $0.map(\.crop) }, points: samples.map { $0.map(\.points) })
      }
      for (face, reading) in zip(batch, readings) {
        var row = ClipResult.face(
          face.face, samples: face.samples, reading: reading, place: place, frames: grid.frames)
        if options.showsViews {
          let middle = face.samples[face.samples.count / 2].sample
          views.add(models.reader.views(of: middle.crop, points: middle.points))
        }
        if options.isMaskAware { row.allowForMask() }
        add(row)
      }
    }
    rowsInHand = segment.lastCroppedArrival
  }

  private func claimClip() -> Int {
    defer { soFar.clips += 1 }
    return soFar.clips
  }

  private func add(_ row: ClipResult) { events.append(.row(row)) }
}
