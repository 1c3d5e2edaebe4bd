import DferImage

/// Where time is lost: before the first frame, between two, and behind the last one.
extension VideoSource {
  /// Says when frames before the first one were lost.
  func judgeStart(at time: Double, lasting duration: Double) {
    guard !info.isLive, let promise = promised, let first = seconds(ofPromise: promise.lowerBound) else { return }
    // Up to three frames in front of the first whole image are ordinary: they belong to what was cut off before.
    let isWhole = time - max(0, first) <= min(3.5 * duration, max(0.2, 1.5 * duration))
    // Where images were lost, so were those before the first packet while sound came.
    let sound = first > Self.soundAlone && container.broadcastSeconds != nil ? first : 0
    guard !isWhole || (sound > 0 && counts.damaged > 0) else { return }
    let start = max(0, first - sound)
    waiting.append(.gap(Gap(start: start, end: time, reason: .damage)))
  }

  /// Says when the time between two frames is a hole.
  func judgeStep(from last: (time: MediaTime, duration: Double, size: Size), to time: Double, sizeChanges: Bool) {
    let (end, step) = (last.time.seconds + last.duration, time - last.time.seconds)
    let isNearDamage = isNearDamage || mayHaveLost(from: last.time.seconds, to: time)
    // After damage a few lost frames are a hole; without it, a step out of an even rhythm where parts get lost on the
    // way; else only a jump that no slow video has. No clip reaches across a change of size, so nothing else covers
    // what is missing there.
    let isHole =
      if sizeChanges {
        time - end > last.duration
      } else if isNearDamage {
        time - end > min(MediaLimits.longestFrame, max(0.2, 3 * last.duration))
      } else if container.mayLoseParts, let longest = rhythm.longestStep {
        step > longest
      } else {
        time - end > min(MediaLimits.longestFrame, max(2, 10 * last.duration))
      }
    // Also of a hole: a source that goes on with few images a second has lost nothing after the first of them.
    rhythm.add(step)
    guard isHole else { return }
    let reason: Gap.Reason = info.isLive ? .lost : isNearDamage ? .damage : .timestamps
    waiting.append(.gap(Gap(start: end, end: time, reason: reason)))
  }

  /// Says how far the video falls short of what its container promised.
  func finish() throws {
    guard let previous else {
      if stop.isRaised { return }
      if info.isLive, endReason != nil { throw VideoError.timedOut(path: info.location) }
      throw VideoError.noFrames(path: info.location)
    }
    guard !info.isLive, !stop.isRaised else { return }
    let end = previous.time.seconds + previous.duration
    let isDamaged = container.endedBadly || counts.damaged > 0
    // A file that lists its frames and has given them all is whole, whatever length it declares.
    let hasAll = container.hasGivenAll(packets: counts.packets)
    let isCutOff = container.declaredEnd.isCut
    let isCut = isDamaged || isCutOff || (container.declaresStreamDuration && !hasAll)
    var promise = isCut ? container.promisedSeconds ?? 0 : 0
    if isDamaged, let last = promised.flatMap({ seconds(ofPromise: $0.upperBound) }) { promise = max(promise, last) }
    // Images that were lost while the sound went on.
    if isDamaged, let all = container.broadcastSeconds, all - end > Self.soundAlone { promise = max(promise, all) }
    if promise - end > max(0.2, 3 * previous.duration) {
      waiting.append(.gap(Gap(start: end, end: promise, reason: .truncated)))
    } else if isCutOff, !container.declaredEnd.declaresDuration || promise - end > previous.duration / 2 || promise == 0
    {
      // How much is missing is known of few, and what is missing may be an index.
      damaged()
    }
  }
}
