import CFFmpeg
import DferImage
import Synchronization

/// A video, read once from front to back: never seeks, never guesses a frame rate, stops at nothing that can be passed.
///
/// Times are the container's own stamps in whole ticks, minus the container's start. Stamps that are missing or step
/// back are repaired by the rules of `TimeRepair` and counted. Damaged packets are skipped and counted; a hole in time
/// is an event of its own. Interlaced frames are given as they are stored.
///
/// Used from one thread at a time; `counts` and `cancel()` may be used from any.
public final class VideoSource: VideoEvents, @unchecked Sendable {
  public let info: VideoInfo

  private let container: Container
  private let decoder: UnsafeMutablePointer<AVCodecContext>
  private let packet: UnsafeMutablePointer<AVPacket>
  private let stop = StopFlag()
  private let sharedCounts = Mutex(DecodeCounts())
  private var repair: TimeRepair
  private var origin: Int64?
  private var waiting: [VideoEvent] = []
  private var state = State.reading
  private var previous: (time: MediaTime, duration: Double, size: Size)?
  private var damageSinceFrame = false
  private var rhythm = FrameRhythm()
  private let firstIndex: Int
  private var decoded = 0
  /// Ticks added to every time, for a source that goes on after another.
  private let shift: Int64

  private enum State { case reading, draining, ended }

  public init(_ location: String, options: VideoOptions = VideoOptions()) throws {
    container = try Container(location, options: options, stop: stop)
    info = container.info
    let parameters = container.stream.pointee.codecpar!
    let codec = avcodec_find_decoder(parameters.pointee.codec_id)
    guard let decoder = avcodec_alloc_context3(codec), let packet = av_packet_alloc() else {
      throw VideoError.failed(operation: "decode", path: info.location, reason: "out of memory")
    }
    self.decoder = decoder
    self.packet = packet
    firstIndex = options.firstIndex
    let base = container.timeBase
    let rate = info.frameRate ?? 25
    let second = Double(base.denominator) / Double(base.numerator)
    shift = Int64((options.startTime * second).rounded())
    repair = TimeRepair(step: Int64((second / rate).rounded()), second: Int64(second.rounded()))
    // A live stream has no start but its first frame: what its container says of one is guessed from a few packets.
    if container.context.pointee.start_time != dfer_no_pts && !info.isLive {
      origin = av_rescale_q(
        container.context.pointee.start_time, AVRational(num: 1, den: AV_TIME_BASE), container.stream.pointee.time_base)
    }
    avcodec_parameters_to_context(decoder, parameters)
    decoder.pointee.pkt_timebase = container.stream.pointee.time_base
    decoder.pointee.thread_count = Int32(max(1, options.threads))
    let code = avcodec_open2(decoder, codec, nil)
    guard code >= 0 else { throw VideoError.failed(operation: "decode", path: info.location, reason: text(of: code)) }
  }

  deinit {
    var (decoder, packet): (UnsafeMutablePointer<AVCodecContext>?, UnsafeMutablePointer<AVPacket>?) = (decoder, packet)
    avcodec_free_context(&decoder)
    av_packet_free(&packet)
  }

  /// What the decoder has met so far.
  public var counts: DecodeCounts { sharedCounts.withLock { $0 } }

  /// Share of the input that has been read, by bytes; nil when it cannot be known.
  public var byteProgress: Double? {
    guard let size = info.byteSize, size > 0, let read = container.bytesRead, read >= 0 else { return nil }
    return min(1, Double(read) / Double(size))
  }

  /// When the newest packet came. A decoder gives its last frames later, when it is told of the end.
  var lastArrival: ContinuousClock.Instant { container.lastArrival }

  /// Why reading ended too early, for people; nil at an ordinary end.
  public var endReason: String? { container.endReason }

  /// Ends reads that wait, from any thread. `next()` then comes to the end.
  public func cancel() { stop.raise() }

