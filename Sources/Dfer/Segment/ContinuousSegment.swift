import DferImage
import DferTracking
import DferVideo
import Foundation

/// An unbroken part of a video: no gap in time, no cut, one image size. It has a clip grid and a tracker of its own, and no track
/// or clip reaches across its ends.
///
/// A frame goes through four stages here: it is given its samples of the grid (`ClipSampler`), waits until the detector
/// has looked past it (`FaceTracker`), has its crops cut (`CropGeometry`, `CropBuffer`), and is part of a `PendingClip`.
struct ContinuousSegment {
  /// A frame that the clips need, with the samples that it stands for.
  private struct Sampled {
    let frame: any VideoFrame
    let samples: Range<Int>

    var time: Double { frame.time.seconds }
  }

  let size: Size
  /// Seconds from the container's start.
  let start: Double
  /// How closely the video is looked at; may change at any time.
  var pace: SegmentPace { didSet { if pace != oldValue { tracker.expectRuns(every: pace.detectorEvery) } } }
  private(set) var counts = SegmentCounts()

  private let settings: SegmentSettings
  private let clock: StageClock
  /// When its first frame came, by the system's clock; only live rows show it.
  private let startDate = Date()
  private var sampler: ClipSampler
  private var tracker: FaceTracker
  private var crops = CropBuffer()
  private var index: FrameIndex
  private var newest: any VideoFrame
  /// Frames that wait for the detector to look past them, so that their boxes have neighbours on both sides.
  private var waiting: [Sampled] = []
  private var images: [RunImage] = []
  /// When the detector runs next, in seconds.
  private var nextRun: Double
  /// Samples below this one have their crops, and all frames up to this time.
  private var croppedSamples = 0
  private var croppedUntil = -Double.infinity
  private var lastCroppedArrival: ContinuousClock.Instant
  /// The next clip, counted from the start of the segment.
  private var nextClip = 0
  /// Samples below this one belong to a clip that was given.
  private var coveredSamples = 0
  private var shots: ShotSplit?
  private var sideways = SidewaysCheck()

  /// - Parameters:
  ///   - firstID: id of the first new face.
  ///   - previous: of the shot before, when the first frame is that of another shot than the frame before it.
  init(
    first frame: any VideoFrame, settings: SegmentSettings, pace: SegmentPace, firstID: Int = 0,
    after previous: ShotRemainder? = nil, clock: StageClock = StageClock()
  ) {
    size = frame.size
    start = frame.time.seconds
    (self.settings, self.pace, self.clock) = (settings, pace, clock)
    sampler = ClipSampler(grid: settings.grid, origin: start)
    tracker = FaceTracker(settings.tracker, firstID: firstID)
    tracker.expectRuns(every: pace.detectorEvery)
    index = FrameIndex(first: frame.index, time: start)
    newest = frame
    nextRun = start
    lastCroppedArrival = frame.arrivedAt
    if settings.findsCuts { shots = ShotSplit(after: previous, at: start) }
  }

  /// The first frames of another shot, once it is certain that this segment ends before them: finish it at the time of
  /// the first one and give them to the next segment.
  var nextShot: [any VideoFrame]? { shots?.nextShot }

  /// What the next shot has to know of this one and those before it.
  var remainder: ShotRemainder? { shots?.remainder }

  /// The id that the first face of the next segment gets.
  var nextID: Int { tracker.nextID }

  /// Takes the next frame and gives the clips that are complete now.
  mutating func push(_ frame: any VideoFrame) -> [PendingClip] {
    let settled = Sampled(frame: newest, samples: sampler.samples(before: frame.time.seconds))
    newest = frame
    index.append(frame.index, time: frame.time.seconds)
    shots?.add(settled.frame)
    // The last frame before a long pause is looked at too: what comes after it may be somewhere else.
    let isLastForLong = frame.time.seconds > nextRun + pace.detectorEvery + 1e-6
    guard keep(settled), isLastForLong || settled.time >= nextRun - 1e-6 else { return [] }
    detect(in: settled.frame)
    // While a cut is suspected, nothing from behind it may be used.
    guard shots?.isSuspicious != true, nextShot == nil else { return [] }
    cutCrops(until: tracker.settledUntil)
    return takeClips()
  }

