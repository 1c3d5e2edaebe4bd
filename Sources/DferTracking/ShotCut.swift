import DferImage

/// Finds hard cuts, from the images that the face detector sees anyway.
///
/// A cut changes nearly all of the image from one frame to the next, and the image neither looked like that shortly
/// before nor looks as before shortly after. Two detector images that differ raise a suspicion; only then are the frames
/// between them looked at, and the cut is where one step holds nearly all of the difference. Pans, fades and fast motion
/// spread theirs over many steps, and after a flash the old image comes back. A suspicion becomes a cut at the next
/// detector image. Nothing is one while the frames around it have something in common (`ShotContinuity`). Where each image
/// stays for long, as in a slide show, none is a flash, and what comes before and after says nothing of motion.
package struct ShotCut: Sendable {
  /// Long side in pixels of the images between two detector images.
  package static let longSide = 128

  /// The least difference that two shots have, and above which everything is looked at with more patience: much may move
  /// from one frame to the next in one shot, but not when nearly nothing moved before and after.
  private static let (threshold, clear) = (0.3, 0.55)
  /// The least part of the whole difference that the step of a cut has.
  private static let concentration = 0.6
  /// The largest mean difference of the other steps, over that of the cut: for small and for clear ones.
  private static let otherSteps = (small: 0.1, clear: 0.3)
  /// The largest mean difference of the neighbouring pairs of detector images, over that of the cut.
  private static let motion = (small: 0.3, clear: 0.7)

  /// Below this part of the brightness of the last second an image is on its way to black or back.
  private static let dim = 0.6

  package enum Verdict: Sendable, Hashable {
    case none
    /// The frame of this index, among those that were asked for, may be the first of another shot.
    case suspected(Int)
    /// The suspicion of the last call was right.
    case confirmed
  }

  private struct Suspicion: Sendable {
    let before: ShotSignature
    /// Blocks that nothing is said by: words or a sign cover them.
    let covered: Set<Int>
    let step: Double
    let motionBefore: Double
    /// The last frame before the suspected cut; nil when there is nothing on it.
    let lastFrame: ShotContinuity?
    /// Whether images are shown for so long that nothing that follows speaks against it.
    let isOfSlides: Bool
  }

  /// Of the last detector images with anything on them, newest last.
  private var past: [ShotSignature] = []
  private var lastDifference = 0.0
  /// Blocks that words or a sign kept covered while the last detector images were black; nil where they were not.
  private var covered: Set<Int>?
  /// Of the last detector images with anything on them, one second of them.
  private var brightness: [Double] = []
  private var suspicion: Suspicion?

  package init() {}

  /// Whether there was nothing to be seen before the suspected cut but words or a sign that stay.
  package var isSuspectedAfterNothing: Bool { suspicion.map { $0.lastFrame == nil } ?? false }

  /// Takes the image of a detector run.
  ///
  /// - Parameters:
  ///   - count: of the frames from the last detector run to this one, both included.
  ///   - isSlide: whether the frame before this one was shown for longer than any flash.
  ///   - partGoesOn: whether a part of the image goes on across the suspected cut; asked only when all else speaks for it.
  ///   - frame: gives one of them as a small image.
  package mutating func add(
    _ image: Image, count: Int, isSlide: Bool = false, partGoesOn: () -> Bool = { false }, frame: (Int) -> Image
  ) -> Verdict {
    let now = ShotSignature(image)
    let suspicion = suspicion.take()
    // What is left of an image between two shots is no image: neither all black nor words on black.
    if now.isFlat { return .none }
    if let left = past.last.flatMap(now.leftOnBlack) {
      covered = left
      return .none
    }
    defer { (past, covered, brightness) = (past.suffix(1) + [now], nil, brightness.suffix(4) + [now.brightness]) }
    if let suspicion {
      let goesOn = suspicion.lastFrame.map { $0.goesOn(in: ShotContinuity(frame(count - 1))) } ?? false
      if suspicion.isOfSlides || (!goesOn && isConfirmed(suspicion, by: now)) {
        if !partGoesOn() { return .confirmed }
        // A slide that changes is no motion, and another cut may have come right after it.
        lastDifference = 0
      }
    }
    guard let last = past.last else { return .none }
    var looked: (images: [Image], between: [ShotSignature], empty: [Set<Int>?])?
    func look() -> (images: [Image], between: [ShotSignature], empty: [Set<Int>?]) {
      if let looked { return looked }
      let images = (0..<count).map(frame)
      let between = images.map { ShotSignature($0) }
      let empty = between.map { image -> Set<Int>? in
        if image.isFlat { return [] }
        return covered.map { image.isBlack(without: $0) ? $0 : nil } ?? image.leftOnBlack(after: last)
      }
      let found = (images, between, empty)
      looked = found
      return found
    }
    // In the dark, words and signs are all that images have in common or not: without them, if it was black in between.
    let usual = brightness.max() ?? 0
    let isDim = min(now.brightness, last.brightness) < Self.dim * usual
    let left = covered ?? (isDim ? look().empty.compactMap { $0 }.last : nil) ?? []
    guard let difference = difference(last, now, left) else { return .none }
    defer { lastDifference = difference }
    guard difference > Self.threshold else { return .none }
    // The old image after a flash is no cut.
    if !isSlide, past.count > 1, let earlier = self.difference(past[past.count - 2], now, left),
      earlier <= Self.threshold
    {
      return .none
    }
    let (images, between, empty) = look()
    func suspect(_ index: Int, after before: Int, step: Double, motionBefore: Double) -> Verdict {
      let lastFrame = empty[before] == nil ? ShotContinuity(images[before]) : nil
      if let lastFrame, lastFrame.goesOn(in: ShotContinuity(images[index])) { return .none }
      self.suspicion = Suspicion(
        before: last, covered: left, step: step, motionBefore: motionBefore, lastFrame: lastFrame, isOfSlides: isSlide)
      return .suspected(index)
    }
    // From one shot to the other through black or white: the cut is where there was least to be seen.
    if difference > Self.clear, let end = empty.lastIndex(where: { $0 != nil }), end + 1 < between.count {
      let start = (empty[..<end].lastIndex { $0 == nil } ?? -1) + 1
      let contrasts = (start...end).map { (index: $0, value: between[$0].contrast(without: left)) }
      let emptiest = contrasts.reversed().min { $0.value < $1.value }?.index ?? end
      // What passes in front leaves the scene as it was. Under words or a sign all images have those in common.
      let before = left.isEmpty && start > 0 ? start - 1 : emptiest
      return suspect(emptiest + 1, after: before, step: difference, motionBefore: 0)
    }
    let steps = zip(between, between.dropFirst()).compactMap { $0.distance(to: $1) }
    guard let step = steps.max(), let index = steps.firstIndex(of: step), step > Self.threshold,
      step > Self.concentration * difference
    else { return .none }
    let others = steps.reduce(0, +) - step
    let most = step > Self.clear ? Self.otherSteps.clear : Self.otherSteps.small
    guard steps.count == 1 ? step > Self.clear : others / Double(steps.count - 1) < most * step else { return .none }
    return suspect(index + 1, after: index, step: step, motionBefore: lastDifference)
  }

  private func isConfirmed(_ suspicion: Suspicion, by now: ShotSignature) -> Bool {
    let isClear = suspicion.step > Self.clear
    guard let back = difference(suspicion.before, now, suspicion.covered),
      back > (isClear ? Self.clear : Self.threshold)
    else { return false }
    let motionAfter = past.last?.distance(to: now) ?? 0
    return (suspicion.motionBefore + motionAfter) / 2 < (isClear ? Self.motion.clear : Self.motion.small)
      * suspicion.step
  }

  /// How different two images are without the blocks that words or a sign cover.
  private func difference(_ one: ShotSignature, _ other: ShotSignature, _ covered: Set<Int>) -> Double? {
    one.without(covered).distance(to: other.without(covered))
  }
}
