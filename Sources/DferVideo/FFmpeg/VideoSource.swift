import CFFmpeg
import DferImage
import Synchronization

/// A video, read once from front to back: never seeks, never guesses a frame rate, stops at nothing that can be passed.
///
/// Times are the container's own stamps in whole ticks, minus the container's start. Stamps that are missing, step back
/// or cannot be true are repaired by the rules of `TimeRepair` and counted. Damaged packets are skipped and counted; a
/// hole in time is an event of its own, also before the first frame and where the size changes. Interlaced frames are
/// given as they are stored.
///
/// Used from one thread at a time; `counts` and `cancel()` may be used from any.
package final class VideoSource: VideoEvents, @unchecked Sendable {
  package let info: VideoInfo

  let container: Container
  private var decoder: Decoder
  private let threads: Int
  private let packet: UnsafeMutablePointer<AVPacket>
  let stop = StopFlag()
  private let sharedCounts = Mutex(DecodeCounts())
  var repair: TimeRepair
  private var origin: Int64?
  /// Whether packets say only when they are decoded, as in AVI files.
  private var lacksStamps = false
  /// Earliest and latest times of packets that should be shown, in ticks.
  var promised: ClosedRange<Int64>?
  /// A frame whose stamp jumps ahead, until the next one tells whether it is true.
  private var doubtful: UnsafeMutablePointer<AVFrame>?
  var waiting: [VideoEvent] = []
  private var state = State.reading
  var previous: (time: MediaTime, duration: Double, size: Size)?
  /// Frames that were shown since something was found damaged. A lost part is before or behind the damage, and frames come in
  /// another order than packets.
  private var framesSinceDamage = 1000
  var isNearDamage: Bool { framesSinceDamage <= 2 }
  /// Times, in ticks, around places where the demuxer passed over something damaged: from the packets before to the one after.
  private var losses: [ClosedRange<Int64>] = []
  /// Packets since one that was marked as damaged, as long as nothing says whether it is.
  private var marked: Int?
  /// Seconds by which sound may begin before the images of a broadcast, or end after them.
  static let soundAlone = 1.5
  var rhythm = FrameRhythm()
  private let firstIndex: Int
  private var decoded = 0
  /// Ticks added to every time, for a source that goes on after another.
  private let shift: Int64

  private enum State { case reading, draining, ended }

  package init(_ location: String, options: VideoOptions = VideoOptions()) throws {
    container = try Container(location, options: options, stop: stop)
    info = container.info
    threads = options.threads
    decoder = try Decoder(container.stream, info: info, threads: threads)
    guard let packet = av_packet_alloc() else {
      throw VideoError.failed(operation: "decode", path: info.location, reason: "out of memory")
    }
    self.packet = packet
    firstIndex = options.firstIndex
    let base = container.timeBase
    let second = Double(base.denominator) / Double(base.numerator)
    shift = Int64((min(options.startTime, MediaLimits.longestTime) * second).rounded())
    // A live stream has no start but its first frame: what its container says of one is guessed from a few packets.
    let start = container.context.pointee.start_time
    let ownStart =
      start == dfer_no_pts || info.isLive
      ? nil
      : av_rescale_q(
        start, AVRational(num: 1, den: AV_TIME_BASE), AVRational(num: base.numerator, den: base.denominator))
    repair = TimeRepair(
      step: Int64((second / (info.frameRate ?? 25)).rounded()), second: Int64(second.rounded()), start: ownStart,
      limit: Int64(min(MediaLimits.longestTime * second, 0x1p61)))
  }

  deinit {
    var packet: UnsafeMutablePointer<AVPacket>? = packet
    av_packet_free(&packet)
    av_frame_free(&doubtful)
  }

  /// What the decoder has met so far.
  package var counts: DecodeCounts { sharedCounts.withLock { $0 } }

  /// Share of the input that has been read, by bytes; nil when it cannot be known.
  package var byteProgress: Double? {
    guard let size = info.byteSize, size > 0, let read = container.bytesRead, read >= 0 else { return nil }
    return min(1, Double(read) / Double(size))
  }

  /// When the newest packet came. A decoder gives its last frames later, when it is told of the end.
  var lastArrival: ContinuousClock.Instant { container.lastArrival }

  /// Why reading ended too early, for people; nil at an ordinary end.
  package var endReason: String? { container.endReason }

  /// Ends reads that wait, from any thread. `next()` then comes to the end.
  package func cancel() { stop.raise() }

  /// The next frame or hole; nil at the end.
  package func next() throws -> VideoEvent? {
    while waiting.isEmpty && state != .ended { try step() }
    guard !waiting.isEmpty else { return nil }
    let event = waiting.removeFirst()
    // Counted when it is given: what a cancelled source still holds was never anybody's.
    if case .frame = event { count { $0.frames += 1 } }
    return event
  }

  private func step() throws {
    if stop.isRaised { state = .ended }
    switch state {
    case .reading:
      let restarts = container.restarts
      let hasRead = container.read(into: packet)
      settleMark(clockBeganAnew: container.restarts > restarts, mayWait: hasRead)
      guard hasRead else {
        if container.leavesRest, !info.isLive { damaged() }
        avcodec_send_packet(decoder.context, nil)
        state = .draining
        return
      }
      count { $0.packets += 1 }
      if container.passedDamage { noteLoss() }
      if packet.pointee.flags & AV_PKT_FLAG_DISCARD != 0 { count { $0.hidden += 1 } } else { notePromise() }
      if decoder.stream != container.stream.pointee.index { try changeDecoder() }
      if packet.pointee.flags & AV_PKT_FLAG_CORRUPT != 0 {
        settleMark(clockBeganAnew: false, mayWait: false)
        marked = 0
      }
      // The decoder would pass the mark on to the frame, whatever it finds itself.
      packet.pointee.flags &= ~AV_PKT_FLAG_CORRUPT
      var code = avcodec_send_packet(decoder.context, packet)
      if code == dfer_error_again {
        try receive()
        code = avcodec_send_packet(decoder.context, packet)
      }
      if code < 0 && code != dfer_error_again && !isTheoraHeader { damaged() }
      av_packet_unref(packet)
      try receive()
    case .draining:
      try receive()
      settleDoubt(before: nil)
      state = .ended
      try finish()
    case .ended: break
    }
  }

  /// Believes the mark of a damaged packet, unless it stands on the last but one before a clock that begins anew: there the
  /// counters of packets begin anew as well, where recordings were joined, and FFmpeg's parser moves the mark by one.
  private func settleMark(clockBeganAnew: Bool, mayWait: Bool) {
    guard let count = marked else { return }
    if count == 0, !clockBeganAnew, mayWait {
      marked = 1
    } else {
      marked = nil
      if !(count == 1 && clockBeganAnew) { damaged() }
    }
  }

  /// Takes what the decoder still has and goes on with one for what comes now.
  private func changeDecoder() throws {
    avcodec_send_packet(decoder.context, nil)
    state = .draining
    try receive()
    state = .reading
    settleDoubt(before: nil)
    decoder = try Decoder(container.stream, info: info, threads: threads)
  }

  /// Takes every frame that the decoder has ready.
  private func receive() throws {
    while true {
      guard let raw = av_frame_alloc() else {
        throw VideoError.failed(operation: "decode", path: info.location, reason: "out of memory")
      }
      let code = avcodec_receive_frame(decoder.context, raw)
      guard code >= 0 else {
        var raw: UnsafeMutablePointer<AVFrame>? = raw
        av_frame_free(&raw)
        if code == dfer_error_again || code == dfer_error_eof { return }
        damaged()
        // A decoder that fails while it is drained has nothing more to give.
        if state == .draining { return }
        continue
      }
      take(raw)
    }
  }

  /// Takes a frame, or first asks the next one whether its stamp can be true.
  private func take(_ raw: UnsafeMutablePointer<AVFrame>) {
    if raw.pointee.decode_error_flags != 0 || raw.pointee.flags & AV_FRAME_FLAG_CORRUPT != 0 { damaged() }
    let stamp = self.stamp(of: raw)
    settleDoubt(before: stamp)
    if repair.isJump(stamp) {
      doubtful = raw
    } else {
      show(raw, stamp)
    }
  }

  private func settleDoubt(before next: Int64?) {
    guard let raw = doubtful.take() else { return }
    let stamp = self.stamp(of: raw)
    show(raw, repair.isOutlier(stamp, before: next) ? nil : stamp)
  }

  private func stamp(of raw: UnsafeMutablePointer<AVFrame>) -> Int64? {
    MediaLimits.ticks(raw.pointee.best_effort_timestamp, of: container.stream.pointee.time_base)
  }

  private func show(_ raw: UnsafeMutablePointer<AVFrame>, _ stamp: Int64?) {
    // Without stamps of its own an image has that of the packet behind which it comes.
    if previous == nil, lacksStamps { repair.delayStart(by: Int64(decoder.context.pointee.has_b_frames)) }
    let repaired = repair.next(stamp)
    let time = MediaTime(ticks: repaired - repair.origin + shift, timeBase: container.timeBase)
    let duration = duration(of: raw)
    let size = Size(width: Int(raw.pointee.width), height: Int(raw.pointee.height))
    if let previous {
      judgeStep(from: previous, to: time.seconds, sizeChanges: previous.size != size)
      if previous.size != size { count { $0.sizeChanges += 1 } }
    } else {
      judgeStart(at: time.seconds, lasting: duration)
    }
    framesSinceDamage += 1
    previous = (time, duration, size)
    let index = firstIndex + decoded
    decoded += 1
    count { $0.repairedTimes = repair.repaired + container.restarts }
    // A size change keeps the pixel aspect of the new frames, when they say one.
    let aspect = raw.pointee.sample_aspect_ratio
    let pixelAspect = aspect.num > 0 && aspect.den > 0 ? MediaLimits.pixelAspect(aspect) : info.pixelAspect
    waiting.append(
      .frame(
        Frame(
          raw, index: index, time: time, duration: duration, pixelAspect: pixelAspect, orientation: info.orientation)))
  }

  /// Seconds that a frame is shown: by its own word, else by the stream's frame rate.
  private func duration(of raw: UnsafeMutablePointer<AVFrame>) -> Double {
    let ticks = MediaLimits.ticks(dfer_frame_duration(raw), of: container.stream.pointee.time_base) ?? 0
    let seconds = ticks > 0 ? MediaTime(ticks: ticks, timeBase: container.timeBase).seconds : 1 / (info.frameRate ?? 25)
    return seconds <= MediaLimits.longestFrame ? seconds : MediaLimits.impossibleFrame
  }

  /// Whether the packet is one of the headers that come again where Ogg files were joined, of which the decoder wants but two.
  private var isTheoraHeader: Bool {
    decoder.context.pointee.codec_id == AV_CODEC_ID_THEORA && packet.pointee.size > 0 && packet.pointee.data[0] >= 0x80
  }

  private var stampOfPacket: Int64? {
    let stamp = packet.pointee.pts == dfer_no_pts ? packet.pointee.dts : packet.pointee.pts
    return MediaLimits.ticks(stamp, of: container.stream.pointee.time_base).flatMap {
      $0.magnitude < 1 << 61 ? $0 : nil
    }
  }

  /// Notes from when to when packets promise frames, whatever becomes of them.
  private func notePromise() {
    if promised == nil { lacksStamps = packet.pointee.pts == dfer_no_pts }
    guard let start = stampOfPacket else { return }
    let length = MediaLimits.ticks(packet.pointee.duration, of: container.stream.pointee.time_base) ?? 0
    let end = start + max(0, min(length, Int64(MediaLimits.longestFrame / container.timeBase.seconds)))
    promised = promised.map { min($0.lowerBound, start)...max($0.upperBound, end) } ?? start...end
  }

  /// Notes where in time packets may be missing.
  private func noteLoss() {
    guard let last = promised?.upperBound, let next = stampOfPacket else { return }
    losses = losses.suffix(7) + [min(last, next)...max(last, next)]
  }

  /// Whether packets may be missing between two times, in seconds. Frames come in another order than packets.
  func mayHaveLost(from start: Double, to end: Double) -> Bool {
    losses.contains { loss in
      guard let first = seconds(ofPromise: loss.lowerBound), let last = seconds(ofPromise: loss.upperBound) else {
        return false
      }
      return first < end + 0.5 && last > start - 0.5
    }
  }

  /// Seconds of a promised time, as frames have them; nil when no frame could be there.
  func seconds(ofPromise ticks: Int64) -> Double? {
    let seconds = MediaTime(ticks: ticks - repair.origin + shift, timeBase: container.timeBase).seconds
    return abs(seconds) <= MediaLimits.longestTime ? seconds : nil
  }

  func damaged() {
    framesSinceDamage = 0
    count { $0.damaged += 1 }
  }

  private func count(_ change: (inout DecodeCounts) -> Void) { sharedCounts.withLock { change(&$0) } }
}