  /// Ends the segment: the last frame, and the clips that were still open. What no whole clip covers is part of one
  /// shorter clip, so that every moment has a row.
  ///
  /// - Parameter time: where it ends, when what follows it begins there; nil: when its last frame has been shown.
  mutating func finish(at time: Double? = nil) -> [PendingClip] {
    if shots?.isSuspicious == true {
      shots?.accept(with: newest)
    } else {
      let (tracker, clock, longSide) = (tracker, clock, settings.detectorLongSide)
      shots?.judgeLast(newest, detectorLongSide: longSide, tracker: tracker, clock: clock)
    }
    if let next = nextShot?.first { return finish(before: next) }
    // Times are written in microseconds, and no row may be empty.
    let end = time ?? newest.time.seconds + max(1e-6, newest.duration ?? index.lastStep ?? 0.04)
    _ = keep(Sampled(frame: newest, samples: sampler.samples(untilEnd: end)))
    index.append(newest.index + 1, time: end)
    if let last = waiting.last(where: { !$0.samples.isEmpty }), last.time > nextRun - pace.detectorEvery {
      shots = nil
      detect(in: last.frame)
    }
    return close(at: end)
  }

  /// Ends the segment before the first frame of the next shot: forgets what came from that frame on.
  private mutating func finish(before next: any VideoFrame) -> [PendingClip] {
    guard let shots, let tracker = shots.trackerBefore else { return [] }
    self.tracker = tracker
    let end = next.time.seconds
    let late = waiting.filter { $0.frame.index >= next.index }
    waiting.removeAll { $0.frame.index >= next.index }
    counts.used -= late.count
    counts.skipped -= shots.nextShot.map { $0.count - 1 - late.count } ?? 0
    index.cut(at: next.index, time: end)
    // The last frame of the shot is shown until the cut.
    let from = waiting.last?.samples.upperBound ?? croppedSamples
    let rest = from..<max(from, sampler.count(until: end))
    if let last = shots.lastBefore, !rest.isEmpty {
      if waiting.last?.frame === last {
        waiting.removeLast()
      } else if !shots.isLastBeforeUsed {
        (counts.used, counts.skipped) = (counts.used + 1, counts.skipped - 1)
      }
      let first = waiting.last?.samples.upperBound ?? croppedSamples
      waiting.append(Sampled(frame: last, samples: first..<rest.upperBound))
    }
    return close(at: end)
  }

  /// Gives the clips that are left when all frames of the segment are known.
  private mutating func close(at end: Double) -> [PendingClip] {
    tracker.finish()
    cutCrops(until: .infinity)
    var clips = takeClips(until: end)
    let first = settings.grid.samples(ofClip: nextClip).lowerBound
    if coveredSamples < croppedSamples && first < croppedSamples {
      clips.append(clip(of: first..<croppedSamples, until: end))
    }
    crops.endFrames()
    counts.faceFramesLeftOut = crops.leftOut
    return clips
  }

  /// Frames whose boxes have become final since the last call; empty unless the settings ask for them.
  mutating func takeImages() -> [RunImage] {
    defer { images = [] }
    return images
  }

  // MARK: Stages

  /// Keeps a frame that the clips or a table of frames need; false for one that stands for no sample.
  private mutating func keep(_ sampled: Sampled) -> Bool {
    let isSample = !sampled.samples.isEmpty
    if isSample || settings.cutsEveryFrame {
      counts.used += 1
      waiting.append(sampled)
    } else {
      counts.skipped += 1
    }
    return isSample
  }