  /// The next frame or hole; nil at the end.
  public func next() throws -> VideoEvent? {
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
      guard container.read(into: packet) else {
        avcodec_send_packet(decoder, nil)
        state = .draining
        return
      }
      count { $0.packets += 1 }
      if packet.pointee.flags & AV_PKT_FLAG_DISCARD != 0 { count { $0.hidden += 1 } }
      let isCorrupt = packet.pointee.flags & AV_PKT_FLAG_CORRUPT != 0
      var code = avcodec_send_packet(decoder, packet)
      if code == dfer_error_again {
        try receive()
        code = avcodec_send_packet(decoder, packet)
      }
      if isCorrupt || (code < 0 && code != dfer_error_again) { damaged() }
      av_packet_unref(packet)
      try receive()
    case .draining:
      try receive()
      state = .ended
      try finish()
    case .ended: break
    }
  }

  /// Takes every frame that the decoder has ready.
  private func receive() throws {
    while true {
      guard let raw = av_frame_alloc() else {
        throw VideoError.failed(operation: "decode", path: info.location, reason: "out of memory")
      }
      let code = avcodec_receive_frame(decoder, raw)
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

  private func take(_ raw: UnsafeMutablePointer<AVFrame>) {
    if raw.pointee.decode_error_flags != 0 || raw.pointee.flags & AV_FRAME_FLAG_CORRUPT != 0 { damaged() }
    let stamp = raw.pointee.best_effort_timestamp
    let repaired = repair.next(stamp == dfer_no_pts ? nil : stamp)
    let start = origin ?? repaired
    origin = start
    let time = MediaTime(ticks: repaired - start + shift, timeBase: container.timeBase)
    let ticks = dfer_frame_duration(raw)
    let duration = ticks > 0 ? MediaTime(ticks: ticks, timeBase: container.timeBase).seconds : nil
    let size = Size(width: Int(raw.pointee.width), height: Int(raw.pointee.height))
    if let previous {
      judgeStep(from: previous.time.seconds, lasting: previous.duration, to: time.seconds)
      if previous.size != size { count { $0.sizeChanges += 1 } }
    }
    damageSinceFrame = false
    previous = (time, duration ?? 1 / (info.frameRate ?? 25), size)
    let index = firstIndex + decoded
    decoded += 1
    count { $0.repairedTimes = repair.repaired }
    // A size change keeps the pixel aspect of the new frames, when they say one.
    let aspect = raw.pointee.sample_aspect_ratio
    let pixelAspect = aspect.num > 0 && aspect.den > 0 ? Double(aspect.num) / Double(aspect.den) : info.pixelAspect
    waiting.append(
      .frame(
        Frame(
          raw, index: index, time: time, duration: duration, pixelAspect: pixelAspect, orientation: info.orientation)))
  }

  /// Says when the time between two frames is a hole.
  private func judgeStep(from last: Double, lasting duration: Double, to time: Double) {
    let (end, step) = (last + duration, time - last)
    // After damage a few lost frames are a hole; without it, a step out of an even rhythm where parts get lost on the
    // way; else only a jump that no slow video has.
    let isHole =
      if damageSinceFrame {
        time - end > max(0.2, 3 * duration)
      } else if container.mayLoseParts, let longest = rhythm.longestStep {
        step > longest
      } else {
        time - end > max(2, 10 * duration)
      }
    guard isHole else { return rhythm.add(step) }
    let reason: Gap.Reason = info.isLive ? .lost : damageSinceFrame ? .damage : .timestamps
    waiting.append(.gap(Gap(start: end, end: time, reason: reason)))
  }

  /// Says how far the video falls short of what its container promised.
  private func finish() throws {
    guard let previous else {
      if stop.isRaised { return }
      if info.isLive, endReason != nil { throw VideoError.timedOut(path: info.location) }
      throw VideoError.noFrames(path: info.location)
    }
    guard let declared = info.duration, !info.isLive, !stop.isRaised else { return }
    let end = previous.time.seconds + previous.duration
    let isCut = container.endedBadly || counts.damaged > 0 || container.declaresStreamDuration
    if isCut && declared - end > max(0.2, 3 * previous.duration) {
      waiting.append(.gap(Gap(start: end, end: declared, reason: .truncated)))
    }
  }

  private func damaged() {
    damageSinceFrame = true
    count { $0.damaged += 1 }
  }

  private func count(_ change: (inout DecodeCounts) -> Void) { sharedCounts.withLock { change(&$0) } }
}
