import CFFmpeg

/// Carries the sound of a file over to another as it is, packet by packet, beside images that are written anew.
final class SoundCopy {
  private let input: OpenedInput
  private let stop = StopFlag()
  private var context: UnsafeMutablePointer<AVFormatContext> { input.context }
  private let packet: UnsafeMutablePointer<AVPacket>
  private let index: Int32
  private let target: UnsafeMutablePointer<AVStream>
  private let base: AVRational
  /// Ticks of the container's start, which counts as 0.
  private let origin: Int64
  /// Clocks that jump back are mended as those of the images are.
  private var repair: TimeRepair
  private var isWaiting = false
  private var isOver = false

  /// Adds the sound's stream to `muxer`, which must not have started; nil when the file has no sound, or the new
  /// container cannot hold its codec.
  init?(of path: String, to muxer: Muxer) throws {
    var options = VideoOptions()
    options.isFileOnly = true
    guard let kind = try? SourceKind(path, options: options),
      let input = try? OpenedInput(kind, options: options, stop: stop),
      avformat_find_stream_info(input.context, nil) >= 0
    else { return nil }
    let context = input.context
    let found = av_find_best_stream(context, AVMEDIA_TYPE_AUDIO, -1, -1, nil, 0)
    guard found >= 0, let stream = context.pointee.streams[Int(found)], let parameters = stream.pointee.codecpar,
      avformat_query_codec(muxer.context.pointee.oformat, parameters.pointee.codec_id, FF_COMPLIANCE_NORMAL) == 1,
      let packet = av_packet_alloc()
    else { return nil }
    for other in 0..<Int(context.pointee.nb_streams) where other != Int(found) {
      context.pointee.streams[other]?.pointee.discard = AVDISCARD_ALL
    }
    target = try muxer.addStream(parameters, timeBase: stream.pointee.time_base)
    // The old container's name for the codec means nothing in the new one.
    target.pointee.codecpar.pointee.codec_tag = 0
    (self.input, self.packet, index, base) = (input, packet, found, stream.pointee.time_base)
    let start = context.pointee.start_time
    origin = start == dfer_no_pts ? 0 : av_rescale_q(start, AVRational(num: 1, den: AV_TIME_BASE), base)
    let second = 1 / av_q2d(base)
    let (samples, rate) = (Double(parameters.pointee.frame_size), Double(parameters.pointee.sample_rate))
    repair = TimeRepair(
      step: Int64((samples > 0 && rate > 0 ? second * samples / rate : second / 50).rounded()),
      second: Int64(second.rounded()))
  }

  deinit {
    var packet: UnsafeMutablePointer<AVPacket>? = packet
    av_packet_free(&packet)
  }

  /// Writes what sounds before `seconds`; with infinity all that is left.
  func copy(until seconds: Double, to muxer: Muxer) throws {
    while !isOver {
      if !isWaiting {
        guard av_read_frame(context, packet) >= 0 else {
          isOver = true
          return
        }
        guard packet.pointee.stream_index == index else {
          av_packet_unref(packet)
          continue
        }
        let given = packet.pointee.pts == dfer_no_pts ? packet.pointee.dts : packet.pointee.pts
        // Packets without a time, or with one that cannot be true, are not heard in any player.
        guard given != dfer_no_pts, abs((Double(given) - Double(origin)) * av_q2d(base)) <= MediaLimits.longestTime
        else {
          av_packet_unref(packet)
          continue
        }
        let time = repair.next(given) - origin
        (packet.pointee.pts, packet.pointee.dts, packet.pointee.pos) = (time, time, -1)
        isWaiting = true
      }
      guard Double(packet.pointee.pts) * av_q2d(base) < seconds else { return }
      isWaiting = false
      try muxer.write(packet, to: target, base: base)
      av_packet_unref(packet)
    }
  }
}