  private mutating func detect(in frame: any VideoFrame) {
    let image = clock.measure(.image) { frame.image(longSide: settings.detectorLongSide) }
    let found = clock.measure(.detector) {
      sideways.detect(
        image, of: frame.size, at: frame.time.seconds, by: settings.detector, sure: settings.tracker.minimumScore,
        threshold: settings.tracker.keepScore)
    }
    let (before, newest, clock) = (tracker, newest, clock)
    tracker.observe(found, at: frame.time.seconds)
    if let between = shots?.sinceLastRun {
      clock.measure(.image) {
        tracker.endReplaced(
          image, scale: Double(image.width) / Double(size.width), times: between.map(\.time.seconds),
          small: { between[between.startIndex + $0].image(longSide: $1) },
          crop: { between[between.startIndex + $0].crop($1, side: FacePatch.side) })
      }
    }
    shots?.judge(image, newest: newest, tracker: before, clock: clock)
    checkUpright(in: frame)
    counts.detectorRuns += 1
    while nextRun <= frame.time.seconds + 1e-6 { nextRun += pace.detectorEvery }
  }

  private mutating func checkUpright(in frame: any VideoFrame) {
    let (detector, clock) = (settings.detector, clock)
    tracker.checkUpright { box in
      let (square, side) = UprightCheck.view(of: box)
      return clock.measure(.detector) { UprightCheck.isUpsideDown(frame.crop(square, side: side), detector: detector) }
    }
  }

  /// Cuts the crops of all frames whose boxes can no longer change.
  private mutating func cutCrops(until time: Double) {
    while let sampled = waiting.first, sampled.time <= time {
      waiting.removeFirst()
      let faces = tracker.faces(at: sampled.time)
      if settings.givesImages, !sampled.samples.isEmpty {
        images.append(
          RunImage(frame: sampled.frame, faces: faces, everything: tracker.allBoxes(at: sampled.time)))
      }
      clock.measure(.crop) {
        for face in faces {
          let square = settings.geometry.square(aroundDetected: face.box)
          let cut = sampled.frame.crop(square, side: settings.cropSide)
          // Networks learn from upright faces, so the crop of another one is turned.
          let crop = cut.turned(face.turn.inverse)
          let points = face.points.map { CropGeometry.inCrop($0, of: square, turn: face.turn) }
          func sample(_ index: Int) -> FaceSample {
            FaceSample(
              index: index, frame: sampled.frame.index, time: sampled.time, crop: crop, square: square, box: face.box,
              score: face.score, maskWorn: face.maskWorn, points: points, turn: face.turn)
          }
          for index in sampled.samples { crops.add(sample(index), of: face.id) }
          if settings.cutsEveryFrame { crops.addFrame(sample(sampled.samples.lowerBound), of: face.id) }
        }
      }
      croppedSamples = max(croppedSamples, sampled.samples.upperBound)
      lastCroppedArrival = sampled.frame.arrivedAt
    }
    croppedUntil = max(croppedUntil, time)
  }

  /// The whole clips that have all their crops.
  private mutating func takeClips(until end: Double = .infinity) -> [PendingClip] {
    var clips: [PendingClip] = []
    while case let samples = settings.grid.samples(ofClip: nextClip), samples.upperBound <= croppedSamples,
      !settings.cutsEveryFrame || croppedUntil >= time(ofSample: samples.upperBound)
    {
      clips.append(clip(of: samples, until: end))
      coveredSamples = samples.upperBound
      nextClip += pace.hopFactor
      let first = settings.grid.samples(ofClip: nextClip).lowerBound
      crops.forget(before: first)
      index.forget(before: time(ofSample: first))
    }
    return clips
  }

  /// - Parameter end: of the segment, where it is known: no clip reaches beyond it.
  private mutating func clip(of samples: Range<Int>, until end: Double) -> PendingClip {
    let from = time(ofSample: samples.lowerBound)
    let whole = time(ofSample: samples.upperBound)
    let to = min(end, whole)
    let faces = crops.takeFrames(of: crops.faces(in: samples), from: from, to: to)
    counts.faceFramesLeftOut = crops.leftOut
    return PendingClip(
      start: from, end: to, frames: index.range(from: from, to: to), samples: samples,
      isWhole: samples.count == settings.grid.frames && to > whole - settings.grid.step / 2,
      wallTime: startDate.addingTimeInterval(from - start),
      faces: faces, lastArrival: lastCroppedArrival)
  }

  /// Start of a sample, in seconds from the container's start.
  private func time(ofSample index: Int) -> Double { start + Double(index) * settings.grid.step }
}
