import DferImage
import DferTracking
import DferVideo

/// Keeps what a segment needs to end at a cut: the frames since the last detector run, and the tracker as it was before a
/// detector run that may have seen another shot.
struct ShotSplit {
  /// The first frames of the next shot, once the cut is certain.
  private(set) var nextShot: [any VideoFrame]?
  /// The last frame before the cut.
  private(set) var lastBefore: (any VideoFrame)?
  /// Whether that frame is the one of a detector run, which has had its samples.
  private(set) var isLastBeforeUsed = false
  /// The tracker before it saw the next shot.
  private(set) var trackerBefore: FaceTracker?

  /// No shot between two cuts is shorter, in seconds: a white frame is none.
  private static let shortest = 0.15
  /// An image that is shown for as long is no flash, in seconds: 0.3, and what rounding takes off.
  private static let slide = 0.299

  private var cut = ShotCut()
  /// What the shots before this one have shown of a part that goes on.
  private(set) var remainder: ShotRemainder
  /// Long side of the images in which faces are looked for.
  private var detectorSide = ShotCut.longSide
  /// No cut lies before this time, in seconds.
  private let earliest: Double
  /// The frame of the last detector run before any suspicion, and all that followed.
  private var frames: [any VideoFrame] = []
  /// Place of the last detector run's frame among `frames`.
  private var lastRun = 0
  /// Place of the suspected first frame of the next shot among `frames`.
  private var suspected: Int?
  /// Whether it is one of images that stay for long. Then only the one before it says what goes on: later ones are other shots.
  private var isSlide = false
  /// Whether no part of the image can go on across it, because there was none.
  private var comesAfterNothing = false

  /// - Parameters:
  ///   - previous: of the shot before the cut that this one begins with; nil: it begins with the video or after a gap.
  ///   - start: its first frame's time, in seconds.
  init(after previous: ShotRemainder?, at start: Double) {
    earliest = previous == nil ? -.infinity : start + Self.shortest
    remainder = previous ?? ShotRemainder()
  }

  var isSuspicious: Bool { suspected != nil && nextShot == nil }

  /// The frames from the last detector run to the newest that was added, both included.
  var sinceLastRun: ArraySlice<any VideoFrame> { frames[lastRun...] }

  /// Takes the next settled frame.
  mutating func add(_ frame: any VideoFrame) { frames.append(frame) }

  /// Judges the detector's image of the newest frame that was added.
  ///
  /// - Parameters:
  ///   - newest: the frame after it.
  ///   - tracker: before it sees what was found in the image.
  mutating func judge(_ image: Image, newest: any VideoFrame, tracker: FaceTracker, clock: StageClock) {
    let between = sinceLastRun
    detectorSide = max(image.width, image.height)
    if let time = frames.last?.time.seconds { remainder.add(image, at: time) }
    let asked = self
    let times = between.suffix(2).map(\.time.seconds)
    let isSlide = between.count == 2 && times[1] - times[0] >= Self.slide
    let verdict = clock.measure(.image) {
      cut.add(image, count: between.count, isSlide: isSlide, partGoesOn: { asked.partGoesOn(newest) }) {
        between[between.startIndex + $0].image(longSide: ShotCut.longSide)
      }
    }
    switch verdict {
    case .confirmed: begin(with: newest)
    case .suspected(let index) where frames[lastRun + index].time.seconds < earliest: forget()
    case .suspected(let index):
      (suspected, trackerBefore, self.isSlide) = (lastRun + index, tracker, isSlide)
      comesAfterNothing = cut.isSuspectedAfterNothing
      lastRun = frames.count - 1
    case .none: forget()
    }
  }

  /// Takes the suspicion at the end of the video for certain, unless a part of the image goes on across it.
  ///
  /// - Parameter newest: the frame that is not settled yet.
  mutating func accept(with newest: any VideoFrame) {
    if partGoesOn(newest) { suspected = nil } else { begin(with: newest) }
  }

  /// Judges the last frame of all where images stay for long, as in a slide show: no detector run comes after it.
  ///
  /// - Parameter tracker: before anything is found in it.
  mutating func judgeLast(
    _ frame: any VideoFrame, detectorLongSide: Int, tracker: FaceTracker, clock: StageClock
  ) {
    guard nextShot == nil, let last = frames.last, frame.time.seconds - last.time.seconds >= Self.slide else { return }
    add(frame)
    judge(frame.image(longSide: detectorLongSide), newest: frame, tracker: tracker, clock: clock)
    if isSuspicious, !partGoesOn(frame) { begin(with: nil) }
  }

  /// Whether a slide changes beside the image of a speaker, somebody moves in a film of few images a second, or the like.
  private func partGoesOn(_ newest: any VideoFrame) -> Bool {
    guard let suspected, suspected > 0, suspected < frames.count, let trackerBefore, !comesAfterNothing else {
      return false
    }
    let frames = isSlide ? Array(frames[...suspected]) : frames
    let images = frames.map { $0.image(longSide: ShotCut.longSide) }
    if ShotMotion(images, times: frames.map(\.time.seconds)).goesOn(at: suspected) { return true }
    let (width, height) = (Double(newest.size.width), Double(newest.size.height))
    return remainder.isThere(
      before: Array(images[..<suspected]), after: Array(images[suspected...]), at: frames[suspected].time.seconds,
      faces: trackerBefore.newestBoxes.map {
        Rect(x: $0.x / width, y: $0.y / height, width: $0.width / width, height: $0.height / height)
      },
      nearest: {
        (frames[suspected - 1].image(longSide: detectorSide), frames[suspected].image(longSide: detectorSide))
      })
  }

  private mutating func begin(with newest: (any VideoFrame)?) {
    guard let suspected, suspected > 0, suspected < frames.count, trackerBefore != nil else { return forget() }
    (lastBefore, isLastBeforeUsed) = (frames[suspected - 1], suspected == 1)
    nextShot = Array(frames[suspected...]) + [newest].compactMap { $0 }
  }

  private mutating func forget() {
    (suspected, trackerBefore, lastRun) = (nil, nil, 0)
    frames = Array(frames.suffix(1))
  }
}
