import DferImage
import DferVideo
import Foundation

/// A frame that the clips need, with the slots that it stands for.
struct Sample {
  let frame: Frame
  let slots: Range<Int>

  var time: Double { frame.time.seconds }
}

/// An unbroken part of a video: no hole in time, one image size. It has a clip grid of its own, and no track or clip
/// reaches across its ends.
struct ContinuousSegment {
  let size: Size
  let grid: ClipGrid
  let start: Double
  /// When its first frame came, by the system's clock; only live rows show it.
  private let startDate = Date()

  /// Samples that wait for the detector to look past them, so that their boxes have neighbours on both sides.
  var waiting: [Sample] = []
  var crops = FaceCrops()
  /// Slots below this one have their crops.
  private(set) var croppedSlots = 0
  /// When the newest cropped frame came, for the latency of rows.
  private(set) var lastCroppedArrival: ContinuousClock.Instant
  /// The next clip to be read, counted from the start of the stretch.
  private(set) var nextClip = 0
  /// Slots below this one belong to a clip that has been read.
  private(set) var coveredSlots = 0
  /// When the detector looks next, in seconds.
  var nextLook: Double

  private var sampler: ClipSampler
  private var newest: Sample
  private var frames: FrameTimes

  init(first frame: Frame, grid: ClipGrid) {
    size = frame.size
    self.grid = grid
    start = frame.time.seconds
    nextLook = start
    sampler = ClipSampler(grid: grid, origin: start)
    newest = Sample(frame: frame, slots: 0..<0)
    lastCroppedArrival = frame.arrivedAt
    frames = FrameTimes(first: frame.index, time: start)
  }

  /// Takes the next frame and gives back the one before it, whose slots are known now. An empty range of slots means
  /// that no clip needs it.
  mutating func follow(_ frame: Frame) -> Sample {
    let settled = Sample(frame: newest.frame, slots: sampler.slots(before: frame.time.seconds))
    newest = Sample(frame: frame, slots: 0..<0)
    frames.append(frame.index, time: frame.time.seconds)
    return settled
  }

  /// The last frame of the stretch with the slots up to the end, and that end in seconds.
  mutating func finish() -> (sample: Sample, end: Double) {
    let end = newest.time + (newest.frame.duration ?? frames.lastStep ?? 0.04)
    let sample = Sample(frame: newest.frame, slots: sampler.slots(untilEnd: end))
    frames.append(newest.frame.index + 1, time: end)
    return (sample, end)
  }

  mutating func markCropped(_ sample: Sample) {
    croppedSlots = max(croppedSlots, sample.slots.upperBound)
    lastCroppedArrival = sample.frame.arrivedAt
  }

  /// Slots of clip `number` of this stretch.
  func slots(ofClip number: Int) -> Range<Int> { number * grid.hop..<number * grid.hop + grid.frames }

  /// Start of a slot, in seconds from the container's start.
  func time(ofSlot slot: Int) -> Double { start + Double(slot) * grid.step }

  /// The date of a moment of this stretch: by the monotonic media clock from its first frame on.
  func wallTime(at time: Double) -> Date { startDate.addingTimeInterval(time - start) }

  /// Index of the first frame at or after `time`.
  func frame(at time: Double) -> Int { frames.index(at: time) }

  /// Goes on to the clip that is `clips` after the one that was just read, and forgets what no open clip can need.
  mutating func move(on clips: Int) {
    coveredSlots = slots(ofClip: nextClip).upperBound
    nextClip += clips
    let slot = slots(ofClip: nextClip).lowerBound
    crops.forget(before: slot)
    frames.forget(before: time(ofSlot: slot))
  }
}

/// Which frame is shown when, for the part of a stretch that clips still need.
struct FrameTimes {
  private var entries: [(index: Int, time: Double)]

  init(first index: Int, time: Double) { entries = [(index, time)] }

  mutating func append(_ index: Int, time: Double) { entries.append((index, time)) }

  mutating func forget(before time: Double) {
    guard let keep = entries.lastIndex(where: { $0.time <= time }), keep > 0 else { return }
    entries.removeFirst(keep)
  }

  /// Index of the first frame whose time is at or after `time`; times are compared with a microsecond of slack.
  func index(at time: Double) -> Int {
    entries.first { $0.time >= time - 1e-6 }?.index ?? (entries[entries.count - 1].index)
  }

  /// Seconds between the last two frames, for a last frame that does not say how long it is shown.
  var lastStep: Double? {
    entries.count < 2 ? nil : entries[entries.count - 1].time - entries[entries.count - 2].time
  }
}
